"""Building blocks of charts in SVG: axes, thinned points, short numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

MOST_POINTS = 300

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """An axis that maps values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def draw_levels(y: Axis, levels: Sequence[float], left: float, right: float) -> SafeString:
    """Return horizontal lines at these values, with their labels on the left."""
    return format_html_join(
        "", '<line x1="{0}" x2="{1}" y1="{2}" y2="{2}"/><text x="{3}" y="{4}" text-anchor="end">{5}</text>',
        ((left, right, f"{y.at(one):.1f}", left - 5, f"{y.at(one) + 4:.1f}", write_number(one)) for one in levels),
    )  # fmt: skip


def thin(points: Points) -> Points:
    """Return at most `MOST_POINTS` points, each the mean of equally many neighbours. The last point stays."""
    if len(points) <= MOST_POINTS:
        return points
    size = math.ceil(len(points) / (MOST_POINTS - 1))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    means = [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]
    return [*means, points[-1]]


def write_number(value: float) -> str:
    """Return a number as a short text: 1.2 M, 35 k, 0.043."""
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
