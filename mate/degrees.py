"""Angles in degrees for users of arrays: trigonometry, polar coordinates, wrapping.

The compiled rules of the game have the scalar forms of the same formulas in ``mate.geometry``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "DEG2RAD",
    "RAD2DEG",
    "arccos_deg",
    "arcsin_deg",
    "arctan2_deg",
    "cartesian2polar",
    "cos_deg",
    "normalize_angle",
    "polar2cartesian",
    "sin_deg",
    "tan_deg",
]

RAD2DEG = 180.0 / np.pi
DEG2RAD = np.pi / 180.0


def sin_deg(x: ArrayLike) -> Any:
    """Sine of degrees."""
    return np.sin(np.multiply(x, DEG2RAD))


def cos_deg(x: ArrayLike) -> Any:
    """Cosine of degrees."""
    return np.cos(np.multiply(x, DEG2RAD))


def tan_deg(x: ArrayLike) -> Any:
    """Tangent of degrees."""
    return np.tan(np.multiply(x, DEG2RAD))


def arcsin_deg(x: ArrayLike) -> Any:
    """Inverse sine, in degrees."""
    return np.arcsin(x) * RAD2DEG


def arccos_deg(x: ArrayLike) -> Any:
    """Inverse cosine, in degrees."""
    return np.arccos(x) * RAD2DEG


def arctan2_deg(y: ArrayLike, x: ArrayLike) -> Any:
    """Direction of (x, y) in degrees, in (-180, 180]."""
    return np.arctan2(y, x) * RAD2DEG


def normalize_angle(angle: ArrayLike) -> Any:
    """Wrap degrees to [-180, 180); a tiny negative excess may round to exactly 180 (Q08)."""
    return np.mod(np.add(angle, 180.0), 360.0) - 180.0


def cartesian2polar(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Length and direction (degrees) of (x, y), stacked along a first axis of length 2."""
    return np.array([np.hypot(x, y), arctan2_deg(y, x)])


def polar2cartesian(rho: ArrayLike, phi: ArrayLike) -> np.ndarray:
    """Coordinates of a length and a direction (degrees), stacked along a first axis of length 2."""
    return np.array([np.multiply(rho, cos_deg(phi)), np.multiply(rho, sin_deg(phi))])
