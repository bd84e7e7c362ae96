"""How deep a target is inside, or how far outside, what a camera can see.

The measure of Pan et al., "MATE: Benchmarking Multi-Agent Reinforcement Learning in Distributed Target Coverage
Control" (NeurIPS 2022 Datasets and Benchmarks): the distance to the outline of the sector over the sector's in-radius.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.geometry import polar2cartesian, sin_deg

EDGE_POINTS = 16


def soft_coverage_matrix(env: Any, clip: bool = False) -> np.ndarray:
    """(num_cameras, num_targets) distances to the outlines over the in-radii, positive where the camera tracks.

    The outline is a cloud of points: the far side of the sector, behind obstacles, and 16 points on each edge. Unless
    ``clip``, its far side is not cut at the camera's current sight range, and its two ends are in front of obstacles (Q26).
    """
    base = env.unwrapped
    matrix = np.empty((base.num_cameras, base.num_targets))
    locations = base.target_locations
    for index, camera in enumerate(base.cameras):
        outline = _outline(camera, clip)
        relative = locations - camera.location
        squared = np.square(relative[:, 0, None] - outline[0]) + np.square(relative[:, 1, None] - outline[1])
        matrix[index] = np.sqrt(squared.min(axis=1)) / _in_radius(camera)
    return np.where(base.camera_target_view_mask, matrix, -matrix)


def individual_scores(matrix: np.ndarray, is_tracking: np.ndarray) -> np.ndarray:
    """One score a row: the sum over what it tracks, or ``tanh`` of the best if it tracks nothing."""
    if matrix.shape[1] == 0:
        return np.zeros(len(matrix))
    return np.where(
        is_tracking.any(axis=1), np.where(is_tracking, matrix, 0.0).sum(axis=1), np.tanh(matrix.max(axis=1))
    )


def _in_radius(camera: Any) -> float:
    return camera.sight_range / (1.0 + 1.0 / float(sin_deg(camera.viewing_angle / 2.0)))


def _outline(camera: Any, clip: bool) -> np.ndarray:
    """(2, K) points relative to the camera."""
    half = camera.viewing_angle / 2.0
    angles, ranges = camera.boundary_between(camera.orientation - half, camera.orientation + half, outer=True)
    if clip:
        ranges[[0, -1]] = camera.sight_range_at(angles[[0, -1]], outer=True)
        ranges = np.minimum(ranges, camera.sight_range)
    fractions = np.arange(EDGE_POINTS) / EDGE_POINTS
    edges = [polar2cartesian(ranges[end] * fractions, angles[end]) for end in (0, -1)]
    return np.concatenate([polar2cartesian(ranges, angles), *edges], axis=1)
