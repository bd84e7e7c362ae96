"""Waiting for what takes long: by the portal's stream of events, and by asking again where there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from mate_arena.client.connection import Connection
from mate_arena.client.errors import WaitedTooLong
from mate_arena.client.shapes import Shape

One = TypeVar("One", bound=Shape)
FIRST, LONGEST = 0.2, 3.0
"""Seconds between two questions: at first, and at most while nothing changes."""


def wait(
    connection: Connection,
    path: str,
    shape: type[One],
    is_over: Callable[[One], bool],
    on_change: Callable[[One], Any] | None = None,
    timeout: float | None = None,
) -> One:
    """Return the thing at a path once it is over; tell of each change. Raises WaitedTooLong after `timeout` seconds."""
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
    """Raise WaitedTooLong where the deadline is over after a pause."""
    if deadline is not None and time.monotonic() + pause > deadline:
        raise WaitedTooLong(f"It has not ended within {timeout:g} seconds. It goes on; ask again later.")


class Watched(Generic[One]):
    """A thing that is looked at again and again. The portal says in a few bytes that nothing has changed."""

    def __init__(
        self, connection: Connection, path: str, shape: type[One], on_change: Callable[[One], Any] | None
    ) -> None:
        self.connection, self.path, self.shape, self.on_change = connection, path, shape, on_change
        self.tag = ""
        self.found: One

    def look(self) -> bool:
        """Read the thing; return whether it has changed."""
        answer = self.connection.send("GET", self.path, headers={"If-None-Match": self.tag} if self.tag else {})
        if answer.status_code == 304:
            return False
        self.tag = answer.headers.get("ETag", "")
        self.found = self.shape.read(answer.json())
        if self.on_change is not None:
            self.on_change(self.found)
        return True
