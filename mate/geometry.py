"""Angles in degrees and plane vectors: array functions, and the compiled scalar ones that the kernels share.

Conversions multiply by pi/180 and 180/pi, and lengths are plain square roots, so that results agree with recordings
to the last digits.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from mate.compilation import kernel

RAD2DEG = 180.0 / math.pi
DEG2RAD = math.pi / 180.0


def sin_deg(x: ArrayLike) -> np.ndarray:
    """Sine of an angle in degrees."""
    return np.sin(np.multiply(x, DEG2RAD))


def cos_deg(x: ArrayLike) -> np.ndarray:
    """Cosine of an angle in degrees."""
    return np.cos(np.multiply(x, DEG2RAD))


def tan_deg(x: ArrayLike) -> np.ndarray:
    """Tangent of an angle in degrees."""
    return np.tan(np.multiply(x, DEG2RAD))


def arcsin_deg(x: ArrayLike) -> np.ndarray:
    """Inverse sine in degrees."""
    return np.arcsin(x) * RAD2DEG


def arccos_deg(x: ArrayLike) -> np.ndarray:
    """Inverse cosine in degrees."""
    return np.arccos(x) * RAD2DEG


def arctan2_deg(y: ArrayLike, x: ArrayLike) -> np.ndarray:
    """Bearing of the vector (x, y) in degrees, in (-180, 180]."""
    return np.arctan2(y, x) * RAD2DEG


def normalize_angle(angle: ArrayLike) -> np.ndarray:
    """The same direction in [-180, 180) degrees; rounding may give exactly +180 (Q08)."""
    return np.mod(np.add(angle, 180.0), 360.0) - 180.0


def cartesian2polar(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """(2, ...) array of length and bearing in degrees of the vectors (x, y)."""
    return np.array([np.hypot(x, y), arctan2_deg(y, x)])


def polar2cartesian(rho: ArrayLike, phi: ArrayLike) -> np.ndarray:
    """(2, ...) array of x and y of the vectors with length rho and bearing phi in degrees."""
    return np.array([np.multiply(rho, cos_deg(phi)), np.multiply(rho, sin_deg(phi))])


@kernel
def wrap(angle: float) -> float:
    """The same direction in [-180, 180) degrees; rounding may give exactly +180 (Q08).

    Almost every angle is less than a turn away, where the remainder is a sum, to the bit.
    """
    turned = angle + 180.0
    if -360.0 <= turned < 720.0:
        shift = 360.0 if turned < 0.0 else -360.0 if turned >= 360.0 else 0.0
        return (turned + shift) - 180.0
    return turned % 360.0 - 180.0


@kernel
def bearing(x: float, y: float) -> float:
    """Direction of the vector (x, y) in degrees, in (-180, 180]."""
    return math.atan2(y, x) * RAD2DEG


@kernel
def norm(x: float, y: float) -> float:
    """Euclidean length of (x, y)."""
    return math.sqrt(x * x + y * y)


@kernel
def clip(x: float, low: float, high: float) -> float:
    """x limited to [low, high]; where low > high the result is high, as with numpy.clip."""
    return min(max(x, low), high)


@kernel
def greatest_square(length: float) -> float:
    """The greatest number whose square root is at most ``length``.

    ``norm(x, y) <= length`` exactly if ``x * x + y * y`` is at most this number: a comparison without a root.
    """
    if length < 0.0:
        return -1.0
    bits = np.float64(length * length).view(np.int64)
    while math.sqrt(np.int64(bits + 1).view(np.float64)) <= length:
        bits += 1
    while math.sqrt(np.int64(bits).view(np.float64)) > length:
        bits -= 1
    return np.int64(bits).view(np.float64)
