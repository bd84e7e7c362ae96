"""Values that change over a run, linearly between points."""

from __future__ import annotations

from collections.abc import Sequence


def in_steps(schedule: float | Sequence[Sequence[float]], steps: int) -> float | list[list[float]]:
    """A schedule over the fractions of a run in RLlib's form, whose abscissas are steps: a number, or at least two points from step 0 on.

    Two points with the same fraction are a jump, whose second value holds from there on.
    """
    if isinstance(schedule, int | float):
        return float(schedule)
    points = [[int(fraction * steps), float(value)] for fraction, value in schedule]
    if points[0][0] > 0:
        points.insert(0, [0, points[0][1]])
    return points if len(points) > 1 else points[0][1]
