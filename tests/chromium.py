"""The browser that browser tests drive."""

import shutil

ADVICE = "install one (on Debian: apt install chromium)"


def find_chromium() -> str | None:
    """Path of a Chromium or Chrome of this machine."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
