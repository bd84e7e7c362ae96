"""Correlated errors of a table's means: a seed is shared along a camera's row or down a target's column.

Odd episodes have seeds that all targets play against one camera, even ones seeds that all cameras play against one
target (`tournament.seeds`). A strategy's payoff is a sum over a row or a column, whose variance is larger than that of
independent cells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mate import Team
from tournament.formats.evidence import Array, Numbers

UNKNOWN = 1.0
"""Correlation that is assumed where no seed was played twice: bounds are then conservative."""


@dataclass(frozen=True)
class RowErrors:
    """The errors of a table's means along its rows: cells of one row share seeds, different rows are independent.

    `variance` (R, C) is that of one episode, `count` (R, C) the episodes, `shared` (R, C) those whose seeds belong to
    the row, from the first on. `correlation` is that of two episodes from one seed.
    """

    variance: Array
    count: Numbers
    shared: Numbers
    correlation: float

    @cached_property
    def _pairs(self) -> Numbers:
        """Number of seeds (R, C, C) that two cells of a row have in common; 0 for a cell with itself."""
        pairs = np.minimum(self.shared[:, :, None], self.shared[:, None, :])
        place = np.arange(pairs.shape[1])
        pairs[:, place, place] = 0
        return pairs

    def covariances(self, weights: Array) -> Array:
        """Return the covariance part, of either sign, of the variance of each row's sum (R,) with weights (C,)."""
        moved = np.sqrt(self.variance) / np.maximum(self.count, 1) * weights
        covariances: Array = self.correlation * np.einsum("ij,ijk,ik->i", moved, self._pairs, moved)
        return covariances

    def covariances_of_lines(self, weights: Array) -> Array:
        """Return covariances (C, C) of weighted sums over the rows (R,), from the seeds that a row's cells share."""
        moved = np.sqrt(self.variance) / np.maximum(self.count, 1) * weights[:, None]
        covariances: Array = self.correlation * np.einsum("ij,ijk,ik->jk", moved, self._pairs, moved)
        return covariances

    def estimate(self, row: Numbers, seed: Numbers, score: Array) -> float:
        """Estimate the correlation from the standardised deviations `score` of episodes with the rows' seeds (E,)."""
        count = np.maximum(self.count, 1).astype(np.float64)
        pairs = self._pairs
        # The means are estimated from the same episodes, which biases products of deviations downwards.
        rest = 1 - 1 / count
        products = rest[:, :, None] * rest[:, None, :] + (pairs - 1.0) / (count[:, :, None] * count[:, None, :])
        expected = float((pairs * products).sum())
        if expected <= 0:
            return UNKNOWN
        key = row * (int(seed.max(initial=0)) + 1) + seed
        sums, squares = np.bincount(key, score), np.bincount(key, score**2)
        return float(np.clip((sums**2 - squares).sum() / expected, 0.0, 1.0))


@dataclass(frozen=True)
class Luck:
    """The errors of a table: along `rows` (cameras' seeds, odd episodes) and `columns` (targets' seeds, even ones)."""

    rows: RowErrors
    columns: RowErrors

    @classmethod
    def of(cls, variance: Array, count: Numbers, along: float = UNKNOWN, down: float = UNKNOWN) -> Luck:
        """Return the errors of means (M, N) with these correlations along rows and down columns."""
        rows = RowErrors(variance, count, count // 2, along)
        return cls(rows, RowErrors(variance.T, count.T, (count.T + 1) // 2, down))

    def estimated(self, camera: Numbers, target: Numbers, number: Numbers, score: Array) -> Luck:
        """Return these errors with correlations estimated from episodes, all (E,)."""
        odd, even = number % 2 == 1, number % 2 == 0
        along = self.rows.estimate(camera[odd], number[odd], score[odd])
        down = self.columns.estimate(target[even], number[even], score[even])
        return Luck(replace(self.rows, correlation=along), replace(self.columns, correlation=down))

    def after(self, count: Numbers) -> Luck:
        """Return these errors with other numbers of episodes."""
        return Luck.of(self.rows.variance, count, self.rows.correlation, self.columns.correlation)

    @property
    def noise(self) -> Array:
        """Variances of the cells' means (M, N)."""
        return self.rows.variance / np.maximum(self.rows.count, 1)

    def of_cameras(self, target: Array) -> Array:
        """Return the variances (M,) of the cameras' payoffs against a strategy (N,) of the targets."""
        return self.noise @ target**2 + self.rows.covariances(target)

    def of_targets(self, camera: Array) -> Array:
        """Return the variances (N,) of the payoffs of the cameras' strategy (M,) against each target."""
        return camera**2 @ self.noise + self.columns.covariances(camera)

    def of_value(self, camera: Array, target: Array) -> float:
        """Return the variance of the payoff of two strategies against each other."""
        alone = camera**2 @ self.noise @ target**2
        along, down = self.rows.covariances(target), self.columns.covariances(camera)
        return float(alone + camera**2 @ along + down @ target**2)

    def of_gaps(self, team: str) -> Array:
        """Return the variances (A, A) of the differences between a team's mean payoffs over all opponents."""
        own, other = (self.rows, self.columns) if team == Team.CAMERA else (self.columns, self.rows)
        size = own.count.shape[1]
        even = np.full(size, 1 / size)
        single = own.variance / np.maximum(own.count, 1) @ even**2 + own.covariances(even)
        variances: Array = np.maximum(single[:, None] + single[None, :] - 2 * other.covariances_of_lines(even), 0.0)
        return variances
