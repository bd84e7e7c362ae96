"""Small curves as SVG: made on the server, coloured by the style sheet, with their figures beside them as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 58, 8, 8, 22
MOST_POINTS = 300

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """Numbers from `low` to `high` along pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def draw_curve(points: Points, title: str) -> SafeString:
    """A line through (x, y) points, in the order of x, with the axes' ends written; nothing for fewer than two."""
    if len(points) < 2:
        return SafeString("")
    thinned = thin(points)
    x = Axis(points[0][0], points[-1][0], LEFT, WIDTH - RIGHT)
    y = fit_axis([value for _, value in thinned])
    line = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in thinned)
    return format_html(
        '<svg class="curve" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<polyline points="{}"/>'
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{} steps</text></svg>',
        WIDTH, HEIGHT, f"{title}: from {write_number(points[0][1])} to {write_number(points[-1][1])}",
        draw_levels(y, (y.low, (y.low + y.high) / 2, y.high), LEFT, WIDTH - RIGHT),
        line, LEFT, HEIGHT - 6, write_number(x.low), WIDTH - RIGHT, HEIGHT - 6, write_number(x.high),
    )  # fmt: skip


def draw_levels(y: Axis, levels: Sequence[float], left: float, right: float) -> SafeString:
    """Lines across at these heights, with their figures at the left."""
    return format_html_join(
        "", '<line x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text x="{3}" y="{4}" text-anchor="end">{5}</text>',
        ((left, right, f"{y.at(one):.1f}", left - 5, f"{y.at(one) + 4:.1f}", write_number(one)) for one in levels),
    )  # fmt: skip


def fit_axis(values: Sequence[float]) -> Axis:
    """The vertical axis of a curve: the larger number is higher up."""
    low, high = min(values), max(values)
    if high - low < 1e-12 * max(abs(high), 1.0):
        low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
    return Axis(low, high, HEIGHT - BOTTOM, TOP)


def thin(points: Points) -> Points:
    """At most `MOST_POINTS` points, each the mean of as many neighbours; the last stays as it is."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS - 1))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    means = [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]
    return [*means, points[-1]]


def write_number(value: float) -> str:
    """A number in few letters: 1.2 M, 35 k, 0.043."""
    size = abs(value)
    if size >= 999_500:
        text = f"{value / 1e6:.3g} M"
    elif size >= 9_995:
        text = f"{value / 1e3:.3g} k"
    elif size >= 1000:
        text = f"{value:.0f}"
    elif size == 0 or size >= 0.001:
        text = f"{value:.3g}"
    else:
        text = f"{value:.1e}"
    return text.replace("-", "−")
