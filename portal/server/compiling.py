"""What pages say while the launcher compiles the game, after the first start and after updates."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def progress() -> tuple[int, int] | None:
    """Return how many groups of kernels are compiled and how many there are; None where all are."""
    try:
        done, total = (settings.DATA_DIR / "compiling").read_text().split()
        return int(done), int(total)
    except (OSError, ValueError):
        return None


def notice(_: HttpRequest) -> dict[str, object]:
    """Give every template `compiling`: done and total, or None."""
    return {"compiling": progress()}
