"""Values that change over a run, linearly between points."""

from __future__ import annotations

from collections.abc import Sequence


def value_at(schedule: float | Sequence[Sequence[float]], fraction: float) -> float:
    """The value after this fraction of a run: a number's own, or what lies between the points [fraction, value] around it.

    Two points with the same fraction are a jump, whose second value holds from there on.
    """
    if isinstance(schedule, int | float):
        return float(schedule)
    before = schedule[0]
    for point in schedule:
        if point[0] > fraction:
            if point is before:
                return float(point[1])
            share = (fraction - before[0]) / (point[0] - before[0])
            return float(before[1] + share * (point[1] - before[1]))
        before = point
    return float(before[1])


def in_steps(schedule: float | Sequence[Sequence[float]], steps: int) -> float | list[list[float]]:
    """The schedule in RLlib's form, whose abscissas are steps: a number, or at least two points from step 0 on."""
    if isinstance(schedule, int | float):
        return float(schedule)
    points = [[int(fraction * steps), float(value)] for fraction, value in schedule]
    if points[0][0] > 0:
        points.insert(0, [0, points[0][1]])
    return points if len(points) > 1 else points[0][1]
