"""The meta-game of a format: means, variances and counts of the pairings that are not closed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tournament.formats.evidence import Array, ChosenEpisodes, Evidence, Numbers
from tournament.formats.shared_seeds import Luck

PRIOR = 4.0
"""Weight of the pooled variance in the estimate of a cell's variance, in episodes."""
LEAST_FREEDOM = 20
"""Minimum degrees of freedom of a variance estimate."""
SHARED = 0.8
"""Share of an episode's variance that shared seeds are assumed to explain while it cannot be estimated."""


@dataclass(frozen=True)
class PayoffTable:
    """The part of the meta-game that can be judged: payoffs, variances of one episode and counts, all (M, N).

    `payoff` is the cameras' mean. `cameras` (M,) and `targets` (N,) are indices into the fields. The payoff is 0 where
    nothing was played. `luck` holds the correlated errors of the means.
    """

    cameras: Numbers
    targets: Numbers
    payoff: Array
    variance: Array
    count: Numbers
    luck: Luck

    @classmethod
    def of(cls, evidence: Evidence) -> PayoffTable:
        """Drop cameras and targets, those with most closed pairings first, until no pairing is closed."""
        # Imported here because loading the ratings is slow, and making a format does not need them.
        from tournament.ratings import complete_part

        size = evidence.shape[0] * evidence.shape[1]
        cell = evidence.camera * evidence.shape[1] + evidence.target
        count = np.bincount(cell, minlength=size)
        mean = np.bincount(cell, -evidence.reward, minlength=size) / np.maximum(count, 1)
        squares = np.zeros(size)
        np.add.at(squares, cell, np.square(evidence.reward + mean[cell]))
        cameras, targets = complete_part(~evidence.closed)
        part = np.ix_(cameras, targets)
        payoff, spread = mean.reshape(evidence.shape)[part], squares.reshape(evidence.shape)[part]
        counts = count.reshape(evidence.shape)[part]
        variance = _mix(payoff, spread, counts)
        luck = _measure_luck(evidence, mean[cell], cameras, targets, Luck.of(variance, counts))
        return cls(cameras, targets, payoff, variance, counts, luck)

    def after(self, added: Numbers) -> PayoffTable:
        """Return this table with more episodes (M, N) and unchanged means."""
        count = self.count + added
        return replace(self, count=count, luck=self.luck.after(count))

    @property
    def least(self) -> int:
        """Minimum number of episodes of every pairing for estimating the variance; 1 is enough in a large table."""
        rows, columns = self.count.shape
        return 1 if (rows - 1) * (columns - 1) >= LEAST_FREEDOM else 2

    def has(self, episodes: int) -> bool:
        """Return whether there are pairings, and each has at least so many episodes."""
        return self.count.size > 0 and int(self.count.min()) >= episodes

    def start(self, episodes: int, reason: str) -> list[ChosenEpisodes]:
        """Return the missing episodes of every pairing up to this number."""
        return [
            ChosenEpisodes(int(camera), int(target), int(count), int(episodes - count), 1, reason)
            for camera, counts in zip(self.cameras, self.count, strict=True)
            for target, count in zip(self.targets, counts, strict=True)
            if count < episodes
        ]


def _measure_luck(evidence: Evidence, mean: Array, cameras: Numbers, targets: Numbers, luck: Luck) -> Luck:
    """Return the errors of the means `mean` with correlations estimated from these agents' episodes (E,)."""
    camera, target = (np.full(size, -1) for size in evidence.shape)
    camera[cameras], target[targets] = np.arange(len(cameras)), np.arange(len(targets))
    rows, columns = camera[evidence.camera], target[evidence.target]
    mine = (rows >= 0) & (columns >= 0)
    rows, columns = rows[mine], columns[mine]
    deviation = np.sqrt(luck.rows.variance[rows, columns])
    score = np.zeros(len(rows))
    np.divide(-evidence.reward[mine] - mean[mine], deviation, out=score, where=deviation > 0)
    return luck.estimated(rows, columns, evidence.number[mine], score)


def _mix(mean: Array, squares: Array, count: Numbers) -> Array:
    """Return the variance of one episode in each cell (M, N), from the sums of squares around the cells' means.

    While cells have too few episodes, the pooled variance is estimated from the residuals of an additive fit. The fit
    absorbs the effect of shared seeds, so that the residuals are assumed to have the share 1 - `SHARED` of the
    variance.
    """
    freedom = (count - 1).clip(0)
    pooled = squares.sum() / max(freedom.sum(), 1)
    rest = (mean.shape[0] - 1) * (mean.shape[1] - 1)
    if freedom.sum() < LEAST_FREEDOM <= rest:
        left = mean - mean.mean(axis=1, keepdims=True) - mean.mean(axis=0, keepdims=True) + mean.mean()
        pooled = max((left**2).sum() / rest / (1 - SHARED), pooled)
    variances: Array = (squares + pooled * PRIOR) / (freedom + PRIOR)
    return variances
