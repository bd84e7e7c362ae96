"""The generalised sequential probability ratio test (GSPRT) of a normalised difference, and estimates after it stopped.

The test compares two hypotheses about t = m / s, `low` and `high`, where m and s are mean and standard deviation of
paired differences; s is unknown and maximised out. In normalised Elo, t is multiplied by 800 / ln 10 = 347.4:
differences are measured in units of their own noise, so that a test's length does not depend on the noise of the game
(M. Van den Bergh, "Normalized Elo", 2021). The likelihood is normal, as in a sequential t-test (S. Rushton, Biometrika
37, 1950). By the central limit theorem it holds for other distributions too when differences are small against their
noise, that is when a test is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ELO = 800.0 / log(10.0)
"""Normalised Elo of a difference that equals its own standard deviation."""
OVERSHOOT = 0.5826
"""Expected overshoot of a random walk over a boundary, in standard deviations of one step (D. Siegmund, 1985)."""

MOST_LOOKS = 100
"""Maximum number of looks that an estimate considers; in longer tests it takes every second, third, ... look."""
MOST_NODES = 480
REACH = 6.0
"""Maximum distance, in standard errors, at which an estimate and its interval are searched."""


def log_likelihood_ratio(count: int, mean: float, variance: float, low: float, high: float) -> float:
    """Return the log-likelihood ratio (LLR, natural) of t = `high` against t = `low` for `count` paired differences.

    `mean` and `variance` are those of the differences, `variance` unbiased.
    """
    if count == 0:
        return 0.0
    if variance == 0.0 and mean == 0.0:
        return count * (low**2 - high**2) / 2  # The limit for differences that vanish against their noise.
    return count * (_profile(mean, variance, high) - _profile(mean, variance, low))


def cornish_fisher(t: float, skewness: float, low: float, high: float) -> float:
    """Return the Cornish-Fisher correction of t, a mean in units of its deviation, for skewed differences.

    The result is what t would be worth in a test of `low` against `high` without skewness. Under skewness, samples with
    a high mean have a high or a low deviation too, so that the test would reach one verdict too easily. To first order
    in the skewness g, the normalised score of a true t_k is u + g (u^2 / 3 + t_k u / 2) with u = t - t_k (plus g / 6 n
    for n differences; E. A. Cornish and R. A. Fisher, 1938, and for t_k = 0 P. Hall, JRSS B 54, 1992). Half the
    difference of the squared scores of `low` and `high` is (high - low) * (result - middle), where the middle is that
    of `low` and `high`. Here result - middle is c(t) = t + g t^2 / 2 minus the mean of c between `low` and `high`. As
    in Hall's transformation, a cubic term makes c monotone.
    """
    return _cube(t, skewness) - _offset(skewness, low, high)


def invert_cornish_fisher(corrected: float, skewness: float, low: float, high: float) -> float:
    """Return the t whose Cornish-Fisher correction is `corrected`."""
    raised = corrected + _offset(skewness, low, high)
    if abs(skewness) < 1e-6:
        return raised
    return float(2 * (np.cbrt(1 + 1.5 * skewness * raised) - 1) / skewness)


def _cube(t: float, skewness: float) -> float:
    """Return ((1 + g t / 2)^3 - 1) / (3 g / 2), multiplied out."""
    return t + skewness * t**2 / 2 + skewness**2 * t**3 / 12


def _offset(skewness: float, low: float, high: float) -> float:
    """Return the mean of the cubes from `low` to `high`, less their middle."""
    middle, span = (low + high) / 2, high - low
    mean = _cube(middle, skewness) + skewness * span**2 / 24 + skewness**2 * middle * span**2 / 48
    return mean - middle


def _profile(mean: float, variance: float, t: float) -> float:
    """Return the log-likelihood of a difference with mean = t * deviation, maximised over the deviation.

    A constant is left out.
    """
    square = variance + mean**2
    deviation = (-t * mean + sqrt(t**2 * mean**2 + 4 * square)) / 2
    return -log(deviation) - square / (2 * deviation**2) + t * mean / deviation - t**2 / 2


@dataclass(frozen=True)
class Bounds:
    """The boundaries of the test: it stops for `low` at an LLR of `reject` or less, for `high` at `accept` or more."""

    low: float
    high: float
    reject: float
    accept: float

    @classmethod
    def of(cls, low: float, high: float, error: float, step: float) -> Bounds:
        """Return Wald's bounds for both errors, corrected for the overshoot of looks `step` differences apart."""
        wald = log((1 - error) / error)
        corrected = max(wald - OVERSHOOT * (high - low) * sqrt(step), wald / 10)
        return cls(low, high, -corrected, corrected)

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    def walk(self, llr: float) -> float:
        """Return the LLR as the position of a random walk with variance 1 and drift t - middle for each difference."""
        return llr / (self.high - self.low)


@dataclass(frozen=True)
class MedianUnbiasedEstimate:
    """A median-unbiased estimate and equal-tailed interval of t."""

    value: float
    lower: float
    upper: float


def estimate(bounds: Bounds, looks: Sequence[int], llr: float, confidence: float = 0.95) -> MedianUnbiasedEstimate:
    """Estimate t after a sequential test, given the numbers of differences at its `looks` and the last LLR.

    Outcomes are ordered by stages: crossing the upper bound indicates a larger t than staying inside, and an earlier
    crossing a larger t than a later one. For the lower bound the reverse holds (D. Siegmund, Biometrika 65, 1978; for
    secondary estimates see T. L. Lai and others). The probability G(t) of an outcome at least as high as the observed
    one rises with t; the estimate is where it is 1/2. The test is approximated by a Brownian motion observed at the
    looks, whose density is propagated from look to look.
    """
    from scipy.optimize import brentq

    place = bounds.walk(llr)
    stride = ceil(len(looks) / MOST_LOOKS)
    walk = _Walk.of(bounds, list(looks)[::-1][::stride][::-1], place)
    # The roots lie within `REACH` standard errors of the last look.
    reach = REACH / sqrt(looks[-1]) + abs(place) / looks[-1]

    def solve(probability: float) -> float:
        low, high = -reach, reach
        if walk.exceed(low) > probability:
            return -inf
        if walk.exceed(high) < probability:
            return inf
        return float(brentq(lambda drift: walk.exceed(drift) - probability, low, high, xtol=1e-7))

    tail = (1 - confidence) / 2
    value, lower, upper = (bounds.middle + solve(probability) for probability in (0.5, tail, 1 - tail))
    return MedianUnbiasedEstimate(value, lower, upper)


@dataclass(frozen=True)
class _Walk:
    """A random walk between its bounds, as its driftless density after each of L looks except the last.

    `nodes` (M,) are Gauss-Legendre nodes between the bounds, `densities` (L - 1, M) the densities there times the
    nodes' weights. `steps` and `before` (L,) are the numbers of differences added at each look and before it; `bars`
    (L,) are the positions from which on an outcome counts as at least as high.
    """

    nodes: Array
    densities: Array
    steps: Array
    before: Array
    bars: Array

    @classmethod
    def of(cls, bounds: Bounds, looks: Sequence[int], end: float) -> _Walk:
        before = np.array([0, *looks[:-1]], dtype=np.float64)
        steps = np.array(looks) - before
        upper = bounds.walk(bounds.accept)
        # Distant bounds are clipped to the range that the walk can reach.
        near = 2 * REACH * sqrt(looks[-1]) + abs(end)
        low, high = max(bounds.walk(bounds.reject), -near), min(upper, near)
        size = int(np.clip(16 * np.ceil(6 * (high - low) / sqrt(steps.min()) / 16), 48, MOST_NODES))
        points, weights = _quadrature(size)
        nodes = (high + low) / 2 + points * (high - low) / 2
        weights = weights * (high - low) / 2
        densities = np.empty((len(looks) - 1, size))
        for number, step in enumerate(steps[:-1]):
            if number == 0:
                density = _normal(nodes, step)
            else:
                if number == 1 or step != steps[number - 1]:
                    spread = _normal(nodes[:, None] - nodes[None, :], step)
                density = spread @ densities[number - 1]
            densities[number] = density * weights
        return cls(nodes, densities, steps, before, np.append(np.full(len(looks) - 1, upper), end))

    def exceed(self, drift: float) -> float:
        """Return the probability of an outcome at least as high as the observed one, given the drift per difference."""
        from scipy.special import ndtr

        first = ndtr((drift * self.steps[0] - self.bars[0]) / sqrt(self.steps[0]))
        steps, before, bars = (column[1:, None] for column in (self.steps, self.before, self.bars))
        # A drift weights driftless paths by a factor that depends only on their position.
        tilt = np.exp(np.minimum(drift * self.nodes - drift**2 * before / 2, 700.0))
        beyond = ndtr((self.nodes + drift * steps - bars) / np.sqrt(steps))
        return float(first + (self.densities * tilt * beyond).sum())


@cache
def _quadrature(size: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(size)


def _normal(distance: Array, variance: float) -> Array:
    return np.exp(-(distance**2) / (2 * variance)) / sqrt(2 * np.pi * variance)


def expect_left(bounds: Bounds, llr: float, t: float) -> float:
    """Return the expected number of further differences of a test at `llr` for a true t (A. Wald, 1945)."""
    place, lower, upper = (bounds.walk(number) for number in (llr, bounds.reject, bounds.accept))
    if not lower < place < upper:
        return 0.0
    drift = t - bounds.middle
    if abs(drift) * (upper - lower) < 1e-3:
        return (upper - place) * (place - lower)
    # Probability of ending at the upper bound, written for the sign that cannot overflow.
    if drift > 0:
        rise = (1 - exp(-2 * drift * (place - lower))) / (1 - exp(-2 * drift * (upper - lower)))
    else:
        rise = exp(2 * drift * (upper - place)) - exp(2 * drift * (upper - lower))
        rise /= 1 - exp(2 * drift * (upper - lower))
    return (upper * rise + lower * (1 - rise) - place) / drift
