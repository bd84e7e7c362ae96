"""Estimates of one configuration, and comparisons of two, from the scores of their runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.scores.student import student

Array = NDArray[np.float64]

RESAMPLES = 2000
RESAMPLING_SEED = 2021
CHUNK = 2_000_000
"""Maximum number of episodes that are drawn at once."""
MIN_RUNS = 5
"""Minimum number of runs of a configuration for a bootstrap interval: with fewer, no interval reaches 95 % coverage."""
MIN_RUNS_PER_SCENARIO = 3


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; the limits are None if there are too few runs."""

    value: float
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """Return the fields by name."""
        return asdict(self)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:+.4f} [no interval]"
        return f"{self.value:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass(frozen=True)
class RunScores:
    """The runs of one configuration: for each scenario, the scores (E,) of the episodes of each run (a seed)."""

    name: str
    scenarios: Mapping[str, Sequence[ArrayLike]]
    means: Mapping[str, Array] = field(init=False, repr=False)
    """The mean score of each run, by scenario; scenarios without runs are left out."""

    def __post_init__(self) -> None:
        means = {
            scenario: np.array([np.mean(np.asarray(run, np.float64)) for run in runs])
            for scenario, runs in self.scenarios.items()
            if len(runs)
        }
        object.__setattr__(self, "means", means)

    @property
    def num_runs(self) -> int:
        return sum(map(len, self.means.values()))

    @property
    def has_enough(self) -> bool:
        """Whether there are enough runs for a bootstrap interval."""
        return self.num_runs >= MIN_RUNS and min(map(len, self.means.values())) >= MIN_RUNS_PER_SCENARIO

    def only(self, scenarios: Sequence[str]) -> RunScores:
        """Return the runs in these scenarios."""
        return RunScores(self.name, {one: self.scenarios[one] for one in scenarios if one in self.means})


def interquartile_mean(scores: ArrayLike) -> Array:
    """Return the interquartile mean over the last axis (..., n); the quarter cut off at each end is rounded down."""
    values = np.sort(np.asarray(scores, np.float64), axis=-1)
    cut = values.shape[-1] // 4
    middle: Array = np.mean(values[..., cut : values.shape[-1] - cut], axis=-1)
    return middle


def mean_of(scores: RunScores) -> Estimate:
    """Return the mean over scenarios of the mean over runs, with Student's interval over runs.

    The degrees of freedom are Satterthwaite's (1946). There is no interval where a scenario has a single run.
    """
    value, variance, freedom = _moments(scores)
    return _student(value, variance, freedom)


def compare_means(one: RunScores, other: RunScores) -> Estimate:
    """Return the difference of means in shared scenarios with Welch's interval. Raises ValueError if none is shared."""
    shared = _shared(one, other)
    first, second = _moments(one.only(shared)), _moments(other.only(shared))
    variance = first[1] + second[1]
    freedom = _satterthwaite([(first[1], first[2]), (second[1], second[2])])
    return _student(first[0] - second[0], variance, freedom)


def _moments(scores: RunScores) -> tuple[float, float, float]:
    """Return the mean over scenarios, its variance (NaN where unknown) and the degrees of freedom."""
    means = list(scores.means.values())
    value = float(np.mean([one.mean() for one in means]))
    if any(len(one) < 2 for one in means):
        return value, math.nan, 0.0
    parts = [(float(one.var(ddof=1)) / len(one) / len(means) ** 2, len(one) - 1.0) for one in means]
    return value, sum(part for part, _ in parts), _satterthwaite(parts)


def _satterthwaite(parts: Sequence[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of variances, given (variance, degrees of freedom) of each."""
    total = sum(variance for variance, _ in parts)
    if not total > 0.0:
        return sum(freedom for _, freedom in parts)
    return total**2 / sum(variance**2 / freedom for variance, freedom in parts if variance > 0.0)


def _student(value: float, variance: float, freedom: float) -> Estimate:
    if not variance > 0.0:  # one run, or runs that are all alike: nothing is known of the spread
        return Estimate(value)
    half = student(freedom) * math.sqrt(variance)
    return Estimate(value, value - half, value + half)


def iqm_of(scores: RunScores) -> Estimate:
    """Return the interquartile mean of all runs in all scenarios, with a stratified bootstrap interval.

    Runs are resampled within their scenario, and episodes within their run. The percentiles are expanded for small
    samples (Hesterberg 2015). There is no interval with fewer than MIN_RUNS runs, or MIN_RUNS_PER_SCENARIO of one.
    """
    value = float(interquartile_mean(np.concatenate(list(scores.means.values()))))
    if not scores.has_enough:
        return Estimate(value)
    low, high = np.quantile(_resample(scores, interquartile_mean), _tails(scores))
    return Estimate(value, float(low), float(high))


def profile_of(scores: RunScores, thresholds: ArrayLike) -> list[Estimate]:
    """Return the share of runs whose score exceeds each threshold (T,), scenarios weighing equally.

    The intervals are pointwise, by the same bootstrap as `iqm_of`.
    """
    bounds = np.asarray(thresholds, np.float64)
    sizes = [len(one) for one in scores.means.values()]
    weights = np.concatenate([np.full(size, 1.0 / (size * len(sizes))) for size in sizes])

    def shares(values: Array) -> Array:
        return np.stack([(values > bound) @ weights for bound in bounds], axis=-1)

    found = shares(np.concatenate(list(scores.means.values())))
    if not scores.has_enough:
        return [Estimate(float(share)) for share in found]
    low, high = np.quantile(_resample(scores, shares), _tails(scores), axis=0)
    return [Estimate(*map(float, row)) for row in zip(found, low, high, strict=True)]


def _tails(scores: RunScores) -> tuple[float, float]:
    """Return the probabilities of the percentiles whose interval has the width of Student's (Hesterberg 2015)."""
    from scipy.special import ndtr

    fewest = min(map(len, scores.means.values()))
    freedom = scores.num_runs - len(scores.means)
    tail = float(ndtr(-math.sqrt(fewest / (fewest - 1)) * student(freedom)))
    return tail, 1.0 - tail


def _resample(scores: RunScores, statistic: Callable[[Array], Array]) -> Array:
    """Return the statistic of resampled runs' means: (RESAMPLES,) or (RESAMPLES, T)."""
    generator = np.random.default_rng(RESAMPLING_SEED)
    strata = [
        _resample_stratum([np.asarray(run, np.float64) for run in scores.scenarios[scenario]], generator)
        for scenario in scores.means
    ]
    return statistic(np.concatenate(strata, axis=1))


def _resample_stratum(runs: Sequence[Array], generator: np.random.Generator) -> Array:
    """Return means (RESAMPLES, n) of n runs that are drawn with replacement, as are the episodes of each."""
    chosen = generator.integers(len(runs), size=(RESAMPLES, len(runs)))
    drawn = np.empty(chosen.shape)
    for number, run in enumerate(runs):
        places = np.flatnonzero(chosen.ravel() == number)
        for part in np.array_split(places, max(1, -(-places.size * run.size // CHUNK))):
            episodes = generator.integers(run.size, size=(part.size, run.size))
            drawn.ravel()[part] = run[episodes].mean(axis=1)
    return drawn


def probability_of_improvement(one: RunScores, other: RunScores) -> Estimate:
    """Return the probability that a run of `one` scores more than a run of `other` in the same scenario.

    It is Mann and Whitney's U divided by the number of pairs, averaged over the shared scenarios; ties count half. The
    interval is Newcombe's (2006, method 5) with Student's quantile. It does not shrink to a point if all runs of one
    are better. There is no interval if either has a single run in a scenario. Raises ValueError if they share no
    scenario.
    """
    shared = _shared(one, other)
    sizes = [(len(one.means[name]), len(other.means[name])) for name in shared]
    value = float(np.mean([_superiority(one.means[name], other.means[name]) for name in shared]))
    if any(min(size) < 2 for size in sizes):
        return Estimate(value)
    quantile = student(sum(map(sum, sizes)) - 2 * len(sizes))
    return Estimate(value, *(_newcombe(value, sizes, quantile, side) for side in (-1.0, 1.0)))


def _superiority(first: Array, second: Array) -> float:
    difference = first[:, np.newaxis] - second[np.newaxis]
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def _newcombe(found: float, sizes: Sequence[tuple[int, int]], quantile: float, side: float) -> float:
    """Return the limit below (side -1) or above (+1) `found` that is `quantile` standard errors away from it."""
    from scipy.optimize import brentq

    def excess(theta: float) -> float:
        variance = sum(_variance_of_superiority(theta, *size) for size in sizes) / len(sizes) ** 2
        return abs(theta - found) - quantile * math.sqrt(variance)

    edge = 1.0 if side > 0 else 0.0
    if abs(edge - found) < 1e-12 or excess(edge) <= 0.0:
        return edge
    # At `found` itself the excess is negative, or 0 if the probability is 0 or 1 and so has no variance.
    near = found + side * 1e-9
    return float(brentq(excess, near, edge)) if excess(near) < 0.0 else edge


def _variance_of_superiority(theta: float, num: int, num_other: int) -> float:
    balance = (num + num_other) / 2 - 1
    spread = 1 + balance * ((1 - theta) / (2 - theta) + theta / (1 + theta))
    return theta * (1 - theta) * spread / (num * num_other)


def _shared(one: RunScores, other: RunScores) -> list[str]:
    shared = [name for name in one.means if name in other.means]
    if not shared:
        raise ValueError(f"{one.name} and {other.name} have no scenario in common, so they cannot be compared.")
    return shared
