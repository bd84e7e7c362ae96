"""Where each value of an observation lies, and between which bounds.

An observation is the preserved data, the observer's private state, and one record (public state and a visibility flag)
for every opponent, obstacle and teammate, in that order. All spaces are float64 boxes; all tables are memoised and
read-only. The arguments ``num_cameras, num_targets, num_obstacles`` are the sizes of the scenario.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from mate.constants import (
    CAMERA_ACTION_DIM,
    CAMERA_STATE_DIM_PRIVATE,
    CAMERA_STATE_DIM_PUBLIC,
    MAX_CAMERA_VIEWING_ANGLE,
    NUM_WAREHOUSES,
    OBSERVATION_OFFSET,
    OBSTACLE_STATE_DIM,
    PRESERVED_DIM,
    TARGET_ACTION_DIM,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
    TERRAIN_SIZE,
    TERRAIN_WIDTH,
)
from mate.messages import Team

__all__ = [
    "CAMERA_DEFAULT_ACTION",
    "CAMERA_STATE_SPACE_PRIVATE",
    "CAMERA_STATE_SPACE_PUBLIC",
    "OBSTACLE_STATE_SPACE",
    "PRESERVED_SPACE",
    "TARGET_DEFAULT_ACTION",
    "TARGET_STATE_SPACE_PRIVATE",
    "TARGET_STATE_SPACE_PUBLIC",
    "TERRAIN_SPACE",
    "camera_coordinate_mask_of",
    "camera_observation_indices_of",
    "camera_observation_slices_of",
    "camera_observation_space_of",
    "coordinate_mask_of",
    "observation_indices_of",
    "observation_slices_of",
    "observation_space_of",
    "target_coordinate_mask_of",
    "target_observation_indices_of",
    "target_observation_slices_of",
    "target_observation_space_of",
]


def _frozen(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def _box(low: list[float], high: list[float]) -> spaces.Box:
    return spaces.Box(np.asarray(low, np.float64), np.asarray(high, np.float64), dtype=np.float64)


CAMERA_DEFAULT_ACTION = _frozen(np.zeros(CAMERA_ACTION_DIM, np.float64))
TARGET_DEFAULT_ACTION = _frozen(np.zeros(TARGET_ACTION_DIM, np.float64))

# Coordinates reach over twice the terrain, so that coordinates relative to the observer fit.
_W, _R, _A, _INF = float(TERRAIN_WIDTH), float(TERRAIN_SIZE), float(MAX_CAMERA_VIEWING_ANGLE), np.inf

TERRAIN_SPACE = _box([-_R] * 2, [_R] * 2)
PRESERVED_SPACE = _box([0.0] * 4 + [-_W] * 2 * NUM_WAREHOUSES + [0.0], [_INF] * 4 + [_W] * 2 * NUM_WAREHOUSES + [_R])
CAMERA_STATE_SPACE_PUBLIC = _box([-_W, -_W, 0.0, -_W, -_W, 0.0], [_W, _W, _R, _W, _W, _A])
CAMERA_STATE_SPACE_PRIVATE = _box(
    [*CAMERA_STATE_SPACE_PUBLIC.low, 0.0, 0.0, 0.0], [*CAMERA_STATE_SPACE_PUBLIC.high, _W, _A, _A]
)
TARGET_STATE_SPACE_PUBLIC = _box([-_W, -_W, 0.0, -1.0], [_W, _W, _W, 1.0])
TARGET_STATE_SPACE_PRIVATE = _box(
    [*TARGET_STATE_SPACE_PUBLIC.low, 0.0, 1.0] + [0.0] * NUM_WAREHOUSES + [-1.0] * NUM_WAREHOUSES,
    [*TARGET_STATE_SPACE_PUBLIC.high, _W, 2.0] + [_INF] * NUM_WAREHOUSES + [1.0] * NUM_WAREHOUSES,
)
OBSTACLE_STATE_SPACE = _box([-_W, -_W, 0.0], [_W, _W, _R])
_FLAG_SPACE = _box([-1.0], [1.0])


class _Block(NamedTuple):
    """A run of equal records of an observation: how many, and the space of one without its flag."""

    size: int
    space: spaces.Box

    @property
    def stride(self) -> int:
        return self.space.shape[0] + 1


_PRIVATE_SPACE = {Team.CAMERA: CAMERA_STATE_SPACE_PRIVATE, Team.TARGET: TARGET_STATE_SPACE_PRIVATE}
_PUBLIC_SPACE = {Team.CAMERA: CAMERA_STATE_SPACE_PUBLIC, Team.TARGET: TARGET_STATE_SPACE_PUBLIC}
_PRIVATE_DIM = {Team.CAMERA: CAMERA_STATE_DIM_PRIVATE, Team.TARGET: TARGET_STATE_DIM_PRIVATE}

assert CAMERA_STATE_SPACE_PUBLIC.shape == (CAMERA_STATE_DIM_PUBLIC,)
assert TARGET_STATE_SPACE_PUBLIC.shape == (TARGET_STATE_DIM_PUBLIC,)
assert OBSTACLE_STATE_SPACE.shape == (OBSTACLE_STATE_DIM,) and PRESERVED_SPACE.shape == (PRESERVED_DIM,)


def _blocks_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> tuple[_Block, _Block, _Block]:
    counts = {Team.CAMERA: num_cameras, Team.TARGET: num_targets}
    return (
        _Block(counts[team.opponent], _PUBLIC_SPACE[team.opponent]),
        _Block(num_obstacles, OBSTACLE_STATE_SPACE),
        _Block(counts[team], _PUBLIC_SPACE[team]),
    )


@lru_cache(maxsize=256)
def observation_space_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> spaces.Box:
    """The box of one observation of a member of ``team``."""
    parts = [PRESERVED_SPACE, _PRIVATE_SPACE[team]]
    for block in _blocks_of(team, num_cameras, num_targets, num_obstacles):
        parts.extend([block.space, _FLAG_SPACE] * block.size)
    low, high = np.concatenate([part.low for part in parts]), np.concatenate([part.high for part in parts])
    return spaces.Box(_frozen(low), _frozen(high), dtype=np.float64)


@lru_cache(maxsize=256)
def observation_indices_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """The (6,) start indices of the five parts of an observation, and its length."""
    blocks = _blocks_of(team, num_cameras, num_targets, num_obstacles)
    lengths = [0, OBSERVATION_OFFSET, _PRIVATE_DIM[team], *(block.size * block.stride for block in blocks)]
    return _frozen(np.cumsum(np.asarray(lengths, np.int64)))


@lru_cache(maxsize=256)
def observation_slices_of(
    team: Team, num_cameras: int, num_targets: int, num_obstacles: int
) -> MappingProxyType[str, slice]:
    """Slices by name: the five parts, and the strided visibility flags ``opponent_mask``, ``obstacle_mask``, ..."""
    starts = [int(i) for i in observation_indices_of(team, num_cameras, num_targets, num_obstacles)]
    slices = {"preserved_data": slice(starts[0], starts[1]), "self_state": slice(starts[1], starts[2])}
    blocks = _blocks_of(team, num_cameras, num_targets, num_obstacles)
    for name, block, start, stop in zip(
        ("opponent", "obstacle", "teammate"), blocks, starts[2:5], starts[3:6], strict=True
    ):
        slices[f"{name}_states_with_mask"] = slice(start, stop)
        slices[f"{name}_mask"] = slice(start + block.stride - 1, stop, block.stride)
    return MappingProxyType(slices)


@lru_cache(maxsize=256)
def coordinate_mask_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """Which entries are coordinates that may be expressed relative to the observer; the own state is not marked."""
    starts = observation_indices_of(team, num_cameras, num_targets, num_obstacles)
    mask = np.zeros(starts[-1], bool)
    mask[4 : 4 + 2 * NUM_WAREHOUSES] = True
    blocks = _blocks_of(team, num_cameras, num_targets, num_obstacles)
    for block, start, stop in zip(blocks, starts[2:5], starts[3:6], strict=True):
        mask[start : stop : block.stride] = True
        mask[start + 1 : stop : block.stride] = True
    return _frozen(mask)


def camera_observation_space_of(num_cameras: int, num_targets: int, num_obstacles: int) -> spaces.Box:
    """``observation_space_of`` a camera."""
    return observation_space_of(Team.CAMERA, num_cameras, num_targets, num_obstacles)


def target_observation_space_of(num_cameras: int, num_targets: int, num_obstacles: int) -> spaces.Box:
    """``observation_space_of`` a target."""
    return observation_space_of(Team.TARGET, num_cameras, num_targets, num_obstacles)


def camera_observation_indices_of(num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """``observation_indices_of`` a camera."""
    return observation_indices_of(Team.CAMERA, num_cameras, num_targets, num_obstacles)


def target_observation_indices_of(num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """``observation_indices_of`` a target."""
    return observation_indices_of(Team.TARGET, num_cameras, num_targets, num_obstacles)


def camera_observation_slices_of(
    num_cameras: int, num_targets: int, num_obstacles: int
) -> MappingProxyType[str, slice]:
    """``observation_slices_of`` a camera."""
    return observation_slices_of(Team.CAMERA, num_cameras, num_targets, num_obstacles)


def target_observation_slices_of(
    num_cameras: int, num_targets: int, num_obstacles: int
) -> MappingProxyType[str, slice]:
    """``observation_slices_of`` a target."""
    return observation_slices_of(Team.TARGET, num_cameras, num_targets, num_obstacles)


def camera_coordinate_mask_of(num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """``coordinate_mask_of`` a camera."""
    return coordinate_mask_of(Team.CAMERA, num_cameras, num_targets, num_obstacles)


def target_coordinate_mask_of(num_cameras: int, num_targets: int, num_obstacles: int) -> np.ndarray:
    """``coordinate_mask_of`` a target."""
    return coordinate_mask_of(Team.TARGET, num_cameras, num_targets, num_obstacles)


@lru_cache(maxsize=256)
def state_space_of(num_cameras: int, num_targets: int, num_obstacles: int) -> spaces.Box:
    """The box of the global state, of length ``29 + 9 num_cameras + 16 num_targets + 3 num_obstacles``."""
    parts = (
        [PRESERVED_SPACE]
        + [CAMERA_STATE_SPACE_PRIVATE] * num_cameras
        + [TARGET_STATE_SPACE_PRIVATE] * num_targets
        + [OBSTACLE_STATE_SPACE] * num_obstacles
    )
    tail = 2 * num_targets + NUM_WAREHOUSES**2  # freights, bounties and the cargo matrix have no upper bound
    low = np.concatenate([*(part.low for part in parts), np.zeros(tail)])
    high = np.concatenate([*(part.high for part in parts), np.full(tail, np.inf)])
    return spaces.Box(_frozen(low), _frozen(high), dtype=np.float64)
