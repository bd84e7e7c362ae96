"""Whole boundary tables of a camera, for drawing, for soft coverage scores and for checking: not needed by a step.

A table is a pair of arrays: bearings in degrees, ascending from -180 to 180, and distances in map units. The inner one says
how far the camera sees; the outer one where the last obstacle on a ray ends. Both have the camera's maximum range, whatever its zoom.
"""

import math

import numpy as np

from mate.compilation import kernel, part
from mate.engine.sight import TANGENT_OFFSET, count_samples
from mate.geometry import DEG2RAD, RAD2DEG, bearing, norm, wrap

Table = tuple[np.ndarray, np.ndarray]
FAN = 21
"""Rays on each of the two segments that close an obstacle's outer boundary."""
EDGE_POINTS = 16
"""Points on each edge of a sector in a soft coverage score."""


@part
def _cut(angle, length, offsets, radii, side):
    """Length of a ray up to where it enters (side -1) or leaves (side 1) each obstacle, the shortest counts."""
    ux, uy = math.cos(angle * DEG2RAD), math.sin(angle * DEG2RAD)
    for o in range(radii.shape[0]):
        radius, qx, qy = radii[o], offsets[o, 0], offsets[o, 1]
        d = norm(qx, qy)
        along = qx * ux + qy * uy
        if d >= length + radius or along < 0.0 or d == 0.0:
            continue
        cosine = min(1.0, along / d)
        miss = d * math.sqrt(1.0 - cosine * cosine)
        if radius > miss:
            length = min(length, max(0.0, d * cosine + side * math.sqrt(radius * radius - miss * miss)))
    return length


@part
def _add_samples(angles, lengths, count, centre, half, length):
    """Append the equally spaced rays on an obstacle."""
    low, high = centre - half, centre + half
    last = count_samples(half) - 1
    step = (high - low) / last
    for i in range(last + 1):
        angles[count] = high if i == last else low + i * step
        lengths[count] = length
        count += 1
    return count


@part
def _add_fan(angles, lengths, count, near, far, near_length, far_length):
    """Append rays to points on the segment between the ends of a near and a far ray."""
    near_x, near_y = near_length * math.cos(near * DEG2RAD), near_length * math.sin(near * DEG2RAD)
    far_x, far_y = far_length * math.cos(far * DEG2RAD), far_length * math.sin(far * DEG2RAD)
    for i in range(FAN):
        s = i / (FAN - 1)
        x, y = (1.0 - s) * near_x + s * far_x, (1.0 - s) * near_y + s * far_y
        angles[count], lengths[count] = bearing(x, y), norm(x, y)
        count += 1
    return count


@part
def _cast_rays(offsets, radii, reach, is_outer, angles, lengths):
    """Write all rays, uncut, and return how many they are."""
    for count in range(360):
        angles[count], lengths[count] = count - 180.0, reach
    count = 360
    for o in range(radii.shape[0]):
        d, radius = norm(offsets[o, 0], offsets[o, 1]), radii[o]
        centre = bearing(offsets[o, 0], offsets[o, 1])
        half = math.asin(radius / d) * RAD2DEG if d > 0.0 else 0.0
        if not is_outer:
            for tangent in (centre - half, centre + half):
                for offset in (-TANGENT_OFFSET, TANGENT_OFFSET):
                    angles[count], lengths[count] = tangent + offset, reach
                    count += 1
        count = _add_samples(angles, lengths, count, centre, half, min(reach, d + radius))
        if is_outer:
            edge = min(reach, norm(d, radius))
            low, high = centre - half, centre + half
            count = _add_fan(angles, lengths, count, low, low - TANGENT_OFFSET, edge, reach)
            count = _add_fan(angles, lengths, count, high, high + TANGENT_OFFSET, edge, reach)
    return count


@kernel
def _build(offsets, radii, reach, is_outer):
    capacity = 361 + radii.shape[0] * (4 + 181 + 2 * FAN)
    angles, lengths = np.empty(capacity), np.empty(capacity)
    count = _cast_rays(offsets, radii, reach, is_outer, angles, lengths)
    for i in range(count):
        lengths[i] = _cut(angles[i], lengths[i], offsets, radii, 1.0 if is_outer else -1.0)
        angles[i] = wrap(angles[i])
    order = np.argsort(angles[:count], kind="mergesort")
    phi, rho = np.empty(count + 1), np.empty(count + 1)
    kept = 0
    for i in order:
        if kept > 0 and phi[kept - 1] == angles[i]:
            rho[kept - 1] = min(rho[kept - 1], lengths[i])
        else:
            phi[kept], rho[kept] = angles[i], lengths[i]
            kept += 1
    phi[kept], rho[kept] = phi[0] + 360.0, rho[0]
    return phi[: kept + 1], rho[: kept + 1]


def build_table(
    location: np.ndarray,
    obstacle_location: np.ndarray,
    obstacle_radius: np.ndarray,
    max_sight_range: float,
    transmittance: float = 0.0,
    outer: bool = False,
) -> Table:
    """The boundary of a camera at ``location`` (2,) among obstacles (O, 2) with radii (O,), as (bearings, distances).

    Everything is nothing if the camera stands inside an obstacle (Q24), and obstacles are none if the transmittance is 1 (Q23).
    """
    offsets = np.asarray(obstacle_location, dtype=np.float64).reshape(-1, 2) - np.asarray(location, dtype=np.float64)
    radii = np.asarray(obstacle_radius, dtype=np.float64).reshape(-1)
    distances = np.sqrt((offsets**2).sum(axis=1))
    is_near = (distances < max_sight_range + radii) & (transmittance != 1.0)
    offsets, radii, distances = offsets[is_near], radii[is_near], distances[is_near]
    if (radii > distances).any():
        return np.array([-180.0, 180.0]), np.zeros(2)
    return _build(np.ascontiguousarray(offsets), np.ascontiguousarray(radii), float(max_sight_range), outer)


@kernel
def look_up(phi, rho, angle):
    """The table's value at a bearing in degrees: linear in the angle between knots."""
    angle = wrap(angle)
    j = min(max(np.searchsorted(phi, angle, side="right") - 1, 0), phi.shape[0] - 2)
    return (rho[j + 1] - rho[j]) / (phi[j + 1] - phi[j]) * (angle - phi[j]) + rho[j]


def boundary_between(inner: Table, left: float, right: float, table: Table | None = None) -> Table:
    """The part of a boundary from bearing ``left`` to ``right`` (at most 360 degrees more): bearings and distances.

    Knots come from ``table`` (default: ``inner``), the two ends always from ``inner`` (Q26). Beyond 180 degrees, knots keep their bearings in
    [-180, 180) while the last end does not.
    """
    phi, rho = inner if table is None else table
    start = float(wrap(left))
    end = start + (right - left)
    if end <= 180.0:
        inside = (phi > start) & (phi < end)
        angles, ranges = phi[inside], rho[inside]
    else:
        first, second = (phi > start) & (phi <= 180.0), (phi > -180.0) & (phi < end - 360.0)
        angles, ranges = np.concatenate([phi[first], phi[second]]), np.concatenate([rho[first], rho[second]])
    ends = look_up(*inner, start), look_up(*inner, float(wrap(end)))
    return np.concatenate([[start], angles, [end]]), np.concatenate([[ends[0]], ranges, [ends[1]]])


def outline_sector(inner: Table, outer: Table, orientation: float, viewing_angle: float) -> np.ndarray:
    """(P, 2) points around a camera's field of view, relative to the camera, that soft coverage scores measure distances to."""
    left, right = orientation - 0.5 * viewing_angle, orientation + 0.5 * viewing_angle
    angles, ranges = boundary_between(inner, left, right, outer)
    shares = np.arange(EDGE_POINTS) / EDGE_POINTS
    angles = np.concatenate([angles, np.full(EDGE_POINTS, angles[0]), np.full(EDGE_POINTS, angles[-1])])
    ranges = np.concatenate([ranges, ranges[0] * shares, ranges[-1] * shares])
    return np.stack([ranges * np.cos(angles * DEG2RAD), ranges * np.sin(angles * DEG2RAD)], axis=1)


@kernel
def _least_distance(points, x, y):
    least = np.inf
    for i in range(points.shape[0]):
        least = min(least, norm(points[i, 0] - x, points[i, 1] - y))
    return least


def score_coverage(
    outline: np.ndarray, relative_locations: np.ndarray, is_seen: np.ndarray, sight_range: float, viewing_angle: float
) -> np.ndarray:
    """(T,) row of the soft coverage score matrix: distances of targets (T, 2), relative to the camera, to its outline.

    In units of the radius of the circle inside the sector; positive for targets that the camera sees, else negative.
    """
    if viewing_angle < 180.0:
        inradius = sight_range / (1.0 + 1.0 / math.sin(0.5 * viewing_angle * DEG2RAD))
    else:
        inradius = 0.5 * sight_range
    distances = np.array([_least_distance(outline, float(x), float(y)) for x, y in relative_locations])
    return np.where(is_seen, distances, -distances) / inradius
