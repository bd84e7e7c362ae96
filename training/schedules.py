"""Piecewise linear schedules over a run."""

from __future__ import annotations

from collections.abc import Sequence


def value_at(schedule: float | Sequence[Sequence[float]], fraction: float) -> float:
    """Return a schedule's value after this fraction of the run; of two points with one fraction, the second counts."""
    if isinstance(schedule, int | float):
        return float(schedule)
    before = [point for point in schedule if point[0] <= fraction]
    after = [point for point in schedule if point[0] > fraction]
    if not before or not after:
        return float(before[-1][1] if before else after[0][1])
    (start, low), (end, high) = before[-1], after[0]
    return float(low + (high - low) * (fraction - start) / (end - start))


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


def cap(schedule: float | Sequence[Sequence[float]], limit: float | None) -> float | list[list[float]]:
    """Return the schedule with its values capped at ``limit``; unchanged if ``limit`` is None."""
    limit = float("inf") if limit is None else limit
    if isinstance(schedule, int | float):
        return min(float(schedule), limit)
    return [[fraction, min(float(value), limit)] for fraction, value in schedule]
