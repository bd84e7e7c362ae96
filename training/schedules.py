"""Piecewise linear schedules over a run."""

from __future__ import annotations

from collections.abc import Sequence


def in_steps(schedule: float | Sequence[Sequence[float]], steps: int) -> float | list[list[float]]:
    """Convert a schedule over fractions of a run into RLlib's: a number, or at least two points [step, value] from 0.

    Two points with the same fraction make a jump; the second value holds from there on.
    """
    if isinstance(schedule, int | float):
        return float(schedule)
    points = [[int(fraction * steps), float(value)] for fraction, value in schedule]
    if points[0][0] > 0:
        points.insert(0, [0, points[0][1]])
    return points if len(points) > 1 else points[0][1]
