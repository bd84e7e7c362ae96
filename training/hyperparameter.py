"""The description of one hyperparameter: its meaning, bounds, defaults and valid values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mate.messages import TEAMS
from training.algorithms import ALGORITHMS

EVERY_ALGORITHM = tuple(ALGORITHMS)
MAX_POINTS = 20


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter.

    ``kind``: an ``integer`` or ``number`` lies between ``low`` and ``high``; a ``choice`` is one of ``choices``;
    ``sizes`` is a list of 1 to 8 integers between the bounds; a ``schedule`` is a number, or a list of points [fraction
    of the run, value] that are interpolated linearly. Two points with the same fraction make a jump. ``upstream`` and
    ``quick`` are the presets' defaults; a mapping gives a default for each team.
    """

    name: str
    group: str
    kind: str
    meaning: str
    upstream: Any
    quick: Any
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    teams: tuple[str, ...] = TEAMS
    algorithms: tuple[str, ...] = EVERY_ALGORITHM

    def applies_to(self, algorithm: str, team: str) -> bool:
        """Whether the hyperparameter has an effect with this algorithm and team."""
        return algorithm in self.algorithms and team in self.teams

    def default(self, preset: str, team: str) -> Any:
        """Return its default in a preset."""
        value = getattr(self, preset)
        return value[team] if isinstance(value, Mapping) else value

    @property
    def bounds(self) -> str:
        """The range in words; numbers are written in full unless they are tiny."""
        return f"{_write(self.low)} to {_write(self.high)}"

    def find_problem(self, value: Any) -> str | None:
        """Return what is wrong with a value, as a phrase that follows the name; None if it is valid."""
        if self.kind == "choice":
            return None if value in self.choices else f"is {value!r}; it is one of {', '.join(self.choices)}"
        if self.kind == "sizes":
            return self._find_problem_of_sizes(value)
        if self.kind == "schedule" and isinstance(value, list | tuple):
            return self._find_problem_of_points(value)
        return self._find_problem_of_number(value)

    def _find_problem_of_number(self, value: Any) -> str | None:
        expected = int if self.kind in ("integer", "sizes") else int | float
        is_number = isinstance(value, expected) and not isinstance(value, bool) and math.isfinite(value)
        if is_number and self.low <= value <= self.high:
            return None
        what = "a whole number" if expected is int else "a number"
        return f"is {_shorten(value)}; it is {what} from {_write(self.low)} to {_write(self.high)}"

    def _find_problem_of_sizes(self, value: Any) -> str | None:
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= 8:
            return f"is {_shorten(value)}; it is a list of 1 to 8 widths, such as [64, 64]"
        return next((problem for size in value if (problem := self._find_problem_of_number(size))), None)

    def _find_problem_of_points(self, points: Any) -> str | None:
        if not 1 <= len(points) <= MAX_POINTS or not all(
            isinstance(point, list | tuple) and len(point) == 2 for point in points
        ):
            return f"is no schedule; it is a number, or 1 to {MAX_POINTS} points [fraction of the run, value]"
        previous = 0.0
        for fraction, value in points:
            is_number = isinstance(fraction, int | float) and not isinstance(fraction, bool)
            if not is_number or not previous <= fraction <= 1.0:
                return f"has the fraction {_shorten(fraction)}; fractions of the run ascend from 0 to 1"
            if problem := self._find_problem_of_number(value):
                return f"has a point that {problem}"
            previous = fraction
        return None


def _write(bound: float) -> str:
    """Format a bound with a typographic minus sign."""
    return (f"{bound:,.0f}" if float(bound).is_integer() else f"{bound:g}").replace("-", "−")


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
