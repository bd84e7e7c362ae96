"""An optional layer between the ground and the fields of view: who talks to whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mate.rendering.shapes import Line, Points, Shape

TEAM_COLOURS = {"camera": (0.0, 0.0, 1.0), "target": (1.0, 0.0, 0.0)}
_LEFT_BARB = np.array([[0.04, 0.015], [-0.015, 0.04]])
_RIGHT_BARB = np.array([[0.04, -0.015], [0.015, 0.04]])


class CommunicationCounters:
    """For how many steps the arrows between N members of a team still show."""

    def __init__(self, num_members: int, duration: int) -> None:
        self.duration = duration
        self.remaining = np.zeros((num_members, num_members), np.int64)

    def add(self, has_sent: ArrayLike) -> None:
        """Count a step before which messages went from row to column where ``has_sent`` (N, N)."""
        np.maximum(self.remaining - 1, 0, out=self.remaining)
        self.remaining[np.asarray(has_sent, bool)] = self.duration

    def arrows(self, team: str, locations: ArrayLike) -> list[Shape]:
        """Return the arrows between the members at ``locations`` (N, 2)."""
        return communication_arrows(team, locations, self.remaining, self.duration)


def communication_arrows(team: str, locations: ArrayLike, counters: ArrayLike, duration: int) -> list[Shape]:
    """A dashed arrow for every pair (sender, recipient) whose counter is positive, paler the longer ago it was set.

    ``team`` is ``camera`` or ``target``, ``locations`` (N, 2), ``counters`` (N, N) in steps, counting down from
    ``duration``.
    """
    points, counts = np.asarray(locations, dtype=float), np.asarray(counters)
    shapes: list[Shape] = []
    for sender, recipient in np.argwhere(counts > 0):
        colour = (*TEAM_COLOURS[team], min(1.0, 1.2 * counts[sender, recipient] / duration))
        is_mutual = bool(counts[recipient, sender] > 0)
        strokes = _arrow(points[sender], points[recipient], is_mutual)
        shapes += [Line(stroke, colour, width=2.5, is_dashed=True) for stroke in strokes]
    return shapes


def _arrow(start: Points, end: Points, is_mutual: bool) -> list[Points]:
    """The shaft and its barbs; an arrow of a mutual pair moves to its left and has its outer barb only."""
    length = float(np.hypot(*(end - start)))
    if length == 0:
        return []
    shaft = (end - start) * max(0.9, (length - 50) / length)
    start, end = end - shaft, start + shaft
    if is_mutual:
        shift = 10 * np.array([-shaft[1], shaft[0]]) / np.hypot(*shaft)
        start, end = start + shift, end + shift
    barbs = [_LEFT_BARB] if is_mutual else [_LEFT_BARB, _RIGHT_BARB]
    return [np.array([start, end]), *(np.array([end, end - _limited(barb @ shaft, 50)]) for barb in barbs)]


def _limited(vector: Points, length: float) -> Points:
    norm = float(np.hypot(*vector))
    return vector if norm <= length else vector * (length / norm)
