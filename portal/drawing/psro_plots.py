"""Charts of a PSRO run as SVG: strategies over iterations as stacked areas, and NashConv with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.drawing.plots import Axis, draw_levels
from portal.texts import in_language

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 26
# The colour map Viridis from dark to bright. Its colours differ in brightness too, for readers with colour blindness.
PALETTE = ("#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
MOST_TICKS = 12


def colour(number: int, count: int) -> str:
    """Return the colour of the `number`-th of `count` agents, from dark to bright."""
    place = (len(PALETTE) - 1) * number / max(count - 1, 1)
    first = min(int(place), len(PALETTE) - 2)
    ends = [[int(PALETTE[one][start : start + 2], 16) for start in (1, 3, 5)] for one in (first, first + 1)]
    mixed = [round(a + (b - a) * (place - first)) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def draw_strategies(strategies: Sequence[Sequence[float]], title: str, shown: int | None = None) -> SafeString:
    """Return strategies over iterations as stacked areas, whose heights sum to 1.

    Each iteration has (k,) shares, one more than the iteration before. A vertical line marks the iteration `shown`.
    Empty for fewer than two iterations.
    """
    if len(strategies) < 2:
        return SafeString("")
    count = len(strategies[-1])
    x = Axis(0, len(strategies) - 1, LEFT, WIDTH - RIGHT)
    y = Axis(0.0, 1.0, HEIGHT - BOTTOM, TOP)
    full = [[*shares, *[0.0] * (count - len(shares))] for shares in strategies]
    below = [0.0] * len(full)
    areas = []
    for number in range(count):
        above = [base + shares[number] for base, shares in zip(below, full, strict=True)]
        there = [f"{x.at(place):.1f},{y.at(value):.1f}" for place, value in enumerate(above)]
        back = [f"{x.at(place):.1f},{y.at(value):.1f}" for place, value in reversed(list(enumerate(below)))]
        areas.append((" ".join(there + back), colour(number, count)))
        below = above
    return format_html(
        '<svg class="areas" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        WIDTH, HEIGHT, in_language(f"{title} over {len(strategies)} iterations; the table has the same figures"),
        format_html_join("", '<polygon points="{}" fill="{}"/>', areas),
        draw_levels(y, (0.0, 0.5, 1.0), LEFT, WIDTH - RIGHT),
        draw_iterations(x, len(strategies) - 1) + mark_shown(x, shown),
    )  # fmt: skip


@dataclass(frozen=True)
class Bounded:
    """A value of an iteration with its optional interval."""

    iteration: int
    value: float
    low: float | None
    high: float | None

    @property
    def is_bounded(self) -> bool:
        """Return whether the upper limit is known. A value without an interval counts as bounded."""
        return self.low is None or self.high is not None


def draw_intervals(figures: Sequence[Bounded], title: str, shown: int | None = None) -> SafeString:
    """Return a line through values with a band of their intervals; empty for fewer than two values.

    The line leaves out values without an upper limit. Crosses mark their iterations, because the best responses failed
    there.
    """
    iterations = [figure.iteration for figure in figures]
    failed = [figure.iteration for figure in figures if not figure.is_bounded]
    figures = [figure for figure in figures if figure.is_bounded]
    if len(figures) < 2:
        return SafeString("")
    tops = [figure.value if figure.high is None else figure.high for figure in figures]
    bottoms = [figure.value if figure.low is None else figure.low for figure in figures]
    low, high = min(0.0, *bottoms), max(*tops, 1e-9)
    x = Axis(iterations[0], iterations[-1], LEFT, WIDTH - RIGHT)
    y = Axis(low, high + 0.05 * (high - low), HEIGHT - BOTTOM, TOP)

    def points(values: Sequence[float]) -> list[str]:
        return [f"{x.at(one.iteration):.1f},{y.at(value):.1f}" for one, value in zip(figures, values, strict=True)]

    line = points([figure.value for figure in figures])
    return format_html(
        '<svg class="curve intervals" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<polygon points="{}"/>'
        '<polyline points="{}"/>{}{}{}</svg>',
        WIDTH, HEIGHT, in_language(f"{title} by iteration; the table has the same figures"),
        draw_levels(y, (low, (low + high) / 2, high), LEFT, WIDTH - RIGHT),
        " ".join(points(tops) + points(bottoms)[::-1]), " ".join(line),
        format_html_join("", '<circle cx="{}" cy="{}" r="3"/>', (point.split(",") for point in line)),
        format_html_join(
            "", '<text x="{}" y="{}" text-anchor="middle">×<title>{}</title></text>',
            ((f"{x.at(number):.1f}", HEIGHT - BOTTOM - 4, in_language(f"Iteration {number}: no upper limit"))
            for number in failed),
        ),
        draw_iterations(x, iterations[-1], iterations[0]) + mark_shown(x, shown),
    )  # fmt: skip


def mark_shown(x: Axis, number: int | None) -> SafeString:
    """Return a vertical line at the iteration whose strategies and payoffs the page shows."""
    if number is None or not x.low <= number <= x.high:
        return SafeString("")
    at = f"{x.at(number):.1f}"
    return format_html('<line class="shown" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>', at, TOP, HEIGHT - BOTTOM)


def draw_iterations(x: Axis, last: int, first: int = 0) -> SafeString:
    """Return the numbers of the iterations below the axis, only as many as fit."""
    step = max(1, -(-(last - first) // MOST_TICKS))
    return format_html_join(
        "", '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((f"{x.at(number):.1f}", HEIGHT - 8, number) for number in range(first, last + 1, step)),
    )  # fmt: skip
