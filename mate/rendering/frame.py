"""The visible state at one moment of an episode, as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from mate.engine import Batch

_PLACES = ("camera_location", "obstacle_location", "obstacle_radius")
_VARYING = (
    "camera_orientation",
    "camera_viewing_angle",
    "camera_sight_range",
    "target_location",
    "target_orientation",
    "target_goal",
    "bounties",
    "camera_target_view_mask",
    "target_camera_view_mask",
    "remaining_cargoes",
    "awaiting_cargo_counts",
)


@dataclass(frozen=True, eq=False)
class Frame:
    """Everything a picture shows. Names and shapes are those of the recordings, for one episode and one moment.

    ``sight`` holds one pair of (K,) arrays per camera: the bearings in degrees (ascending, over [-180, 180]) and the
    free sight ranges of its inner boundary.
    """

    camera_location: NDArray[np.float64]  # (N_c, 2)
    camera_radius: NDArray[np.float64]  # (N_c,)
    camera_orientation: NDArray[np.float64]  # (N_c,) degrees
    camera_viewing_angle: NDArray[np.float64]  # (N_c,) degrees
    camera_sight_range: NDArray[np.float64]  # (N_c,)
    sight: list[tuple[NDArray[np.float64], NDArray[np.float64]]]
    obstacle_location: NDArray[np.float64]  # (N_o, 2)
    obstacle_radius: NDArray[np.float64]  # (N_o,)
    target_location: NDArray[np.float64]  # (N_t, 2)
    target_orientation: NDArray[np.float64]  # (N_t,) degrees
    target_capacity: NDArray[np.int64]  # (N_t,) 1 or 2
    target_goal: NDArray[np.int64]  # (N_t,) warehouse, -1 for none
    bounties: NDArray[np.float64]  # (N_t,)
    camera_target_view_mask: NDArray[np.bool_]  # (N_c, N_t)
    target_camera_view_mask: NDArray[np.bool_]  # (N_t, N_c)
    remaining_cargoes: NDArray[np.int64]  # (4, 4) by origin, destination
    awaiting_cargo_counts: NDArray[np.int64]  # (4,)

    @classmethod
    def of_batch(cls, batch: Batch, slot: int) -> Frame:
        """The present moment of the episode in a slot, copied."""
        sight = [batch.sight_table(slot, camera) for camera in range(batch.scenario.num_cameras)]
        fields = {name: np.array(getattr(batch, name)[slot]) for name in (*_PLACES, *_VARYING, "target_capacity")}
        return cls(sight=sight, camera_radius=np.full(len(sight), batch.scenario.camera_radius), **fields)

    @classmethod
    def of_recording(cls, recording: Mapping[str, Any], index: int) -> Frame:
        """The moment before step ``index`` (from 0) of a recording with the arrays of ``docs/recordings.md``.

        Raises ``IndexError`` when the recording has no such moment.
        """
        first, phi, rho = recording["sight_ptr"], recording["sight_phi"], recording["sight_rho"]
        constant = {name: np.array(recording[name]) for name in (*_PLACES, "camera_radius", "target_capacity")}
        varying = {name: np.array(recording[name][index]) for name in _VARYING}
        return cls(sight=[(phi[start:stop], rho[start:stop]) for start, stop in pairwise(first)], **constant, **varying)
