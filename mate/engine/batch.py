"""``Batch``: B episodes of one scenario that advance together."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mate.depth import Depth
from mate.engine import episode
from mate.engine.coverage import score_camera
from mate.engine.rules import write_boxes, write_rules
from mate.engine.tables import Table, build_table
from mate.engine.world import World, allocate, carve
from mate.geometry import arctan2_deg
from mate.scenario import Scenario

_NOT_FINITE = "An action is NaN or infinite; actions must be finite numbers."
_NEVER = math.inf
_EVERYTHING = (int(Depth.VIEWS), int(Depth.VIEWS))
Depths = tuple[int, int]


class InvalidAction(AssertionError, ValueError):
    """An action is NaN or infinite."""


class Batch:
    """B independent episodes of one scenario, as arrays whose first axis is the slot.

    Every field of ``World`` is an attribute, such as ``batch.target_location`` (B, T, 2): views of the engine's own
    memory, overwritten by the next ``reset`` or ``step``. Besides, ``camera_observation`` (B, C, D_c) and
    ``target_observation`` (B, T, D_t), of ``observation_dtype`` float64 or float32, hold what ``observe`` wrote. A
    slot's episode depends on its seed and the actions alone: not on B, the slot or its neighbours.
    """

    def __init__(self, scenario: Scenario, size: int, observation_dtype: DTypeLike = np.float64) -> None:
        if size < 1:
            raise ValueError(f"A batch has at least one slot, not {size}.")
        dtype = np.dtype(observation_dtype)
        if dtype not in (np.float64, np.float32):
            raise ValueError(f"Observations are float64 or float32, not {dtype}.")
        self.scenario = scenario
        self.size = size
        counts = scenario.num_cameras, scenario.num_targets, scenario.num_obstacles
        self._buffers = allocate(size, *counts)
        self._numbers = write_rules(scenario)
        self._boxes = write_boxes(scenario)
        self._all_slots = np.arange(size)
        self._all_active = np.ones(size, dtype=np.bool_)
        self._camera_shape = (size, scenario.num_cameras, 2)
        self._target_shape = (size, scenario.num_targets, 2)
        self.world: World = carve(*self._buffers)
        self.__dict__.update(self.world._asdict())
        self.camera_observation = np.zeros((size, scenario.num_cameras, scenario.camera_observation_dim), dtype)
        self.target_observation = np.zeros((size, scenario.num_targets, scenario.target_observation_dim), dtype)
        self._state = np.zeros((size, scenario.state_dim))

    def __reduce__(self) -> tuple:
        # A copy needs views of its own memory: copying views and buffers one by one would part them.
        return _restore_batch, (self.scenario, self.size, self.camera_observation.dtype, self._buffers[:4])

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> np.ndarray: ...

    def reset(self, seeds: ArrayLike, slots: ArrayLike | None = None) -> None:
        """Begin the episodes of these uint64 seeds in all slots, in order, or in the given ones; others are left alone.

        Raises ValueError if there are not as many seeds as slots, or for slots that do not exist.
        """
        where = self._read_slots(slots)
        try:
            keys = np.array(seeds, dtype=np.uint64, ndmin=1)
        except OverflowError as error:
            raise ValueError(f"Seeds are integers from 0 to 2**64 - 1: {error}.") from error
        if keys.shape != where.shape:
            raise ValueError(
                f"reset needs one seed for each of {where.shape[0]} slots, not seeds of shape {keys.shape}."
            )
        episode.reset(*self._buffers, self._numbers, self._boxes, where, keys)

    def step(self, camera_actions: ArrayLike, target_actions: ArrayLike, active: ArrayLike | None = None) -> None:
        """One environment step with actions (B, C, 2): degrees to turn and to zoom, and (B, T, 2): map units to walk.

        Slots whose ``active`` (B,) is False are left alone, and their actions are not looked at. Then
        ``camera_reward``, ``target_reward``, ``done``, the rates and all other views are those after the step. Raises
        InvalidAction (an AssertionError and ValueError) for actions that are not finite, and ValueError for a wrong
        number of actions; then nothing was done.
        """
        cameras = _as_actions(camera_actions, self._camera_shape)
        targets = _as_actions(target_actions, self._target_shape)
        where = self._read_active(active)
        if episode.step(*self._buffers, self._numbers, cameras, targets, where, False, _NEVER, _EVERYTHING) < 0:
            raise InvalidAction(_NOT_FINITE)

    def play(
        self, camera_actions: np.ndarray, target_actions: np.ndarray, active: np.ndarray, limit: float, depths: Depths
    ) -> int:
        """``step`` with rounded actions, then ``observe``; how many episodes are over, or ``limit`` steps long.

        What matches do in every step: the arrays are those that ``step`` takes, unchecked, and the actions are rounded
        to float32 in place. Views of this batch that teams of these depths do not need are left alone.
        """
        num_over = episode.step(
            *self._buffers, self._numbers, camera_actions, target_actions, active, True, float(limit), depths
        )
        if num_over < 0:
            raise InvalidAction(_NOT_FINITE)
        rows = self.camera_observation, self.target_observation
        episode.observe(*self._buffers, self._numbers, False, active, depths, *rows)
        return int(num_over)

    def observe(
        self,
        raw: bool = False,
        active: ArrayLike | None = None,
        depths: Depths = _EVERYTHING,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Write and return ``camera_observation`` (B, C, D_c) and ``target_observation`` (B, T, D_t), of all slots.

        Those of slots whose ``active`` (B,) is False stay what they were. The scenario's enhanced observation and
        shared field of view are applied, unless ``raw``. ``depths`` say how much of the cameras' and of the targets'
        observations anybody will read.
        """
        where, (camera, target) = self._read_active(active), depths
        rows = self.camera_observation, self.target_observation
        episode.observe(*self._buffers, self._numbers, raw, where, (int(camera), int(target)), *rows)
        return rows

    def state(self) -> np.ndarray:
        """The global states (B, S), in memory that the next call overwrites."""
        episode.write_states(*self._buffers, self._numbers, self._state)
        return self._state

    def refresh(self, slots: ArrayLike | None = None) -> None:
        """Recompute what follows from views that were written by hand: to be called after restoring a recorded state.

        It derives ``camera_heading``, ``target_step_size``, ``target_is_loaded``, the ``sight_`` views, all view masks
        and ``tracked_bits`` from places, poses, radii, capacities and goals; see-through draws are taken from
        ``transmit_given`` where that is not -1.
        """
        episode.refresh(*self._buffers, self._numbers, self._read_slots(slots))

    @property
    def target_orientation(self) -> np.ndarray:
        """(B, T) direction of each target's last displacement, in degrees; for drawing."""
        return arctan2_deg(self.world.target_heading[..., 1], self.world.target_heading[..., 0])

    @property
    def remaining_cargo_counts(self) -> np.ndarray:
        """(B, 4) cargo not yet picked up at each warehouse."""
        return self.world.remaining_cargoes.sum(axis=2)

    def sight_table(self, slot: int, camera: int, outer: bool = False) -> Table:
        """The camera's whole sight boundary, as bearings (K,) in degrees and distances (K,); see ``tables``."""
        w, scenario = self.world, self.scenario
        return build_table(
            w.camera_location[slot, camera],
            w.obstacle_location[slot],
            w.obstacle_radius[slot],
            scenario.camera_max_sight_range,
            scenario.obstacle_transmittance,
            outer,
        )

    def camera_poses(self) -> np.ndarray:
        """(B, C, 5) x, y, orientation, viewing angle and sight range of each camera."""
        w = self.world
        pose = np.stack([w.camera_orientation, w.camera_viewing_angle, w.camera_sight_range], axis=2)
        return np.concatenate([w.camera_location, pose], axis=2)

    def soft_coverage_scores(self, slot: int) -> np.ndarray:
        """(C, T) matrix of soft coverage scores: see ``coverage``. Tables are built anew: use it on demand."""
        w, scores, poses = self.world, np.zeros(self.world.transmit_draw.shape[1:]), self.camera_poses()[slot]
        for c in range(self.scenario.num_cameras):
            tables = *self.sight_table(slot, c), *self.sight_table(slot, c, outer=True)
            score_camera(
                *tables, False, poses[c], w.target_location[slot], w.camera_target_view_mask[slot, c], scores[c]
            )
        return scores

    def _read_active(self, active: ArrayLike | None) -> np.ndarray:
        if active is None:
            return self._all_active
        where = _own(active, np.bool_)
        if where.shape != self._all_active.shape:
            raise ValueError(f"`active` has one truth value for each of {self.size} slots, not shape {where.shape}.")
        return where

    def _read_slots(self, slots: ArrayLike | None) -> np.ndarray:
        if slots is None:
            return self._all_slots
        where = np.array(slots, dtype=np.int64, ndmin=1)
        if where.ndim != 1 or ((where < 0) | (where >= self.size)).any():
            raise ValueError(f"Slots are numbers from 0 to {self.size - 1}, not {slots!r}.")
        return where


def _as_actions(actions: ArrayLike, shape: tuple[int, int, int]) -> np.ndarray:
    array = _own(actions, np.float64)
    return array if array.shape == shape else array.reshape(shape)


def _own(values: ArrayLike, dtype: type) -> np.ndarray:
    """``values`` as a contiguous, writable array: for any other kind Numba would compile the kernel once more."""
    if not isinstance(values, np.ndarray):
        return np.array(values, dtype)
    array: np.ndarray = np.ascontiguousarray(values, dtype=dtype)
    return array if array.flags.writeable else array.copy()


def _restore_batch(scenario: Scenario, size: int, dtype: np.dtype, memory: tuple[np.ndarray, ...]) -> Batch:
    batch = Batch(scenario, size, dtype)
    for own, kept in zip(batch._buffers, memory, strict=False):
        own[:] = kept
    return batch
