"""How deep a target is inside, or how far outside, what a camera can see.

The measure of Pan et al., "MATE: Benchmarking Multi-Agent Reinforcement Learning in Distributed Target Coverage
Control" (NeurIPS 2022 Datasets and Benchmarks): the distance to the outline of the sector over the sector's in-radius.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.engine.coverage import score_camera


def soft_coverage_matrix(env: Any, clip: bool = False) -> np.ndarray:
    """(num_cameras, num_targets) distances to the outlines over the in-radii, positive where the camera tracks.

    The outline is a cloud of points: the far side of the sector, behind obstacles, and 16 points on each edge. Unless
    ``clip``, its far side is not cut at the camera's current sight range, and its two ends are in front of obstacles
    (Q26).
    """
    base = env.unwrapped
    batch, poses = base.batch, base.batch.camera_poses()[0]
    matrix = np.empty((base.num_cameras, base.num_targets))
    for index, camera in enumerate(base.cameras):
        tables = *camera.sight_range_func.table, *camera.sight_range_outer_func.table
        seen = batch.camera_target_view_mask[0, index]
        score_camera(*tables, clip, poses[index], batch.target_location[0], seen, matrix[index])
    return matrix
