"""Line charts as SVG, with axes, bands and markers. All pages use them, and they are readable without JavaScript.

A script (`chart.js`) adds a tooltip, zooming and smoothing. It uses the same geometry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.drawing.plots import MOST_POINTS, Axis, thin, write_number

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 44
COLOURS = 8
"""Number of curve colours in the style sheet. Further curves reuse them."""
TICKS_ACROSS, TICKS_UP = 5, 5


@dataclass(frozen=True)
class Mark:
    """A marker on a curve, such as a milestone, with a link."""

    x: float
    y: float
    title: str
    address: str = ""


@dataclass(frozen=True)
class Series:
    """A curve as points (x, y) sorted by x, with an optional band of (x, low, high).

    `colour` is the number of a colour or the name of a team.
    """

    label: str
    points: Sequence[tuple[float, float]]
    colour: int | str = 0
    band: Sequence[tuple[float, float, float]] = ()
    marks: Sequence[Mark] = ()

    @property
    def thin_band(self) -> Sequence[tuple[float, float, float]]:
        return self.band[:: max(1, -(-len(self.band) // MOST_POINTS))]

    @property
    def css(self) -> str:
        return self.colour if isinstance(self.colour, str) else f"series-{self.colour % COLOURS}"


@dataclass(frozen=True)
class CurveChart:
    """Curves over common axes."""

    title: str
    across: str
    series: Sequence[Series]
    level: float | None = None
    """Value of y at which a horizontal line is drawn, such as 0 in a chart of differences."""

    @property
    def is_empty(self) -> bool:
        return not any(len(one.points) > 1 for one in self.series)

    @property
    def has_links(self) -> bool:
        return any(mark.address for one in self.series for mark in one.marks)

    @property
    def axes(self) -> tuple[Axis, Axis]:
        """The horizontal and the vertical axis. They cover everything that is drawn."""
        x = [point[0] for one in self.series for point in one.points]
        y = [point[1] for one in self.series for point in one.points]
        y += [value for one in self.series for _, *ends in one.band for value in ends]
        y += [mark.y for one in self.series for mark in one.marks]
        y += [] if self.level is None else [self.level]
        low, high = min(y), max(y)
        if high - low < 1e-12 * max(abs(high), 1.0):
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        slack = 0.04 * (high - low)
        return (
            Axis(min(x), max(max(x), min(x) + 1e-9), LEFT, WIDTH - RIGHT),
            Axis(low - slack, high + slack, HEIGHT - BOTTOM, TOP),
        )

    @property
    def svg(self) -> SafeString:
        """The chart as SVG; empty unless some curve has two points."""
        return SafeString("") if self.is_empty else draw(self)

    @property
    def data(self) -> dict[str, Any]:
        """The data for the script."""
        return {
            "across": self.across,
            "level": self.level,
            "size": [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM],
            "series": [
                {
                    "label": one.label,
                    "css": one.css,
                    "points": shorten(thin(one.points)),
                    "band": shorten(one.thin_band),
                }
                for one in self.series
            ],
        }


def shorten(points: Sequence[tuple[float, ...]]) -> list[list[float]]:
    """Return the points rounded to the precision of a chart."""
    return [[float(f"{value:.5g}") for value in point] for point in points]


def draw(chart: CurveChart) -> SafeString:
    x, y = chart.axes
    labels = ", ".join(one.label for one in chart.series)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="{}" aria-label="{}"><g class="axes">{}{}{}</g>'
        '<g class="curves">{}</g></svg>',
        WIDTH, HEIGHT, "group" if chart.has_links else "img", f"{chart.title}: {labels}",
        draw_heights(y), draw_places(x, chart.across), draw_level(x, y, chart.level),
        format_html_join("", "{}", ((draw_series(one, x, y),) for one in chart.series)),
    )  # fmt: skip


def draw_series(one: Series, x: Axis, y: Axis) -> SafeString:
    """Return the band, the line and the markers of a curve."""
    tops = [place(x, y, a, high) for a, _, high in one.thin_band]
    bottoms = [place(x, y, a, low) for a, low, _ in one.thin_band]
    line = " ".join(place(x, y, a, b) for a, b in thin(one.points))
    band = format_html('<polygon class="band" points="{}"/>', " ".join(tops + bottoms[::-1])) if one.band else ""
    return format_html(
        '<g class="{}">{}<polyline points="{}"/>{}</g>', one.css, band, line,
        format_html_join("", "{}", ((draw_mark(mark, x, y),) for mark in one.marks)),
    )  # fmt: skip


def draw_mark(mark: Mark, x: Axis, y: Axis) -> SafeString:
    across, up = place(x, y, mark.x, mark.y).split(",")
    dot = format_html('<circle class="mark" cx="{}" cy="{}" r="5"><title>{}</title></circle>', across, up, mark.title)
    return format_html('<a href="{}">{}</a>', mark.address, dot) if mark.address else dot


def place(x: Axis, y: Axis, across: float, up: float) -> str:
    return f"{x.at(across):.1f},{y.at(up):.1f}"


def draw_heights(y: Axis) -> SafeString:
    """Return horizontal grid lines at round values, with their labels."""
    return format_html_join(
        "",
        '<line x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text x="{}" y="{}" text-anchor="end" dominant-baseline="central">{}</text>',
        ((LEFT, WIDTH - RIGHT, at, at, LEFT - 6, at, figure) for at, figure in tick_places(y, TICKS_UP)),
    )


def draw_places(x: Axis, title: str) -> SafeString:
    """Return round labels and the title of the horizontal axis."""
    figures = format_html_join(
        "", '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((at, HEIGHT - BOTTOM + 18, figure) for at, figure in tick_places(x, TICKS_ACROSS)),
    )  # fmt: skip
    return figures + format_html(
        '<text class="title" x="{}" y="{}" text-anchor="end">{}</text>', WIDTH - RIGHT, HEIGHT - 6, title
    )


def draw_level(x: Axis, y: Axis, level: float | None) -> SafeString:
    if level is None:
        return SafeString("")
    at = f"{y.at(level):.1f}"
    return format_html('<line class="level" x1="{}" x2="{}" y1="{}" y2="{}"/>', x.start, x.end, at, at)


def tick_places(axis: Axis, count: int) -> list[tuple[str, str]]:
    """Return the position in pixels and the label of round values along an axis."""
    return [(f"{axis.at(value):.1f}", write_number(value)) for value in round_values(axis.low, axis.high, count)]


def round_values(low: float, high: float, count: int) -> list[float]:
    """Return about `count` round values between two numbers: multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= 0.999 * rough)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def mean_band(
    curves: Iterable[Sequence[tuple[float, float]]],
) -> tuple[list[tuple[float, float]], list[tuple[float, float, float]]]:
    """Return the mean of several curves and the band from minimum to maximum, for every x where all are defined."""
    found = [curve for curve in curves if len(curve) > 1]
    if not found:
        return [], []
    first, last = max(curve[0][0] for curve in found), min(curve[-1][0] for curve in found)
    places = sorted({x for curve in found for x, _ in curve if first <= x <= last})
    values = [[interpolate(curve, x) for curve in found] for x in places]
    means = [(x, sum(each) / len(each)) for x, each in zip(places, values, strict=True)]
    return means, [(x, min(each), max(each)) for x, each in zip(places, values, strict=True)]


def interpolate(curve: Sequence[tuple[float, float]], x: float) -> float:
    """Return the linearly interpolated y of a curve at x."""
    from bisect import bisect_left

    right = bisect_left(curve, (x, -math.inf))
    if right == 0 or curve[min(right, len(curve) - 1)][0] == x:
        return curve[min(right, len(curve) - 1)][1]
    (x0, y0), (x1, y1) = curve[right - 1], curve[min(right, len(curve) - 1)]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
