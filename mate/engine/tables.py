"""Whole boundary tables of a camera, for drawing, for soft coverage and for checking: not needed by a step.

A table is a pair of arrays: bearings in degrees, ascending from -180 to 180, and distances in map units. The inner one
says how far the camera sees; the outer one where the last obstacle on a ray ends. Both have the camera's maximum range,
whatever its zoom.
"""

import math

import numpy as np

from mate.compilation import kernel, part
from mate.engine.sight import TANGENT_OFFSET, count_samples
from mate.geometry import DEG2RAD, RAD2DEG, bearing, norm, wrap

Table = tuple[np.ndarray, np.ndarray]
_PAST_180 = math.nextafter(180.0, 181.0)
FAN = 21
"""Rays on each of the two segments that close an obstacle's outer boundary."""


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

    Everything is nothing if the camera stands inside an obstacle (Q24), and obstacles are none if the transmittance is
    1 (Q23).
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


@kernel
def cut_boundary(inner_phi, inner_rho, phi, rho, left, right):
    """The part of the boundary (phi, rho) from bearing ``left`` to ``right``, with the inner boundary's two ends."""
    start = wrap(left)
    end = start + (right - left)
    angles, ranges = np.empty(phi.shape[0] + 2), np.empty(phi.shape[0] + 2)
    angles[0], ranges[0] = start, look_up(inner_phi, inner_rho, start)
    count = 1
    for turn in range(2):  # up to 180 degrees, then from -180 degrees on
        low, high = (start, min(end, _PAST_180)) if turn == 0 else (-180.0, end - 360.0)
        for i in range(phi.shape[0]):
            if low < phi[i] < high:
                angles[count], ranges[count] = phi[i], rho[i]
                count += 1
    angles[count], ranges[count] = end, look_up(inner_phi, inner_rho, wrap(end))
    return angles[: count + 1], ranges[: count + 1]


def boundary_between(inner: Table, left: float, right: float, table: Table | None = None) -> Table:
    """The part of a boundary from bearing ``left`` to ``right`` (at most 360 degrees more): bearings and distances.

    Knots come from ``table`` (default: ``inner``), the two ends always from ``inner`` (Q26). Beyond 180 degrees, knots
    keep their bearings in [-180, 180) while the last end does not.
    """
    return cut_boundary(*inner, *(inner if table is None else table), float(left), float(right))
