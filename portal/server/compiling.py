"""Progress of compiling the game, which pages show after the first start and after updates."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def progress() -> tuple[int, int] | None:
    """Return the number of compiled groups of kernels and the number of all groups; None if all are compiled."""
    try:
        done, total = (settings.DATA_DIR / "compiling").read_text().split()
        return int(done), int(total)
    except (OSError, ValueError):
        return None


def notice(_: HttpRequest) -> dict[str, object]:
    """The context processor: `compiling` is the pair from `progress`, or None."""
    return {"compiling": progress()}
