"""Waiting for long operations: by the portal's event stream, or by polling if there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from mate_arena.client.connection import Connection
from mate_arena.client.errors import WaitedTooLong
from mate_arena.client.shapes import Shape

One = TypeVar("One", bound=Shape)
FIRST, LONGEST = 0.2, 3.0
"""Seconds between two polls: at first, and at most while nothing changes."""


def wait(
    connection: Connection,
    path: str,
    shape: type[One],
    is_over: Callable[[One], bool],
    on_change: Callable[[One], Any] | None = None,
    timeout: float | None = None,
) -> One:
    """Wait until the object at a path is over; return it. Raises WaitedTooLong after `timeout` seconds.

    `on_change` is called with the object after each change.
    """
    watched = Watched(connection, path, shape, on_change)
    deadline = None if timeout is None else time.monotonic() + timeout
    pause, has_stream = FIRST, True
    while True:
        has_changed = watched.look()
        if is_over(watched.found):
            return watched.found
        lines = connection.listen(f"{path}/events") if has_stream else ()
        has_stream = False
        for is_event in lines:
            has_stream = True
            if is_event and watched.look() and is_over(watched.found):
                return watched.found
            insist(deadline, timeout)
        pause = FIRST if has_changed else min(pause * 1.5, LONGEST)
        insist(deadline, timeout, pause)
        time.sleep(pause)


def insist(deadline: float | None, timeout: float | None, pause: float = 0.0) -> None:
    """Raise WaitedTooLong if the deadline passes within a pause of this many seconds."""
    if deadline is not None and time.monotonic() + pause > deadline:
        raise WaitedTooLong(f"It has not ended within {timeout:g} seconds. It goes on; ask again later.")


class Watched(Generic[One]):
    """An object that is polled. If nothing has changed, the portal's answer takes a few bytes."""

    def __init__(
        self, connection: Connection, path: str, shape: type[One], on_change: Callable[[One], Any] | None
    ) -> None:
        self.connection, self.path, self.shape, self.on_change = connection, path, shape, on_change
        self.tag = ""
        self.found: One

    def look(self) -> bool:
        """Read the object; return whether it has changed."""
        answer = self.connection.send("GET", self.path, headers={"If-None-Match": self.tag} if self.tag else {})
        if answer.status_code == 304:
            return False
        self.tag = answer.headers.get("ETag", "")
        self.found = self.shape.read(answer.json())
        if self.on_change is not None:
            self.on_change(self.found)
        return True
