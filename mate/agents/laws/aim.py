"""Aiming a camera at a point and choosing the viewing angle that centres the point in its sector."""

from __future__ import annotations

import math

from mate.compilation import kernel
from mate.geometry import DEG2RAD, bearing, clip, norm, wrap

ITERATIONS = 20
WIDEST = 180.0


@kernel
def sight_range_of(own):
    """Current sight range of a camera from its state vector (at least 6 entries)."""
    return norm(own[3], own[4])


@kernel
def orientation_of(own):
    """Direction of the axis of view from a camera's state vector, in degrees."""
    return bearing(own[3], own[4])


@kernel
def min_viewing_angle_of(own):
    """Smallest viewing angle of a camera from its private state (9,), by the constancy of angle times range squared."""
    ratio = sight_range_of(own) / own[6]
    return own[5] * ratio * ratio


@kernel
def best_viewing_angle(distance, area, min_viewing_angle, max_sight_range):
    """Viewing angle whose sector has its in-centre at ``distance``, for a camera with ``area = angle * range ** 2``."""
    if distance * (1.0 + math.sin(min_viewing_angle / 2.0 * DEG2RAD)) >= max_sight_range:
        return min_viewing_angle
    if distance <= math.sqrt(area / WIDEST) / 2.0:
        return WIDEST
    angle = WIDEST
    for _ in range(ITERATIONS):
        reach = distance * (1.0 + math.sin(min(angle / 2.0, 90.0) * DEG2RAD))
        angle = area / (reach * reach)
    return clip(angle, min_viewing_angle, WIDEST)


@kernel
def aim_and_zoom(own, x, y):
    """Action (rotation, zoom) that turns a camera with private state ``own`` (9,) to (x, y) and centres the point."""
    dx, dy = x - own[0], y - own[1]
    sight_range = sight_range_of(own)
    distance = norm(dx, dy)
    angle = best_viewing_angle(distance, own[5] * sight_range * sight_range, min_viewing_angle_of(own), own[6])
    rotation = wrap(bearing(dx, dy) - orientation_of(own))
    return clip(rotation, -own[7], own[7]), clip(angle - own[5], -own[8], own[8])


@kernel
def turn_to_pose(own, orientation, viewing_angle):
    """Action (rotation, zoom) that brings a camera with private state ``own`` (9,) towards a pose."""
    rotation = wrap(orientation - orientation_of(own))
    return clip(rotation, -own[7], own[7]), clip(viewing_angle - own[5], -own[8], own[8])
