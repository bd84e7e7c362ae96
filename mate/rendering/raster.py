"""Shapes into pixels, with Pillow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mate.rendering.shapes import Colour, Line, Points, Shape

WORLD = 1050.0  # the picture shows [-WORLD, WORLD] in both directions
NOMINAL_SIZE = 800  # pixels; line widths are given for this size
SUPERSAMPLING = 3
_DASH = 4.0  # pixels on, pixels off at the nominal size


def draw(shapes: Iterable[Shape], size: int = NOMINAL_SIZE, supersampling: int = SUPERSAMPLING) -> NDArray[np.uint8]:
    """Draw shapes over one another on white; return (size, size, 3) uint8 pixels, top row first.

    Edges are smooth: the picture is drawn ``supersampling`` times as large and averaged. Raises ``ValueError`` for a
    size below 1.
    """
    if size < 1:
        raise ValueError(f"A picture of {size} x {size} pixels cannot be drawn: give a size of at least 1.")
    side = size * supersampling
    image = Image.new("RGB", (side, side), "white")
    pencil = ImageDraw.Draw(image, "RGBA")  # in this mode every fill is blended with what is below
    for shape in shapes:
        pixels = _to_pixels(shape.points, side)
        if isinstance(shape, Line):
            _draw_line(pencil, shape, pixels, side / NOMINAL_SIZE)
        else:
            pencil.polygon(list(map(tuple, pixels)), fill=_ink(shape.colour))
    return np.asarray(image.reduce(supersampling))


def _to_pixels(points: Points, side: int) -> Points:
    return (np.array([1, -1]) * points + WORLD) * (side / (2 * WORLD)) - 0.5


def _ink(colour: Colour) -> tuple[int, ...]:
    return tuple(round(255 * min(1.0, max(0.0, part))) for part in colour)


def _draw_line(pencil: ImageDraw.ImageDraw, line: Line, pixels: Points, scale: float) -> None:
    if line.is_closed:
        pixels = np.concatenate([pixels, pixels[:2]])
    strokes = _dashes(pixels, _DASH * scale) if line.is_dashed else [pixels]
    # A joint is drawn as a disc of its own, which would show twice in a translucent line.
    joint = "curve" if line.colour[3] >= 1 else None
    for stroke in strokes:
        width = max(1, round(line.width * scale))
        pencil.line(list(map(tuple, stroke)), fill=_ink(line.colour), width=width, joint=joint)


def _dashes(pixels: Points, period: float) -> Iterator[Points]:
    """Cut a polyline into pieces of length ``period`` with gaps as long between them."""
    for start, end in pairwise(pixels):
        length = float(np.hypot(*(end - start)))
        for begin in np.arange(0.0, length, 2 * period):
            yield start + (end - start) * np.array([[begin], [min(begin + period, length)]]) / length
