"""The two kinds of shape that a picture is made of, and the outlines they come from.

Points are (K, 2) arrays in map units, x to the east and y to the north. Colours are (red, green, blue, alpha) from 0 to
1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Colour = tuple[float, float, float, float]
Points = NDArray[np.float64]

BLACK: Colour = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Polygon:
    """A filled polygon; it is closed by itself."""

    points: Points
    colour: Colour


@dataclass(frozen=True, eq=False)
class Line:
    """A polyline, ``width`` pixels wide in a picture of 800 x 800 pixels, four pixels on and four off when dashed."""

    points: Points
    colour: Colour = BLACK
    width: float = 1.0
    is_closed: bool = False
    is_dashed: bool = False


Shape = Polygon | Line


def polar(lengths: ArrayLike, angles: ArrayLike) -> Points:
    """(K, 2) vectors of the given lengths and angles (degrees, counter-clockwise from east)."""
    radians = np.deg2rad(angles)
    return np.stack(np.broadcast_arrays(lengths * np.cos(radians), lengths * np.sin(radians)), axis=-1)


def disc(centre: ArrayLike, radius: float, corners: int = 72) -> Points:
    """The corners of a regular polygon around ``centre``."""
    return np.asarray(centre) + polar(np.full(corners, float(radius)), np.arange(corners) * (360.0 / corners))


def square(centre: ArrayLike, half_side: float) -> Points:
    """The corners of an upright square."""
    return np.asarray(centre) + half_side * np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=float)


def placed(outline: Sequence[tuple[float, float]], centre: ArrayLike, scale: float, angle: float = 0.0) -> Points:
    """An outline, scaled, then turned by ``angle`` degrees, then moved to ``centre``."""
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    moved: Points = np.asarray(centre) + scale * np.asarray(outline, dtype=float) @ np.array([[cos, sin], [-sin, cos]])
    return moved
