"""Waiting for what other processes and threads do: one loop, with a deadline that only what hangs exceeds."""

import time
from collections.abc import Callable
from typing import Any

PATIENCE = 180.0
"""Seconds that a test waits for what must happen."""


def wait_for(condition: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """Poll a condition until its value is true; return the value. Fail the test after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what or condition} did not come true in {patience:g} seconds"
        time.sleep(0.05)
    return found
