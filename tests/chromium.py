"""The browser that browser tests drive."""

import shutil

ADVICE = "install one (on Debian: apt install chromium)"


def find_chromium() -> str | None:
    """Return the path of this machine's Chromium or Chrome; None if it has neither."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
