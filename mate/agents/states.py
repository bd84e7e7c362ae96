"""Named access to the records of an agent's observation."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.constants import (
    CAMERA_STATE_DIM_PRIVATE,
    CAMERA_STATE_DIM_PUBLIC,
    NUM_WAREHOUSES,
    OBSTACLE_STATE_DIM,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
)
from mate.geometry import arctan2_deg
from mate.vectors import Vector2D

__all__ = [
    "CameraStatePrivate",
    "CameraStatePublic",
    "ObstacleState",
    "StateBase",
    "TargetStatePrivate",
    "TargetStatePublic",
]


FLOAT = np.dtype(np.float64)


class StateBase:
    """A state vector and the index of the entity it describes; ``a - b`` is the vector from ``b`` to ``a``."""

    DIM: ClassVar[int] = 0

    def __init__(self, state: ArrayLike, index: int) -> None:
        if type(state) is not np.ndarray or state.dtype is not FLOAT:  # dearer than what usually is to be done
            state = np.asarray(state, np.float64)
        self.state = state
        self.index = index
        assert state.ndim == 1 and len(state) == self.DIM, (
            f"{type(self).__name__} is made from {self.DIM} values, not from an array of shape {state.shape}"
        )

    @classmethod
    def of_row(cls, state: np.ndarray, index: int) -> Self:
        """Make one from float64 values (DIM,) without a check, at half the cost. Agents make several in every step."""
        made = object.__new__(cls)
        made.state, made.index = state, index
        return made

    @property
    def location(self) -> np.ndarray:
        """The (2,) position in map units."""
        return self.state[:2]

    @property
    def x(self) -> float:
        return float(self.state[0])

    @property
    def y(self) -> float:
        return float(self.state[1])

    def copy(self) -> Self:
        return type(self)(self.state.copy(), self.index)

    def __sub__(self, other: StateBase) -> Vector2D:
        if not isinstance(other, StateBase):
            raise TypeError(f"a state can be subtracted from a state only, not {type(other).__name__}: use `.location`")
        return Vector2D(vector=self.location - other.location, origin=other.location)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.state, dtype=dtype)

    def __len__(self) -> int:
        return self.DIM

    def __getitem__(self, item: Any) -> Any:
        return self.state[item]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.state.tolist()}, index={self.index})"


def _box_of(limits: np.ndarray) -> spaces.Box:
    """The actions (2,) of at most these components; rescaled limits may be below zero."""
    high = np.abs(limits)
    return spaces.Box(-high, high, dtype=np.float64)


class CameraStatePublic(StateBase):
    """The public state of a camera, known to all that see it."""

    DIM = CAMERA_STATE_DIM_PUBLIC

    @property
    def radius(self) -> float:
        """Radius of the barrier, in map units."""
        return float(self.state[2])

    @property
    def sight_range(self) -> float:
        """Current sight range, in map units."""
        return float(np.hypot(self.state[3], self.state[4]))

    @property
    def orientation(self) -> float:
        """Direction of the axis of view, in degrees."""
        return float(arctan2_deg(self.state[4], self.state[3]))

    @property
    def viewing_angle(self) -> float:
        """Full opening of the view, in degrees."""
        return float(self.state[5])


class CameraStatePrivate(CameraStatePublic):
    """The private state of a camera, known to itself."""

    DIM = CAMERA_STATE_DIM_PRIVATE

    @property
    def max_sight_range(self) -> float:
        """Sight range at the smallest viewing angle, in map units."""
        return float(self.state[6])

    @property
    def min_viewing_angle(self) -> float:
        """Smallest viewing angle in degrees, by the constancy of ``viewing_angle * sight_range ** 2``."""
        with np.errstate(all="ignore"):  # a rescaled range may be zero
            return float(self.viewing_angle * (np.float64(self.sight_range) / self.max_sight_range) ** 2)

    @property
    def rotation_step(self) -> float:
        """Largest change of orientation in one step, in degrees."""
        return float(self.state[7])

    @property
    def zooming_step(self) -> float:
        """Largest change of viewing angle in one step, in degrees."""
        return float(self.state[8])

    @cached_property
    def action_space(self) -> spaces.Box:
        return _box_of(self.state[7:9])


class TargetStatePublic(StateBase):
    """The public state of a target, known to all that see it."""

    DIM = TARGET_STATE_DIM_PUBLIC

    @property
    def sight_range(self) -> float:
        """Sight range in map units."""
        return float(self.state[2])

    @property
    def is_loaded(self) -> bool:
        return bool(self.state[3])


class TargetStatePrivate(StateBase):
    """The private state of a target. It has the public state's properties too (Q37), but does not extend its class."""

    DIM = TARGET_STATE_DIM_PRIVATE
    sight_range = TargetStatePublic.sight_range
    is_loaded = TargetStatePublic.is_loaded

    @property
    def step_size(self) -> float:
        """Length of the longest step, in map units."""
        return float(self.state[4])

    @property
    def capacity(self) -> int:
        """Maximum weight that the target can carry, 1 or 2."""
        return round(float(self.state[5]))

    @property
    def goal_bits(self) -> np.ndarray:
        """The (4,) weights carried to each warehouse; at most one is not zero."""
        return self.state[6 : 6 + NUM_WAREHOUSES].astype(np.int64)

    @property
    def empty_bits(self) -> np.ndarray:
        """Which of the (4,) warehouses the target believes to have no cargo left."""
        return self.state[6 + NUM_WAREHOUSES :].astype(bool)

    @cached_property
    def action_space(self) -> spaces.Box:
        return _box_of(np.full(2, self.step_size))


class ObstacleState(StateBase):
    """The state of an obstacle, known to all that see it."""

    DIM = OBSTACLE_STATE_DIM

    @property
    def radius(self) -> float:
        """Radius in map units."""
        return float(self.state[2])
