"""How many columns an observation has, with and without egocentric features, and how many choices poses are.

Recipes of agents are checked against these in the process that reads uploads, which loads no compiled code.
"""

from __future__ import annotations

from typing import NamedTuple

from mate.constants import (
    CAMERA_STATE_DIM_PRIVATE,
    CAMERA_STATE_DIM_PUBLIC,
    NUM_WAREHOUSES,
    OBSERVATION_OFFSET,
    OBSTACLE_STATE_DIM,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
)
from mate.messages import Team

POSES_OF_TARGET = 6
"""Choices for each target: it is at the left, the middle or the right of the field of view, which is narrow or wide."""
OTHER_POSES = 7
"""Choices without a target: stay; and turn clockwise, not, or anticlockwise, while zooming in or out."""


class Widths(NamedTuple):
    """Number of columns of each part of an observation: the observer, and one record of each kind of entity."""

    own: int
    opponent: int
    obstacle: int
    teammate: int


RECORDS: dict[Team, Widths] = {
    Team.CAMERA: Widths(
        CAMERA_STATE_DIM_PRIVATE, TARGET_STATE_DIM_PUBLIC + 1, OBSTACLE_STATE_DIM + 1, CAMERA_STATE_DIM_PUBLIC + 1
    ),
    Team.TARGET: Widths(
        TARGET_STATE_DIM_PRIVATE, CAMERA_STATE_DIM_PUBLIC + 1, OBSTACLE_STATE_DIM + 1, TARGET_STATE_DIM_PUBLIC + 1
    ),
}
"""The parts of an observation; a record ends with the flag that says whether it is seen."""

FEATURES: dict[Team, Widths] = {
    Team.CAMERA: Widths(0, 6, 5, 4),
    Team.TARGET: Widths(3 * NUM_WAREHOUSES, 5, 3, 3),
}
"""Egocentric features that are appended to each part, listed in ``docs/checkpoint-format.md``."""


def widths_of(team: Team, is_egocentric: bool) -> Widths:
    """Return the widths of the parts of a team's observations, with or without egocentric features."""
    extra = FEATURES[team] if is_egocentric else Widths(0, 0, 0, 0)
    return Widths(*(record + more for record, more in zip(RECORDS[team], extra, strict=True)))


def size_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> int:
    """Return the length of an observation with egocentric features."""
    widths = widths_of(team, True)
    mates, opponents = (num_cameras, num_targets) if team is Team.CAMERA else (num_targets, num_cameras)
    records = widths.opponent * opponents + widths.obstacle * num_obstacles + widths.teammate * mates
    return OBSERVATION_OFFSET + widths.own + records
