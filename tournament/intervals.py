"""Confidence intervals from variances that are estimated from few seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tournament.payoffs import Array
from training.scores.student import CONFIDENCE, student

__all__ = ["CONFIDENCE", "NORMAL", "Variance", "fewest", "quantile", "student"]

NORMAL = 1.959963984540054
"""The normal distribution's quantile for a two-sided 95 % interval."""


@dataclass
class Variance:
    """A sum of estimated variances with its degrees of freedom (Satterthwaite 1946; Welch 1947).

    All arrays have the shape of the estimate.
    """

    total: Array
    certain: Array
    """The part that is known exactly."""
    squares: Array = field(init=False)

    def __post_init__(self) -> None:
        self.squares = np.zeros_like(self.total)

    @classmethod
    def known(cls, variance: Array) -> Variance:
        """Return a variance that is known exactly, to which estimates can be added."""
        return cls(np.zeros_like(variance), variance)

    def add(self, variance: Array, freedom: Array | float) -> None:
        """Add an independent estimate; less than one degree of freedom counts as one."""
        self.total += variance
        self.squares += variance**2 / np.maximum(freedom, 1.0)

    @classmethod
    def joined(cls, parts: Sequence[Variance], shape: tuple[int, ...]) -> Variance:
        """Concatenate the variances of several parts, in this shape."""
        names = ("total", "certain", "squares")
        total, certain, squares = (
            np.concatenate([getattr(part, name) for part in parts]).reshape(shape) for name in names
        )
        whole = cls(total, certain)
        whole.squares = squares
        return whole

    @property
    def freedom(self) -> Array:
        """Degrees of freedom, at least 1; infinite where nothing is estimated."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (self.total + self.certain) ** 2 / self.squares
        return np.where(self.squares > 0, np.maximum(found, 1.0), np.inf)

    def half_widths(self, confidence: float = CONFIDENCE) -> Array:
        """Return the half widths of the two-sided intervals, by Student's distribution."""
        return quantile(confidence, self.freedom) * np.sqrt(self.total + self.certain)


def quantile(confidence: float, freedom: Array | float) -> Array:
    """Return two-sided quantiles of Student's distribution."""
    from scipy.special import ndtri, stdtrit

    probability = (1.0 + confidence) / 2.0
    shape = np.shape(freedom)
    values, places = np.unique(np.round(np.ravel(freedom), 2), return_inverse=True)
    is_finite = np.isfinite(values)
    found = np.full(len(values), ndtri(probability))
    found[is_finite] = stdtrit(values[is_finite], probability)
    return np.asarray(found[places].reshape(shape))


def fewest(first: Array, second: Array) -> Array:
    """Return the smaller of two numbers of seeds, ignoring zeros."""
    both = np.minimum(np.where(first > 0, first, np.inf), np.where(second > 0, second, np.inf))
    return np.where(np.isfinite(both), both, max(first.max(initial=0.0), second.max(initial=0.0)))
