"""Comparison of two agents of one team by paired differences: the same seed against the same opponent.

Opponents weigh equally, whatever their numbers of episodes. Intervals cover 95 % and are clustered by seed: pairs of
episodes that share a seed are dependent, also across opponents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tournament.intervals import NORMAL, student

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDING = 1e-12
"""Maximum magnitude of differences that count as rounding."""


@dataclass(frozen=True)
class PairedInterval:
    """A value with its standard error and 95 % interval.

    All are None without pairs. Below two pairs the error is None, and there is no interval where all pairs are equal.
    """

    value: float | None = None
    error: float | None = None
    lower: float | None = None
    upper: float | None = None

    @property
    def sign(self) -> int:
        """Return 1 or -1 where the interval excludes zero on that side, else 0."""
        if self.lower is None or self.upper is None:
            return 0
        return int(self.lower > 0) - int(self.upper < 0)


@dataclass(frozen=True)
class Pairs:
    """E pairs of episodes, each of one seed and opponent; all arrays have the shape (E,).

    `opponent` are indices from 0 or keys; `first` and `second` are the two agents' own payoffs, where more is better.
    """

    opponent: Integers
    seed: Integers
    first: Array
    second: Array

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.opponent, self.seed, self.first, self.second)}
        if len(lengths) != 1:
            raise ValueError(f"The columns of pairs have different lengths: {sorted(lengths)}.")
        if not (np.isfinite(self.first).all() and np.isfinite(self.second).all()):
            raise ValueError("A pair of episodes has a payoff that is not a finite number.")

    def __len__(self) -> int:
        return len(self.seed)

    @property
    def gain(self) -> Array:
        """The first agent's payoff minus the second's (E,)."""
        return self.first - self.second

    @property
    def success(self) -> Array:
        """1 where the first agent did better, 0 where the second did, 1/2 for ties (E,)."""
        return 0.5 * (1.0 + np.sign(self.gain))


@dataclass(frozen=True)
class Against:
    """Two agents against one opponent: mean payoffs, mean difference, probability that the first does better."""

    opponent: int
    count: int
    first: float
    second: float
    difference: PairedInterval
    better: PairedInterval


@dataclass(frozen=True)
class Comparison:
    """Two agents over all opponents that both played from the same seeds.

    `difference` (of payoffs) and `better` (the probability that the first does better in the same episode, ties
    counting half) average over the `num_opponents` opponents with at least two pairs.
    """

    against: tuple[Against, ...]
    difference: PairedInterval
    better: PairedInterval
    num_pairs: int
    num_seeds: int
    num_opponents: int


def compare(pairs: Pairs) -> Comparison:
    """Compare two agents by their pairs of episodes."""
    _, indices, counts = np.unique(pairs.opponent, return_inverse=True, return_counts=True)
    usable = counts[indices] > 1
    return Comparison(
        against=_compare_each(pairs),
        difference=mean_over_opponents(pairs.gain[usable], pairs.opponent[usable], pairs.seed[usable]),
        better=share_over_opponents(pairs.success[usable], pairs.opponent[usable], pairs.seed[usable]),
        num_pairs=len(pairs),
        num_seeds=len(np.unique(pairs.seed)),
        num_opponents=int((counts > 1).sum()),
    )


def _compare_each(pairs: Pairs) -> tuple[Against, ...]:
    """Compare against each opponent alone, as `mean_over_opponents` and `share_over_opponents` do, but all at once."""
    opponents, indices, counts = np.unique(pairs.opponent, return_inverse=True, return_counts=True)
    cluster, owner = _cluster(indices, pairs.seed)
    freedom = np.maximum(counts - 1, 1)

    def mean(values: Array) -> Array:
        return np.bincount(indices, values, len(opponents)) / counts

    def error(values: Array, means: Array) -> Array:
        influences = np.bincount(cluster, values - means[indices], len(owner)) / counts[owner]
        return np.sqrt(counts / freedom * np.bincount(owner, influences**2, len(opponents)))

    first, second, gain, success = map(mean, (pairs.first, pairs.second, pairs.gain, pairs.success))
    errors, spreads = error(pairs.gain, gain), error(pairs.success, success)
    sizes = 1.0 / np.bincount(owner, (np.bincount(cluster, minlength=len(owner)) / counts[owner]) ** 2, len(opponents))
    return tuple(
        Against(
            opponent=int(opponents[place]),
            count=int(count),
            first=float(first[place]),
            second=float(second[place]),
            difference=_student_interval(float(gain[place]), float(errors[place]), count - 1.0)
            if count > 1
            else PairedInterval(float(gain[place])),
            better=_wilson_interval(
                PairedInterval(float(success[place]), float(spreads[place]) if count > 1 else None),
                float(sizes[place]),
            ),
        )
        for place, count in enumerate(counts)
    )


def _cluster(indices: Integers, seed: Integers) -> tuple[Integers, Integers]:
    """Return the cluster of each pair, one for each opponent and seed, and the opponent's index of each cluster."""
    order = np.lexsort((seed, indices))
    opponent, seeds = indices[order], seed[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (opponent[1:] != opponent[:-1]) | (seeds[1:] != seeds[:-1])
    cluster = np.empty(len(order), dtype=np.int64)
    cluster[order] = np.cumsum(is_new) - 1
    return cluster, opponent[is_new]


def mean_over_opponents(values: Array, opponent: Integers, seed: Integers) -> PairedInterval:
    """Return the mean over opponents of the means against each, with Student's interval.

    The variance is the sum over seeds of squared influences, each corrected for its opponent's estimated mean
    (cluster-robust: Liang and Zeger 1986). The degrees of freedom are Welch and Satterthwaite's over opponents.
    """
    if not len(values):
        return PairedInterval()
    _, indices, counts = np.unique(opponent, return_inverse=True, return_counts=True)
    means = np.bincount(indices, values) / counts
    value = float(means.mean())
    if (counts < 2).any():
        return PairedInterval(value)
    weights = np.sqrt(counts / (counts - 1.0)) / (counts * len(counts))
    influences = weights[indices] * (values - means[indices])
    variance = float((_sum_by(seed, influences) ** 2).sum())
    parts = np.bincount(indices, influences**2)
    freedom = parts.sum() ** 2 / (parts**2 / (counts - 1)).sum() if parts.any() else float((counts - 1).sum())
    return _student_interval(value, float(np.sqrt(variance)), freedom)


def _student_interval(value: float, error: float, freedom: float) -> PairedInterval:
    if error < ROUNDING:
        return PairedInterval(value, 0.0)  # Equal values show no variance.
    width = student(freedom) * error
    return PairedInterval(value, error, value - width, value + width)


def share_over_opponents(successes: Array, opponent: Integers, seed: Integers) -> PairedInterval:
    """Return the mean over opponents of shares between 0 and 1, with Wilson's score interval (1927).

    The interval is that of as many independent pairs as have the same clustered variance. It stays within 0 and 1, and
    has a width even where all pairs agree.
    """
    plain = mean_over_opponents(successes, opponent, seed)
    if plain.value is None:
        return plain
    _, indices, counts = np.unique(opponent, return_inverse=True, return_counts=True)
    weights = 1.0 / (counts[indices] * len(counts))
    return _wilson_interval(plain, 1.0 / float((_sum_by(seed, weights) ** 2).sum()))


def _wilson_interval(plain: PairedInterval, size: float) -> PairedInterval:
    """Return a share's value and error with its score interval from at most `size` independent pairs."""
    assert plain.value is not None
    spread = plain.value * (1.0 - plain.value)
    if plain.error and spread:
        size = min(size, spread / plain.error**2)
    centre = (plain.value + NORMAL**2 / (2 * size)) / (1 + NORMAL**2 / size)
    width = NORMAL * np.sqrt(spread / size + (NORMAL / (2 * size)) ** 2) / (1 + NORMAL**2 / size)
    return PairedInterval(plain.value, plain.error, max(float(centre - width), 0.0), min(float(centre + width), 1.0))


def _sum_by(keys: Integers, values: Array) -> Array:
    _, indices = np.unique(keys, return_inverse=True)
    return np.bincount(indices, values).astype(np.float64)
