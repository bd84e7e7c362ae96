"""Distributions of numbers: moments, quartiles and a histogram. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

FEWEST_BINS, MOST_BINS = 6, 40


@dataclass(frozen=True)
class Bin:
    """The number of values from `low` up to, but not including, `high`; the last bin includes its upper end."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Distribution:
    """Summary of a sample; `error` (of the mean) and `deviation` are None for a single value."""

    count: int
    mean: float
    error: float | None
    deviation: float | None
    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    most: float
    bins: tuple[Bin, ...]


def distribute(values: ArrayLike) -> Distribution | None:
    """Return the distribution of numbers (n,); None if there are none."""
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        return None
    deviation = float(numbers.std(ddof=1)) if len(numbers) > 1 else None
    least, lower, median, upper, most = (float(value) for value in np.quantile(numbers, (0, 0.25, 0.5, 0.75, 1)))
    return Distribution(
        count=len(numbers),
        mean=float(numbers.mean()),
        error=None if deviation is None else deviation / math.sqrt(len(numbers)),
        deviation=deviation,
        least=least,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        most=most,
        bins=_cut(numbers),
    )


def _cut(numbers: np.ndarray) -> tuple[Bin, ...]:
    """Return bins of equal width over the range, about twice the square root of the number of values."""
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return (Bin(low, high, len(numbers)),)
    size = min(max(math.ceil(2 * math.sqrt(len(numbers))), FEWEST_BINS), MOST_BINS)
    if (numbers == np.rint(numbers)).all():  # Each bin covers equally many whole numbers.
        width = math.ceil((high - low + 1) / size)
        edges = np.arange(low, high + width + 1, width) - 0.5
        edges = edges[: np.searchsorted(edges, high) + 1]
    else:
        edges = np.linspace(low, high, size + 1)
    counts, _ = np.histogram(numbers, edges)
    return tuple(
        Bin(float(start), float(end), int(count)) for start, end, count in zip(edges, edges[1:], counts, strict=False)
    )
