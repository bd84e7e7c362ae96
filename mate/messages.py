"""Teams and the messages their members send each other."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any


class Team(str, enum.Enum):  # noqa: UP042  (values are positions, not texts)
    """One of the two sides of the game.

    A member equals its name, ``Team.CAMERA == "camera"``, so JSON, templates and databases take it as text. Its value
    is its position in pairs such as ``(camera_rewards, target_rewards)``. ``Team("camera")`` and ``Team(0)`` find it;
    anything else raises ValueError.
    """

    CAMERA = 0
    TARGET = 1

    def __new__(cls, position: Any) -> Team:
        member = str.__new__(cls, ("camera", "target")[position])
        member._value_ = position
        return member

    @classmethod
    def _missing_(cls, value: object) -> Team | None:
        for team in cls:
            if str.__eq__(team, value):
                return team
        raise ValueError(f"team is camera or target, not {value!r}.")

    def __repr__(self) -> str:
        return f"<Team.{self._name_}: {self._value_}>"

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]

    @property
    def opponent(self) -> Team:
        """The other team."""
        return Team.TARGET if self is Team.CAMERA else Team.CAMERA


TEAMS = tuple(Team)
TEAMS_OF = {"none": (), "camera": (Team.CAMERA,), "target": (Team.TARGET,), "both": TEAMS}
"""The teams that a setting such as ``enhanced_observation`` names."""


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
