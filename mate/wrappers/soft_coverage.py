"""How deep a target is inside, or how far outside, what a camera can see.

The measure of Pan et al., "MATE: Benchmarking Multi-Agent Reinforcement Learning in Distributed Target Coverage
Control" (NeurIPS 2022 Datasets and Benchmarks): the distance to the outline of the sector over the sector's in-radius.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.engine.tables import outline_sector, score_coverage


def soft_coverage_matrix(env: Any, clip: bool = False) -> np.ndarray:
    """(num_cameras, num_targets) distances to the outlines over the in-radii, positive where the camera tracks.

    The outline is a cloud of points: the far side of the sector, behind obstacles, and 16 points on each edge. Unless
    ``clip``, its far side is not cut at the camera's current sight range, and its two ends are in front of obstacles (Q26).
    """
    base = env.unwrapped
    mask, locations = base.camera_target_view_mask, base.target_locations
    matrix = np.empty((base.num_cameras, base.num_targets))
    for index, camera in enumerate(base.cameras):
        inner, outer = camera.sight_range_func.table, camera.sight_range_outer_func.table
        if clip:
            inner = outer = outer[0], np.minimum(outer[1], camera.sight_range)
        outline = outline_sector(inner, outer, camera.orientation, camera.viewing_angle)
        relative = locations - camera.location
        matrix[index] = score_coverage(outline, relative, mask[index], camera.sight_range, camera.viewing_angle)
    return matrix


def individual_scores(matrix: np.ndarray, is_tracking: np.ndarray) -> np.ndarray:
    """One score a row: the sum over what it tracks, or ``tanh`` of the best if it tracks nothing."""
    if matrix.shape[1] == 0:
        return np.zeros(len(matrix))
    return np.where(
        is_tracking.any(axis=1), np.where(is_tracking, matrix, 0.0).sum(axis=1), np.tanh(matrix.max(axis=1))
    )
