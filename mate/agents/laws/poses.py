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

from mate.agents.laws.lanes import NUM_LANES
from mate.compilation import inlined, kernel
from mate.geometry import DEG2RAD, RAD2DEG, norm

NUM_ORIENTATIONS = 36
NUM_VIEWING_ANGLES = 21
NUM_POSES = NUM_ORIENTATIONS * NUM_VIEWING_ANGLES
ROUNDING = 1e-9  # far above what rounding can do to a sum of scores, far below a difference that matters
NUM_BEARINGS = 72
NUM_RADII = 41
NUM_POINTS = NUM_BEARINGS * NUM_RADII
_SEPARATIONS = NUM_BEARINGS // 2 + 1  # of a bearing from an orientation: 0, 5, ..., 180 degrees
_BEARING_STEP = 360 // NUM_BEARINGS


class PoseTable(NamedTuple):
    """Scores of all poses, for one longest sight range and smallest viewing angle.

    A grid point has radius ``a`` and bearing ``b``, index ``b * 41 + a``; a pose has orientation ``i`` and viewing
    angle ``j``, index ``j * 36 + i``. What a pose scores depends on how far it is turned from orientation ``b // 2``,
    from 0 to 35, and on the kind of the point, ``b % 2 * 41 + a``. Rows of 24 scores are those of the 21 viewing angles
    and zeros, because that many numbers are added at once. Sets are bit masks.
    """

    max_sight_range: float
    radii: NDArray[np.float64]  # (41,)
    orientations: NDArray[np.float64]  # (36,)
    viewing_angles: NDArray[np.float64]  # (21,)
    directions: NDArray[np.float64]  # (72, 2) of the bearings; times a radius it is a point
    profile: NDArray[np.float64]  # (41, 21, 37): score by radius, viewing angle and separation in steps of 5 degrees
    covers: NDArray[np.uint64]  # (82, 72): the viewing angles that score, by kind and turn, twice around
    row: NDArray[np.uint64]  # (82, 72): the row of scores of a kind and turn
    score: NDArray[np.float64]  # (rows, 24)
    alone: NDArray[np.int64]  # (82, K, 2): turn and viewing angle of the best poses for this point alone, or -1


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
    """``covers``, ``row``, ``score`` and ``alone`` of a table."""
    turns, angles = (np.arange(size, dtype=np.uint64) for size in (NUM_ORIENTATIONS, NUM_VIEWING_ANGLES))
    parity = np.arange(2)[:, None]
    steps = (parity - 2 * turns.astype(np.int64) + NUM_BEARINGS // 2) % NUM_BEARINGS - NUM_BEARINGS // 2
    scores = profile[:, :, np.abs(steps)].transpose(2, 0, 3, 1).reshape(2 * NUM_RADII, NUM_ORIENTATIONS, -1)
    scores = np.where(scores > 0.0, scores, 0.0)  # by kind, turn and viewing angle
    covers = ((scores > 0.0).astype(np.uint64) << angles).sum(axis=2, dtype=np.uint64)
    rows, row = np.unique(scores.reshape(-1, NUM_VIEWING_ANGLES), axis=0, return_inverse=True)
    rows = np.pad(rows, ((0, 0), (0, NUM_LANES - NUM_VIEWING_ANGLES)))
    row = row.reshape(covers.shape).astype(np.uint64)
    return np.tile(covers, 2), np.tile(row, 2), aligned(rows), _list_alone(scores)


def aligned(array: NDArray) -> NDArray:
    """Return a copy that begins at a multiple of 64 bytes, so that no vector lies in two lines of the cache."""
    memory = np.zeros(array.nbytes + 64, np.uint8)
    start = -memory.ctypes.data % 64
    copy: NDArray = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def _list_alone(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    best = scores.max(axis=(1, 2), keepdims=True)
    is_best = (scores > 0.0) & (scores >= best - ROUNDING)
    alone = np.full((len(scores), int(is_best.sum(axis=(1, 2)).max()), 2), -1)
    for kind in range(len(scores)):
        found = np.argwhere(is_best[kind])
        alone[kind, : len(found)] = found
    return alone


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
    return PoseTable(max_sight_range, radii, orientations, viewing_angles, directions, profile, *_list_scores(profile))


def pose_mesh(table: PoseTable) -> NDArray[np.float64]:
    """(756, 3) orientation, viewing angle (degrees) and sight range (map units) of each pose."""
    angles = np.repeat(table.viewing_angles, NUM_ORIENTATIONS)
    ranges = table.max_sight_range * np.sqrt(table.viewing_angles[0] / angles)
    return np.stack([np.tile(table.orientations, NUM_VIEWING_ANGLES), angles, ranges], axis=-1)


def grid_points(table: PoseTable) -> NDArray[np.float64]:
    """(2952, 2) places of the grid points, relative to the camera."""
    return (table.directions[:, None] * table.radii[:, None]).reshape(NUM_POINTS, 2)


def full_scores(table: PoseTable) -> NDArray[np.float64]:
    """(2952, 756) score of every grid point under every pose."""
    steps = np.arange(NUM_BEARINGS)[:, None] - 2 * np.arange(NUM_ORIENTATIONS)[None, :]
    separations = np.abs((steps + NUM_BEARINGS // 2) % NUM_BEARINGS - NUM_BEARINGS // 2)  # (72, 36)
    scores = table.profile[:, :, separations]  # (radius, viewing angle, bearing, orientation)
    return np.ascontiguousarray(scores.transpose(2, 0, 1, 3).reshape(NUM_POINTS, NUM_POSES))


@inlined
def _rough_bearing(x, y):
    """Direction of the vector (x, y) in degrees, from -180 to 180, to a thousandth of a degree."""
    least, most = min(abs(x), abs(y)), max(abs(x), abs(y))
    z = least / most if most > 0.0 else 0.0
    q = z * z
    angle = RAD2DEG * z * (0.999866 + q * (-0.3302995 + q * (0.180141 + q * (-0.085133 + q * 0.0208351))))
    angle = 90.0 - angle if abs(y) > abs(x) else angle
    angle = 180.0 - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle


@kernel
def nearest_point(directions, radii, x, y):
    """Index of the grid point nearest to (x, y), relative to the camera and within its range; the first on ties.

    Its bearing is one of the two around that of (x, y), which need not be known better than to some tenths of a degree:
    a bearing almost 5 degrees away is never the nearest. On a bearing within 5 degrees, the best radius is that of (x,
    y) times at least cos(5 degrees), a seventh of a step less at most: so it is one of the two radii around it.
    """
    left = int((_rough_bearing(x, y) + 180.0) * (1.0 / _BEARING_STEP))
    ring = min(max(int(norm(x, y) / radii[1]), 0), NUM_RADII - 1)
    best, nearest = NUM_POINTS, math.inf
    for b in range(left, left + 2):
        for n in range(2):
            a = min(ring + n, NUM_RADII - 1)
            at = b % NUM_BEARINGS if a > 0 else 0  # all bearings meet at the camera
            point = at * NUM_RADII + a
            distance = norm(directions[at, 0] * radii[a] - x, directions[at, 1] * radii[a] - y)
            # Without branches, because which point is nearer cannot be predicted.
            is_nearer = (distance < nearest) | ((distance == nearest) & (point < best))
            best = point if is_nearer else best
            nearest = distance if is_nearer else nearest
    return best
