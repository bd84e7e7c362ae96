"""The browser that browser tests drive."""

import shutil

ADVICE = "install one (on Debian: apt install chromium-headless-shell, or chromium)"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of this machine's Chromium or Chrome; None if it has neither.

    The headless shell, which has no windows of its own, takes about half the processor time.
    """
    return next(filter(None, map(shutil.which, NAMES)), None)
