"""Teams and the messages their members send each other."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any


class Team(enum.Enum):
    """One of the two sides of the game."""

    CAMERA = 0
    TARGET = 1

    @property
    def opponent(self) -> Team:
        return Team.TARGET if self is Team.CAMERA else Team.CAMERA


@dataclass
class Message:
    """A message from one member of a team to another, or to the whole team.

    ``recipient`` is ``None`` in a broadcast that has not been expanded yet; a copy made by the expansion names its
    recipient and keeps ``broadcasting`` set. ``message[key]`` and ``key in message`` look into ``content``.
    """

    sender: int
    recipient: int | None
    content: Any
    team: Team
    broadcasting: bool = False

    def __contains__(self, name: Any) -> bool:
        return name in self.content

    def __getitem__(self, name: Any) -> Any:
        return self.content[name]

    def __setitem__(self, name: Any, value: Any) -> None:
        self.content[name] = value
