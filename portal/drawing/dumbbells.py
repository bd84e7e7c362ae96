"""Dumbbell plot of two agents' payoffs: a row for each opponent, with a dot for each agent, joined by a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.drawing.charts import round_values
from portal.drawing.heatmaps import cut
from portal.drawing.plots import Axis, write_number

TOP, BOTTOM, RIGHT = 10, 34, 24
LETTER = 8.0
"""Width in pixels of a character of an opponent's name."""


@dataclass(frozen=True)
class Layout:
    """The sizes of a plot in pixels. A name stands beside its row, or above it where the screen is narrow."""

    name: str
    width: int
    row: int
    ticks: int
    has_names_above: bool


WIDE, NARROW = Layout("wide", 760, 26, 6, False), Layout("narrow", 330, 42, 3, True)


@dataclass(frozen=True)
class OpponentPair:
    """The payoffs of both agents against an opponent."""

    opponent: str
    first: float
    second: float


def draw(
    pairs: Sequence[OpponentPair], first: str, second: str, gap: int | None = None, layout: Layout = WIDE
) -> SafeString:
    """Return the plot with a row for each opponent; empty if there are no opponents.

    A dashed line after `gap` rows shows that others are left out there.
    """
    if not pairs:
        return SafeString("")
    values = [value for pair in pairs for value in (pair.first, pair.second)]
    low, high = min(values), max(values)
    slack = 0.06 * (high - low) or 0.05
    left = 10 if layout.has_names_above else 16 + LETTER * max(len(cut(pair.opponent)) for pair in pairs)
    x = Axis(low - slack, high + slack, left, layout.width - RIGHT)
    height = TOP + layout.row * len(pairs) + BOTTOM
    rows = [(draw_row(pair, x, TOP + layout.row * (place + 0.5), layout),) for place, pair in enumerate(pairs)]
    return format_html(
        '<svg class="dumbbells {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        layout.name, layout.width, height, f"{first}, {second}", draw_axis(x, height, layout.ticks),
        "" if gap is None else draw_gap(layout.width, TOP + layout.row * gap), format_html_join("", "{}", rows),
    )  # fmt: skip


def draw_axis(x: Axis, height: float, ticks: int) -> SafeString:
    """Return vertical lines at round payoffs, with their labels below."""
    places = [(f"{x.at(value):.1f}", write_number(value)) for value in round_values(x.low, x.high, ticks)]
    return format_html_join(
        "",
        '<line class="grid-line" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        '<text x="{0}" y="{3}" text-anchor="middle">{4}</text>',
        ((at, TOP, height - BOTTOM, height - 12, figure) for at, figure in places),
    )  # fmt: skip


def draw_gap(width: int, y: float) -> SafeString:
    return format_html('<line class="gap" x1="0" x2="{}" y1="{}" y2="{}"/>', width, y, y)


def draw_row(pair: OpponentPair, x: Axis, y: float, layout: Layout) -> SafeString:
    """Return the name, the line and the dots of an opponent, whose row has its middle at `y`."""
    above = layout.has_names_above
    name_x, name_y, anchor = (0.0, y - 8, "start") if above else (x.start - 10, y, "end")
    y += 8 * above
    first, second = f"{x.at(pair.first):.1f}", f"{x.at(pair.second):.1f}"
    title = f"{pair.opponent}: {write_number(pair.first)}, {write_number(pair.second)}"
    return format_html(
        '<g><title>{}</title><text x="{}" y="{}" text-anchor="{}" dominant-baseline="central">{}</text>'
        '<line class="join" x1="{}" x2="{}" y1="{}" y2="{}"/><circle class="second" cx="{}" cy="{}" r="6"/>'
        '<circle class="first" cx="{}" cy="{}" r="6"/></g>',
        title, f"{name_x:.0f}", name_y, anchor, cut(pair.opponent), first, second, y, y, second, y, first, y,
    )  # fmt: skip
