"""The parts of a preprocessed observation, by the names under which networks read them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from mate.constants import OBSERVATION_OFFSET
from mate.messages import Team
from mate.sizes import RECORDS, widths_of
from policies.fields import Dimensions

ENTITY_INPUTS = ("cameras", "targets", "obstacles")
INPUTS = ("observation", "preserved", "self", *ENTITY_INPUTS)
"""What a network may read: a whole preprocessed observation, or its parts."""


class InputPart(NamedTuple):
    """Columns of an observation: ``number`` records of ``width`` each, or a single one in parts of the observer's own.

    ``flag`` is the column of a record that says whether its entity is in sight; -1 in parts of the observer's own.
    """

    start: int
    number: int
    width: int
    flag: int = -1

    @property
    def columns(self) -> slice:
        """The columns of all records."""
        return slice(self.start, self.start + self.number * self.width)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the part in one row."""
        return (self.width,) if self.flag < 0 else (self.number, self.width)


def kinds_of(team: str) -> tuple[str, str, str]:
    """Return the names of a team's opponents, of the obstacles, and of its team mates: the order of its records."""
    return ("targets", "obstacles", "cameras") if team == Team.CAMERA else ("cameras", "obstacles", "targets")


@cache
def input_parts_of(team: str, dimensions: Dimensions, is_egocentric: bool) -> dict[str, InputPart]:
    """Return the parts of a team's observations by ``INPUTS``, with or without egocentric features."""
    widths, plain = widths_of(Team(team), is_egocentric), RECORDS[Team(team)]
    start = OBSERVATION_OFFSET + widths.own
    parts = {"preserved": InputPart(0, 1, OBSERVATION_OFFSET), "self": InputPart(OBSERVATION_OFFSET, 1, widths.own)}
    for name, width, record in zip(kinds_of(team), widths[1:], plain[1:], strict=True):
        parts[name] = InputPart(start, getattr(dimensions, name), width, record - 1)
        start = parts[name].columns.stop
    return {"observation": InputPart(0, 1, start), **parts}
