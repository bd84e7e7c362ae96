"""How well a camera pose covers each point around the camera: the tables of the heuristic camera.

A pose is an orientation and a viewing angle. A point scores most in the middle of the pose's sector and close to the
camera, and nothing at its edges or outside. Poses form a fixed mesh, points a polar grid around the camera; by symmetry the
score depends on the radius, the viewing angle and the difference of bearing and orientation alone, so 41 x 21 x 37
numbers hold the whole 2952 x 756 table.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from mate.geometry import DEG2RAD, bearing, norm

NUM_ORIENTATIONS = 36
NUM_VIEWING_ANGLES = 21
NUM_POSES = NUM_ORIENTATIONS * NUM_VIEWING_ANGLES
NUM_BEARINGS = 72
NUM_RADII = 41
NUM_POINTS = NUM_BEARINGS * NUM_RADII
_SEPARATIONS = NUM_BEARINGS // 2 + 1  # of a bearing from an orientation: 0, 5, ..., 180 degrees
_BEARING_STEP = 360 // NUM_BEARINGS
_WINDOW = 19  # orientations within 90 degrees of a bearing


class PoseTable(NamedTuple):
    """Scores of all poses, for one longest sight range and smallest viewing angle.

    A grid point has radius ``a`` and bearing ``b``, index ``b * 41 + a``; a pose has orientation ``i`` and viewing angle
    ``j``, index ``j * 36 + i``. Only the orientations near a point's bearing score above 0: they are those from
    ``b // 2 + first[b % 2, a, j]`` on, wrapped around, ``count[b % 2, a, j]`` many, with scores ``windows[b % 2, a, j]``.
    """

    max_sight_range: float
    radii: NDArray[np.float64]  # (41,)
    bearings: NDArray[np.float64]  # (72,)
    orientations: NDArray[np.float64]  # (36,)
    viewing_angles: NDArray[np.float64]  # (21,)
    profile: NDArray[np.float64]  # (41, 21, 37): score by radius, viewing angle and separation in steps of 5 degrees
    num_angles: NDArray[np.int64]  # (41,): at each radius, how many viewing angles, from the narrowest, score at all
    first: NDArray[np.int64]  # (2, 41, 21)
    count: NDArray[np.int64]  # (2, 41, 21)
    windows: NDArray[np.float64]  # (2, 41, 21, 19)
    points: NDArray[np.float64]  # (2952, 2)


@kernel
def _score(radius, separation, viewing_angle, sight_range):
    """Score of a point at ``radius`` and ``separation`` degrees off the axis of a sector."""
    half = viewing_angle / 2.0
    if radius > sight_range or separation > half:
        return 0.0
    if viewing_angle == 180.0:
        largest = sight_range / 2.0
    else:
        largest = sight_range / (1.0 + 1.0 / math.sin(half * DEG2RAD))
    from_arc = min(radius, sight_range - radius)
    from_side = radius * math.sin(min(half - separation, 90.0) * DEG2RAD)
    return max(min(from_arc, from_side), 0.0) / largest * (1.0 - radius / sight_range)


@kernel
def _fill_profile(radii, viewing_angles, sight_ranges, profile):
    for a in range(profile.shape[0]):
        for j in range(profile.shape[1]):
            for k in range(profile.shape[2]):
                profile[a, j, k] = _score(radii[a], float(k * _BEARING_STEP), viewing_angles[j], sight_ranges[j])


@kernel
def _fill_windows(profile, num_angles, first, count, windows):
    """Lay out the positive scores of ``profile`` by orientation, for bearings on (0) and between (1) orientations."""
    for a in range(profile.shape[0]):
        for j in range(profile.shape[1]):
            if profile[a, j].max() > 0.0:
                num_angles[a] = j + 1
            for parity in range(2):
                for offset in range(-9, 10):
                    score = profile[a, j, abs(parity - 2 * offset)]
                    if score > 0.0:
                        if count[parity, a, j] == 0:
                            first[parity, a, j] = offset
                        windows[parity, a, j, count[parity, a, j]] = score
                        count[parity, a, j] += 1


def pose_table(max_sight_range: float, min_viewing_angle: float) -> PoseTable:
    """The table of cameras with this longest sight range and smallest viewing angle (degrees), rounded to 8 decimals."""
    return _build(round(float(max_sight_range), 8), round(float(min_viewing_angle), 8))


@lru_cache(maxsize=32)
def _build(max_sight_range: float, min_viewing_angle: float) -> PoseTable:
    radii = max_sight_range * np.arange(NUM_RADII) / (NUM_RADII - 1)
    bearings = -180.0 + _BEARING_STEP * np.arange(NUM_BEARINGS)
    orientations = -180.0 + 360 // NUM_ORIENTATIONS * np.arange(NUM_ORIENTATIONS)
    viewing_angles = np.linspace(min_viewing_angle, 180.0, NUM_VIEWING_ANGLES)
    profile = np.zeros((NUM_RADII, NUM_VIEWING_ANGLES, _SEPARATIONS))
    _fill_profile(radii, viewing_angles, max_sight_range * np.sqrt(min_viewing_angle / viewing_angles), profile)
    num_angles = np.zeros(NUM_RADII, np.int64)
    first, count = np.zeros((2, 2, NUM_RADII, NUM_VIEWING_ANGLES), np.int64)
    windows = np.zeros((2, NUM_RADII, NUM_VIEWING_ANGLES, _WINDOW))
    _fill_windows(profile, num_angles, first, count, windows)
    directions = np.stack([np.cos(bearings * DEG2RAD), np.sin(bearings * DEG2RAD)], axis=-1)
    points = (directions[:, None] * radii[None, :, None]).reshape(NUM_POINTS, 2)
    return PoseTable(
        max_sight_range,
        radii,
        bearings,
        orientations,
        viewing_angles,
        profile,
        num_angles,
        first,
        count,
        windows,
        points,
    )


def pose_mesh(table: PoseTable) -> NDArray[np.float64]:
    """(756, 3) orientation, viewing angle (degrees) and sight range (map units) of each pose."""
    angles = np.repeat(table.viewing_angles, NUM_ORIENTATIONS)
    ranges = table.max_sight_range * np.sqrt(table.viewing_angles[0] / angles)
    return np.stack([np.tile(table.orientations, NUM_VIEWING_ANGLES), angles, ranges], axis=-1)


def full_scores(table: PoseTable) -> NDArray[np.float64]:
    """(2952, 756) score of every grid point under every pose."""
    steps = np.arange(NUM_BEARINGS)[:, None] - 2 * np.arange(NUM_ORIENTATIONS)[None, :]
    separations = np.abs((steps + NUM_BEARINGS // 2) % NUM_BEARINGS - NUM_BEARINGS // 2)  # (72, 36)
    scores = table.profile[:, :, separations]  # (radius, viewing angle, bearing, orientation)
    return np.ascontiguousarray(scores.transpose(2, 0, 1, 3).reshape(NUM_POINTS, NUM_POSES))


@kernel
def nearest_point(table, x, y):
    """Index of the grid point nearest to (x, y), relative to the camera and within its range; the first on ties.

    Its bearing is one of the two around that of (x, y). On a bearing within 5 degrees, the best radius is that of (x, y)
    times at least cos(5 degrees), a seventh of a step less at most: so it is one of the two radii around it.
    """
    left = int((bearing(x, y) + 180.0) / _BEARING_STEP)
    ring = int(norm(x, y) / table.radii[1])
    best, nearest = NUM_POINTS, math.inf
    for b in range(left, left + 2):
        for a in range(ring, min(ring + 2, NUM_RADII)):
            point = (b % NUM_BEARINGS) * NUM_RADII + a if a > 0 else 0  # all bearings meet at the camera
            distance = norm(table.points[point, 0] - x, table.points[point, 1] - y)
            if distance < nearest or (distance == nearest and point < best):
                best, nearest = point, distance
    return best
