"""Whether an episode ended by itself or was cut off."""

from __future__ import annotations

from typing import Any


def split_done(env: Any, done: bool) -> tuple[bool, bool]:
    """Return (terminated, truncated) of a step that said ``done``: all cargo delivered, or the step limit reached."""
    has_delivered_all = not env.unwrapped.awaiting_cargo_counts.any()
    return bool(done and has_delivered_all), bool(done and not has_delivered_all)
