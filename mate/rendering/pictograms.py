"""The signs on the four warehouses: a shed with crates, and an arrow for cargo that has to leave or is still to
come.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mate.rendering.shapes import BLACK, Polygon, disc, placed

Outline = tuple[tuple[float, float], ...]

SIZE = 135.0  # map units from edge to edge

# Outlines in a square of side one around the origin.
_SHED = (
    ((-0.48, 0.10), (-0.12, 0.40), (0.24, 0.10), (0.24, 0.01), (-0.12, 0.31), (-0.48, 0.01)),  # roof
    ((-0.43, 0.06), (-0.37, 0.11), (-0.37, -0.40), (-0.43, -0.40)),  # back wall
    ((-0.43, -0.40), (0.19, -0.40), (0.19, -0.34), (-0.43, -0.34)),  # floor
)
_CRATES = (
    ((-0.34, -0.31), (-0.16, -0.31), (-0.16, -0.13), (-0.34, -0.13)),
    ((-0.13, -0.31), (0.05, -0.31), (0.05, -0.13), (-0.13, -0.13)),
    ((-0.34, -0.10), (-0.16, -0.10), (-0.16, 0.08), (-0.34, 0.08)),
)
_ARROW = ((0.10, 0.035), (0.30, 0.035), (0.30, 0.11), (0.47, 0.0), (0.30, -0.11), (0.30, -0.035), (0.10, -0.035))


def pictogram(centre: ArrayLike, has_remaining: bool, is_awaiting: bool) -> list[Polygon]:
    """The sign of a warehouse: an arrow out when cargo remains there, one in when cargo is awaited, a ring for
    neither.
    """
    outlines: list[Outline] = [*_SHED, *_CRATES]
    arrows = {(True, False): [_out(-0.10)], (False, True): [_in(-0.10)], (True, True): [_out(0.03), _in(-0.22)]}
    outlines += arrows.get((has_remaining, is_awaiting), [])
    shapes = [Polygon(placed(outline, centre, SIZE), BLACK) for outline in outlines]
    return shapes if has_remaining or is_awaiting else [*shapes, _ring(centre)]


def _out(height: float) -> Outline:
    return tuple((x, y + height) for x, y in _ARROW)


def _in(height: float) -> Outline:
    return tuple((0.57 - x, y + height) for x, y in _ARROW)


def _ring(centre: ArrayLike) -> Polygon:
    """A ring as one polygon: around the outside, along a seam, and back around the inside."""
    centre = placed([(0.35, -0.10)], centre, SIZE)[0]
    outer, inner = disc(centre, 0.10 * SIZE, 36), disc(centre, 0.055 * SIZE, 36)
    return Polygon(np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]]), BLACK)
