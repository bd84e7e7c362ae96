"""Whether an episode ended by itself or was cut off."""

from __future__ import annotations

from typing import Any


def split_done(env: Any, done: bool) -> tuple[bool, bool]:
    """(terminated, truncated) of a MATE environment whose step said ``done``: all cargo delivered, or the step limit."""
    has_delivered_all = not env.unwrapped.awaiting_cargo_counts.any()
    return bool(done and has_delivered_all), bool(done and not has_delivered_all)
