"""How well a camera pose covers each point around the camera: the tables of the heuristic camera.

A pose is an orientation and a viewing angle. A point scores most in the middle of the pose's sector and close to the
camera, and nothing at its edges or outside. Poses form a fixed mesh, points a polar grid around the camera; by symmetry
the score depends on the radius, the viewing angle and the difference of bearing and orientation alone, so 41 x 21 x 37
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


class PoseTable(NamedTuple):
    """Scores of all poses, for one longest sight range and smallest viewing angle.

    A grid point has radius ``a`` and bearing ``b``, index ``b * 41 + a``; a pose has orientation ``i`` and viewing
    angle ``j``, index ``j * 36 + i``. The poses that score at a point are listed by radius and parity of the bearing:
    entries ``start[b % 2, a]`` to ``start[b % 2, a + 1]`` hold the pose ``angle`` (that is ``j * 36``) plus the
    orientation ``(b // 2 + turn) % 36``, and its ``score``.
    """

    max_sight_range: float
    radii: NDArray[np.float64]  # (41,)
    orientations: NDArray[np.float64]  # (36,)
    viewing_angles: NDArray[np.float64]  # (21,)
    points: NDArray[np.float64]  # (2952, 2)
    profile: NDArray[np.float64]  # (41, 21, 37): score by radius, viewing angle and separation in steps of 5 degrees
    start: NDArray[np.uint64]  # (2, 42)
    angle: NDArray[np.uint64]  # (entries,)
    turn: NDArray[np.uint64]  # (entries,): from 0 to 35
    score: NDArray[np.float64]  # (entries,): above 0


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


def _list_scores(profile: NDArray[np.float64]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """``start``, ``angle``, ``turn`` and ``score`` of a table: the positive scores around either parity of bearing."""
    turns = np.arange(NUM_ORIENTATIONS)
    lengths, entries = [0], []
    for parity in range(2):
        steps = (parity - 2 * turns + NUM_BEARINGS // 2) % NUM_BEARINGS - NUM_BEARINGS // 2
        for scores in profile[:, :, np.abs(steps)]:  # (21, 36) at each radius
            angle, turn = np.nonzero(scores)
            entries.append((angle * NUM_ORIENTATIONS, turn, scores[angle, turn]))
            lengths.append(lengths[-1] + len(turn))
    start = np.stack([lengths[: NUM_RADII + 1], lengths[NUM_RADII:]])
    angle, turn, score = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return start.astype(np.uint64), angle.astype(np.uint64), turn.astype(np.uint64), score


def pose_table(max_sight_range: float, min_viewing_angle: float) -> PoseTable:
    """The table of cameras with this longest sight range and smallest viewing angle (degrees), rounded to 8
    decimals.
    """
    return _build(round(float(max_sight_range), 8), round(float(min_viewing_angle), 8))


@lru_cache(maxsize=32)
def _build(max_sight_range: float, min_viewing_angle: float) -> PoseTable:
    radii = max_sight_range * np.arange(NUM_RADII) / (NUM_RADII - 1)
    bearings = (-180.0 + _BEARING_STEP * np.arange(NUM_BEARINGS)) * DEG2RAD
    orientations = -180.0 + 360.0 / NUM_ORIENTATIONS * np.arange(NUM_ORIENTATIONS, dtype=np.float64)
    viewing_angles = np.linspace(min_viewing_angle, 180.0, NUM_VIEWING_ANGLES)
    profile = np.zeros((NUM_RADII, NUM_VIEWING_ANGLES, _SEPARATIONS))
    _fill_profile(radii, viewing_angles, max_sight_range * np.sqrt(min_viewing_angle / viewing_angles), profile)
    directions = np.stack([np.cos(bearings), np.sin(bearings)], axis=-1)
    points = (directions[:, None] * radii[:, None]).reshape(NUM_POINTS, 2)
    return PoseTable(max_sight_range, radii, orientations, viewing_angles, points, profile, *_list_scores(profile))


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
def nearest_point(points, radius_step, x, y):
    """Index among ``points`` (2952, 2), on rings ``radius_step`` apart, of the grid point nearest to (x, y), relative
    to the camera and within its range; the first on ties.

    Its bearing is one of the two around that of (x, y). On a bearing within 5 degrees, the best radius is that of (x,
    y) times at least cos(5 degrees), a seventh of a step less at most: so it is one of the two radii around it.
    """
    left = int((bearing(x, y) + 180.0) / _BEARING_STEP)
    ring = int(norm(x, y) / radius_step)
    best, nearest = NUM_POINTS, math.inf
    for b in range(left, left + 2):
        for a in range(max(ring, 0), min(ring + 2, NUM_RADII)):
            point = (b % NUM_BEARINGS) * NUM_RADII + a if a > 0 else 0  # all bearings meet at the camera
            distance = norm(points[point, 0] - x, points[point, 1] - y)
            if distance < nearest or (distance == nearest and point < best):
                best, nearest = point, distance
    return best
