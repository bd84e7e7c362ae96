"""Aiming a camera at a point and choosing the viewing angle that centres the point in its sector."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from numba.core import types
from numba.extending import intrinsic

from mate.compilation import inlined, kernel
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
    return area_of(own) / (own[6] * own[6])


@intrinsic
def _fuse(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once, on every processor."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


_fused: Any = _fuse


def _inverse(divisor: int) -> tuple[float, float]:
    """The inverse of an integer as the sum of two numbers, for ``_divide``."""
    high = Fraction(1 / divisor)
    return float(high), float(Fraction(1, divisor) - high)


@inlined
def _divide(x, inverse):
    """x / divisor, to the last bit, by the ``_inverse`` of the divisor: a fifth of the time of a division.

    The product is exact to 2**-50 units of the quotient's last place, and no quotient lies nearer than that to where
    rounding changes: with an odd divisor d, none lies nearer than 1 / (2 * d) units to the middle of two numbers, and
    factors of two change nothing. For 19! / 2**16 that is 2**-42 units.
    """
    return _fused(x, inverse[0], x * inverse[1])


_TO_3, _TO_7, _TO_11, _TO_15, _TO_19 = (_inverse(math.factorial(n)) for n in (3, 7, 11, 15, 19))


@inlined
def _sine(angle):
    """Sine of 0 to 90 degrees, to the last digits: Taylor's series to the 21st power, in a form that is fast in a loop.

    A call of the library's sine would keep the compiler from treating several cameras at once.
    """
    x = angle * DEG2RAD
    y = x * x
    z = y * y
    low = (1.0 - _divide(y, _TO_3)) + z * (1.0 / 120.0 - _divide(y, _TO_7))
    middle = (1.0 / 362880.0 - _divide(y, _TO_11)) + z * (1.0 / 6227020800.0 - _divide(y, _TO_15))
    high = (1.0 / 355687428096000.0 - _divide(y, _TO_19)) + z * (1.0 / 51090942171709440000.0)
    w = z * z
    return x * (low + w * (middle + w * high))


@inlined
def _zoom_once(angle, distance, area):
    """Viewing angle at which the in-centre of a sector would be at ``distance`` if its sides opened by ``angle``."""
    reach = distance * (1.0 + _sine(min(angle / 2.0, 90.0)))
    return area / (reach * reach)


@kernel
def centring_angles(angles, distances, areas):
    """Write into ``angles`` (K,) the fixed point of zooming: the viewing angles that put the in-centres at
    ``distances``.

    ``areas`` (K,) are the cameras' constant ``viewing angle * sight range ** 2``. Exactly 20 iterations from 180
    degrees.
    """
    angles[:] = WIDEST
    for _ in range(ITERATIONS):
        for n in range(len(angles)):
            angles[n] = _zoom_once(angles[n], distances[n], areas[n])


@kernel
def limit_viewing_angle(angle, distance, area, min_viewing_angle, max_sight_range):
    """The best viewing angle for a point at ``distance``, given the fixed point ``angle`` of ``centring_angles``."""
    is_far = 2.0 * distance >= max_sight_range  # else the sine cannot matter
    if is_far and distance * (1.0 + math.sin(min_viewing_angle / 2.0 * DEG2RAD)) >= max_sight_range:
        return min_viewing_angle
    if distance <= math.sqrt(area / WIDEST) / 2.0:
        return WIDEST
    return clip(angle, min_viewing_angle, WIDEST)


@kernel
def best_viewing_angle(distance, area, min_viewing_angle, max_sight_range):
    """Viewing angle whose sector has its in-centre at ``distance``, for a camera with ``area = angle * range ** 2``."""
    angle = WIDEST
    for _ in range(ITERATIONS):
        angle = _zoom_once(angle, distance, area)
    return limit_viewing_angle(angle, distance, area, min_viewing_angle, max_sight_range)


@kernel
def area_of(own):
    """Viewing angle times squared sight range of a camera, which stays the same however it zooms."""
    return own[5] * (own[3] * own[3] + own[4] * own[4])


@kernel
def aim_and_zoom(own, x, y):
    """Action (rotation, zoom) that turns a camera with private state ``own`` (9,) to (x, y) and centres the point."""
    distance, area = norm(x - own[0], y - own[1]), area_of(own)
    return aim_at(own, x, y, best_viewing_angle(distance, area, min_viewing_angle_of(own), own[6]))


@kernel
def aim_at(own, x, y, viewing_angle):
    """Action (rotation, zoom) that turns a camera to (x, y) and brings it to a viewing angle, within its limits."""
    return turn_to_pose(own, bearing(x - own[0], y - own[1]), viewing_angle)


@kernel
def turn_to_pose(own, orientation, viewing_angle):
    """Action (rotation, zoom) that brings a camera with private state ``own`` (9,) towards a pose."""
    return turn_from(own, orientation_of(own), orientation, viewing_angle)


@kernel
def turn_from(own, axis, orientation, viewing_angle):
    """``turn_to_pose`` for a camera whose orientation, ``axis``, is known."""
    rotation = wrap(orientation - axis)
    return clip(rotation, -own[7], own[7]), clip(viewing_angle - own[5], -own[8], own[8])
