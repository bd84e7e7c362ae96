"""Soft coverage scores of all episodes of a batch."""

from __future__ import annotations

import numpy as np

from mate.engine import Batch
from mate.engine.coverage import score_slots


class SoftCoverage:
    """The scores of a batch's cameras and targets (``mate.engine.coverage``); a slot's sight tables are built once an
    episode.

    ``clip`` cuts the outlines at the current sight ranges (Q26).
    """

    def __init__(self, batch: Batch, clip: bool = False) -> None:
        self.batch = batch
        self.clip = clip
        size, num_cameras, num_targets = batch.camera_target_view_mask.shape
        self._built_for = np.full((size, self._places().shape[1]), np.nan)
        self._tables = np.zeros((size, num_cameras, 4, 361))
        self._knots = np.zeros((size, num_cameras, 2), np.int64)
        self._scores = np.zeros((size, num_cameras, num_targets))

    def scores(self) -> np.ndarray:
        """(B, C, T) scores, positive where the camera sees the target; in memory that the next call overwrites."""
        batch, places = self.batch, self._places()
        for slot in np.flatnonzero((places != self._built_for).any(axis=1)).tolist():
            self._build(slot)
        self._built_for[:] = places
        seen, poses = batch.camera_target_view_mask, batch.camera_poses()
        score_slots(self._tables, self._knots, self.clip, poses, batch.target_location, seen, self._scores)
        return self._scores

    def _places(self) -> np.ndarray:
        """(B, P) everything that sight tables depend on."""
        batch = self.batch
        parts = batch.camera_location, batch.obstacle_location, batch.obstacle_radius
        return np.concatenate([part.reshape(batch.size, -1) for part in parts], axis=1)

    def _build(self, slot: int) -> None:
        for camera in range(self._tables.shape[1]):
            for side, outer in enumerate((False, True)):
                table = self.batch.sight_table(slot, camera, outer)
                knots = self._knots[slot, camera, side] = len(table[0])
                if knots > self._tables.shape[3]:
                    room = [(0, 0)] * 3 + [(0, knots - self._tables.shape[3])]
                    self._tables = np.pad(self._tables, room)
                self._tables[slot, camera, 2 * side : 2 * side + 2, :knots] = table
