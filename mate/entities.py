"""Cameras, targets and obstacles as objects: windows onto one episode of a batch.

An entity keeps its identity for the life of its environment, while its place among the others, its ``index``, may
change with every reset. Reading gives copies; the setters write into the batch.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.configuration import CAMERA_DEFAULTS, TARGET_DEFAULTS
from mate.constants import OCCLUSION_SLACK, TARGET_RADIUS
from mate.engine import Batch, tables
from mate.geometry import RAD2DEG, normalize_angle, polar2cartesian
from mate.layout import CAMERA_DEFAULT_ACTION, TARGET_DEFAULT_ACTION
from mate.messages import Team
from mate.streams import Stream
from mate.vectors import Vector2D

__all__ = ["Camera", "Entity", "Obstacle", "SightFunction", "Target"]

Colour = tuple[float, float, float]
DEFAULT_CAMERA_RADIUS = CAMERA_DEFAULTS["radius"]
DEFAULT_CAMERA_MIN_VIEWING_ANGLE = CAMERA_DEFAULTS["min_viewing_angle"]
DEFAULT_CAMERA_ROTATION_STEP = CAMERA_DEFAULTS["rotation_step"]
DEFAULT_CAMERA_ZOOMING_STEP = CAMERA_DEFAULTS["zooming_step"]
DEFAULT_SIGHT_RANGE = TARGET_DEFAULTS["sight_range"]
DEFAULT_TARGET_STEP_SIZE = TARGET_DEFAULTS["step_size"]
DEFAULT_OBSTACLE_TRANSMITTANCE = 0.0

OVERLAP_FACTOR = 1.0 + 1e-6
CAMERA_SEPARATION = 0.1
"""Cameras nearer than this share of the smaller sight range overlap."""


class Entity:
    """Base of all entities. ``order`` is the index in the configuration."""

    def __init__(self, batch: Batch, order: int) -> None:
        self._batch = batch
        self.order = order
        self.index = order
        self.seed(order)

    @property
    def location(self) -> np.ndarray:
        """The (2,) position in map units."""
        raise NotImplementedError

    @property
    def radius(self) -> float:
        """Radius in map units."""
        raise NotImplementedError

    def state(self, private: bool = False) -> np.ndarray:
        """The public or private state vector."""
        raise NotImplementedError

    @property
    def x(self) -> float:
        return float(self.location[0])

    @property
    def y(self) -> float:
        return float(self.location[1])

    @property
    def np_random(self) -> Stream:
        """The entity's own random stream."""
        return self._np_random

    def seed(self, seed: int | None = None) -> list[int]:
        """Start a new random stream; return the seed."""
        seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else int(seed)
        self._np_random = Stream(seed)
        return [seed]

    def distance(self, other: Entity | ArrayLike) -> float:
        """Distance to another entity's centre, or to a point (2,)."""
        point = other.location if isinstance(other, Entity) else np.asarray(other, np.float64)
        dx, dy = point - self.location
        return float(np.sqrt(dx * dx + dy * dy))

    def overlap(self, other: Entity, min_distance: float = 0.0) -> bool:
        """Whether the discs come nearer to each other than ``min_distance``."""
        return self.distance(other) * OVERLAP_FACTOR < self.radius + other.radius + min_distance

    def __sub__(self, other: Entity) -> Vector2D:
        if not isinstance(other, Entity):
            return NotImplemented
        return Vector2D(vector=self.location - other.location, origin=other.location)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(index={self.index}, x={self.x:g}, y={self.y:g})"


class SightFunction:
    """A sight range over bearings: piecewise linear between the knots ``x`` (degrees, -180 to 180) and ``y``."""

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        self.x, self.y = x, y

    @property
    def table(self) -> tables.Table:
        """The knots and the ranges."""
        return self.x, self.y

    def __call__(self, angle: ArrayLike) -> Any:
        """The range at bearings in degrees."""
        return np.interp(normalize_angle(angle), self.x, self.y)


class Sensor(Entity):
    """An entity that perceives others: a camera or a target."""


class Camera(Sensor):
    """A camera; it stands still, turns and zooms."""

    COLOR_PERCEIVED: ClassVar[Colour] = (0.6, 0.2, 0.1)
    COLOR_UNPERCEIVED: ClassVar[Colour] = (0.1, 0.2, 0.6)
    DEFAULT_ACTION: ClassVar[np.ndarray] = CAMERA_DEFAULT_ACTION
    TEAM: ClassVar[Team] = Team.CAMERA

    def __init__(self, batch: Batch, order: int) -> None:
        super().__init__(batch, order)
        scenario = batch.scenario
        self.min_viewing_angle = float(scenario.camera_min_viewing_angle)
        self.max_sight_range = float(scenario.camera_max_sight_range)
        self.rotation_step = float(scenario.camera_rotation_step)
        self.zooming_step = float(scenario.camera_zooming_step)
        self.area_product = float(scenario.camera_area_product)
        self._radius = float(scenario.camera_radius)
        self.obstacles: set[Obstacle] = set()

    def arrive(self, obstacles: list[Obstacle]) -> None:
        """Prepare for a new episode: record the obstacles within reach, and drop the cached boundaries."""
        seen = self._batch.camera_obstacle_view_mask[0, self.index]
        self.obstacles = {obstacle for obstacle in obstacles if seen[obstacle.index]}
        for name in ("sight_range_func", "sight_range_outer_func"):
            self.__dict__.pop(name, None)

    @property
    def location(self) -> np.ndarray:
        location: np.ndarray = self._batch.camera_location[0, self.index].copy()
        return location

    @property
    def radius(self) -> float:
        """Radius of the barrier, in map units."""
        return self._radius

    @property
    def orientation(self) -> float:
        """Direction of the axis of view in degrees; wrapped when set."""
        return float(self._batch.camera_orientation[0, self.index])

    @orientation.setter
    def orientation(self, value: float) -> None:
        self._batch.camera_orientation[0, self.index] = normalize_angle(value)
        self._batch.refresh()

    @property
    def viewing_angle(self) -> float:
        """Full opening of the view in degrees; limited to what the camera can do when set."""
        return float(self._batch.camera_viewing_angle[0, self.index])

    @viewing_angle.setter
    def viewing_angle(self, value: float) -> None:
        angle = float(np.clip(value, self.min_viewing_angle, 180.0))
        self._batch.camera_viewing_angle[0, self.index] = angle
        self._batch.camera_sight_range[0, self.index] = np.sqrt(self.area_product / angle)
        self._batch.refresh()

    @property
    def sight_range(self) -> float:
        """Current sight range in map units."""
        return float(self._batch.camera_sight_range[0, self.index])

    @cached_property
    def action_space(self) -> spaces.Box:
        high = np.array([self.rotation_step, self.zooming_step])
        return spaces.Box(-high, high, dtype=np.float64)

    def state(self, private: bool = False) -> np.ndarray:
        """``x, y, radius, R cos, R sin, viewing angle``, and if private ``max_sight_range, rotation_step,
        zooming_step``.
        """
        gaze = polar2cartesian(self.sight_range, self.orientation)
        public = [*self.location, self.radius, *gaze, self.viewing_angle]
        own = [self.max_sight_range, self.rotation_step, self.zooming_step]
        return np.array(public + own if private else public, np.float64)

    def overlap(self, other: Entity, min_distance: float = 0.0) -> bool:
        """Whether the discs come nearer than ``min_distance``, or two cameras too near for their sight ranges."""
        if super().overlap(other, min_distance):
            return True
        if not isinstance(other, Camera):
            return False
        return self.distance(other) < CAMERA_SEPARATION * min(self.sight_range, other.sight_range)

    def perceive(self, other: Entity | ArrayLike, transmittance: float = 0.0) -> bool:
        """Whether the camera sees a point: within range, sector, and unobstructed or by luck through the obstacles."""
        point = other.location if isinstance(other, Entity) else np.asarray(other, np.float64)
        dx, dy = point - self.location
        distance, angle = float(np.sqrt(dx * dx + dy * dy)), float(np.arctan2(dy, dx) * RAD2DEG)
        difference = abs(self.orientation - angle)
        if distance > self.sight_range or 2.0 * min(difference, 360.0 - difference) > self.viewing_angle:
            return False
        if self._np_random.binomial(1, transmittance):
            return True
        return bool(distance <= self.sight_range_at(angle) * (1.0 + OCCLUSION_SLACK))

    @cached_property
    def sight_range_func(self) -> SightFunction:
        """Range up to the first obstacle, over bearings."""
        return self._sight_function(outer=False)

    @cached_property
    def sight_range_outer_func(self) -> SightFunction:
        """Range up to the far side of obstacles, over bearings."""
        return self._sight_function(outer=True)

    def _sight_function(self, outer: bool) -> SightFunction:
        batch = self._batch
        return SightFunction(
            *tables.build_table(
                self.location,
                batch.obstacle_location[0],
                batch.obstacle_radius[0],
                self.max_sight_range,
                batch.scenario.obstacle_transmittance,
                outer,
            )
        )

    def sight_range_at(self, angle: ArrayLike, outer: bool = False) -> Any:
        """Free sight range at bearings in degrees, at the smallest viewing angle."""
        function = self.sight_range_outer_func if outer else self.sight_range_func
        return function(angle)

    def boundary_between(
        self, angle_left: float, angle_right: float, outer: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The boundary from ``angle_left`` counter-clockwise to ``angle_right`` (degrees, at most 360 apart).

        Returns (K,) bearings and (K,) ranges. The two ends are always those of the inner boundary (Q26).
        """
        table = self.sight_range_outer_func.table if outer else None
        return tables.boundary_between(self.sight_range_func.table, angle_left, angle_right, table)

    @property
    def boundary(self) -> list[Vector2D]:
        """The rays of the inner boundary, by bearing."""
        return self._rays(self.sight_range_func)

    @property
    def boundary_outer(self) -> list[Vector2D]:
        """The rays of the outer boundary, by bearing."""
        return self._rays(self.sight_range_outer_func)

    def _rays(self, function: SightFunction) -> list[Vector2D]:
        # The last knot repeats the first one at +360 degrees.
        pairs = zip(function.x[:-1], function.y[:-1], strict=True)
        return [Vector2D(norm=length, angle=angle, origin=self.location) for angle, length in pairs]


class Target(Sensor):
    """A target; it moves and carries cargo."""

    COLOR_TRACKED: ClassVar[Colour] = (1.0, 1.0, 0.0)
    COLOR_UNTRACKED: ClassVar[Colour] = (0.0, 0.0, 0.0)
    COLOR_NO_LOAD: ClassVar[Colour] = (0.2, 0.6, 0.2)
    DEFAULT_ACTION: ClassVar[np.ndarray] = TARGET_DEFAULT_ACTION
    TEAM: ClassVar[Team] = Team.TARGET

    @property
    def location(self) -> np.ndarray:
        location: np.ndarray = self._batch.target_location[0, self.index].copy()
        return location

    @property
    def radius(self) -> float:
        """Always 0: a target is a point."""
        return TARGET_RADIUS

    @property
    def sight_range(self) -> float:
        """Sight range in map units."""
        return float(self._batch.scenario.target_sight_range)

    @property
    def capacity(self) -> int:
        """Maximum weight that the target can carry; setting it changes the longest step too."""
        return int(self._batch.target_capacity[0, self.index])

    @capacity.setter
    def capacity(self, value: int) -> None:
        self._batch.target_capacity[0, self.index] = value
        self._batch.refresh()

    @property
    def step_size(self) -> float:
        """Length of the longest step in map units."""
        return float(self._batch.target_step_size[0, self.index])

    @property
    def action_space(self) -> spaces.Box:
        high = np.full(2, self.step_size)
        return spaces.Box(-high, high, dtype=np.float64)

    @property
    def goal_bits(self) -> np.ndarray:
        """The (4,) weights carried to each warehouse."""
        bits: np.ndarray = self._batch.target_goal_bits[0, self.index].astype(np.int64)
        return bits

    @property
    def empty_bits(self) -> np.ndarray:
        """Which of the (4,) warehouses the target believes to have no cargo left."""
        bits: np.ndarray = self._batch.target_empty_bits[0, self.index].copy()
        return bits

    @property
    def is_loaded(self) -> bool:
        return bool(self.goal_bits.any())

    @property
    def is_colliding(self) -> bool:
        """Whether something stopped the target in its last step."""
        return bool(self._batch.target_is_colliding[0, self.index])

    def state(self, private: bool = False) -> np.ndarray:
        """``x, y, sight_range, is_loaded``, and if private ``step_size, capacity, goal_bits (4), empty_bits (4)``."""
        public = [*self.location, self.sight_range, self.is_loaded]
        own = [self.step_size, self.capacity, *self.goal_bits, *self.empty_bits]
        return np.array(public + own if private else public, np.float64)

    def perceive(self, other: Entity) -> bool:
        """Whether the edge of the other entity is within range; nothing hides it."""
        return self.distance(other) <= self.sight_range + other.radius


class Obstacle(Entity):
    """An obstacle; it stands still."""

    COLOR: ClassVar[Colour] = (0.3, 0.3, 0.3)

    @property
    def location(self) -> np.ndarray:
        location: np.ndarray = self._batch.obstacle_location[0, self.index].copy()
        return location

    @property
    def radius(self) -> float:
        """Radius in map units; 0 if the obstacle found no place."""
        return float(self._batch.obstacle_radius[0, self.index])

    @property
    def transmittance(self) -> float:
        """Probability to be seen through."""
        return float(self._batch.scenario.obstacle_transmittance)

    def state(self, private: bool = False) -> np.ndarray:
        """``x, y, radius``."""
        return np.array([*self.location, self.radius], np.float64)
