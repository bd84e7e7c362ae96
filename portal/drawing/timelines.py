"""The history of a rating as a chart: a point with its interval for each snapshot, and marks where the code changed."""

from __future__ import annotations

from dataclasses import dataclass

from tournament.history import HistoryPoint

ROOM = 0.08
"""Fraction of the chart's height that stays free above and below."""


@dataclass(frozen=True)
class Dot:
    """The rating of a snapshot: its point and its interval, in per cent from the left and top of the chart."""

    point: HistoryPoint
    x: float
    y: float
    upper: float
    lower: float


@dataclass(frozen=True)
class Timeline:
    """Ratings over snapshots.

    `least` and `most` are the ends of the axis in Elo. `line` and `band` are SVG points in per cent.
    """

    dots: list[Dot]
    line: str
    band: str
    least: float
    most: float


def draw(history: list[HistoryPoint]) -> Timeline | None:
    """Return the chart of the snapshots that rated the agent; None for fewer than two."""
    rated = [point for point in history if point.rating.rating is not None]
    if len(rated) < 2:
        return None
    ends = [end for point in rated for end in _ends(point)]
    room = max(ROOM * (max(ends) - min(ends)), 5.0)
    least, most = min(ends) - room, max(ends) + room

    def height(rating: float) -> float:
        return round(100 * (most - rating) / (most - least), 2)

    dots = []
    for number, point in enumerate(rated):
        lower, rating, upper = _ends(point)
        x = round(2 + 96 * number / (len(rated) - 1), 2)
        dots.append(Dot(point, x, height(rating), height(upper), height(lower)))
    there = [f"{dot.x:g},{dot.upper:g}" for dot in dots]
    back = [f"{dot.x:g},{dot.lower:g}" for dot in reversed(dots)]
    return Timeline(dots, " ".join(f"{dot.x:g},{dot.y:g}" for dot in dots), " ".join(there + back), least, most)


def _ends(point: HistoryPoint) -> tuple[float, float, float]:
    """Return lower end, rating and upper end; all three are the rating if there is no interval."""
    found = point.rating
    rating = found.rating or 0.0
    return (
        rating if found.lower is None else found.lower,
        rating,
        rating if found.upper is None else found.upper,
    )
