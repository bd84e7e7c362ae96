"""How far apart agents of one team are, by what they scored from the same seeds against the same opponents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tournament.scheduling.evidence import Array, Numbers, View

LEAST_FREEDOM = 10
"""Degrees of freedom that a first judgement needs: with fewer, a lucky agreement passes for certainty."""


@dataclass(frozen=True)
class Side:
    """The part of a view that can be judged: its rows and columns have no closed pairing among them.

    `agents` (A,) and `opponents` (J,) are indices into the fields; `payoff` (A, J, K) as in the view; `level` (A,) is the number of
    leading shared episodes that an agent has against every opponent.
    """

    agents: Numbers
    opponents: Numbers
    payoff: Array
    level: Numbers

    @classmethod
    def of(cls, view: View) -> Side:
        """Agents and opponents are left out, those with most closed pairings first, until no pairing is closed."""
        # Imported here because the ratings load more than a schedule needs before it is asked for anything.
        from tournament.ratings import complete_part

        agents, opponents = complete_part(~view.closed)
        part = np.ix_(agents, opponents)
        levels = view.count[part]
        level = levels.min(axis=1) if len(opponents) else np.zeros(len(agents), dtype=np.int64)
        return cls(agents, opponents, view.payoff[part], level)

    @property
    def means(self) -> Array:
        """Each agent's mean payoff (A,) over its leading episodes, opponents counting alike; NaN without any."""
        with np.errstate(invalid="ignore", divide="ignore"):
            sums = [self.payoff[row, :, :level].sum() for row, level in enumerate(self.level)]
            return np.array(sums) / (self.level * len(self.opponents))


@dataclass(frozen=True)
class Gaps:
    """Differences between agents' mean payoffs over the opponents, all (A, A).

    `gap` is row minus column, over the shared episodes that both have; `error` its standard error and `half_width` that of its interval,
    infinite where there are fewer than two episodes an opponent. Opponents are a given field: their differences are no noise.
    """

    gap: Array
    error: Array
    half_width: Array
    common: Numbers

    @property
    def separated(self) -> NDArray[np.bool_]:
        """Pairs whose order is known."""
        return np.abs(self.gap) > self.half_width

    def closer_than(self, resolution: float) -> NDArray[np.bool_]:
        """Pairs that are known to be closer than this."""
        return np.abs(self.gap) + self.half_width < resolution


def measure(side: Side, confidence: float) -> Gaps:
    """All differences with two-sided intervals of this confidence (Student's, variances pooled over opponents).

    As all opponents have equally many episodes of a pair, the pooled variance is right even if opponents' variances differ.
    """
    from scipy.stats import t as student

    size, opponents = len(side.agents), len(side.opponents)
    common = np.minimum.outer(side.level, side.level)
    gap, error = np.zeros((size, size)), np.full((size, size), np.inf)
    for level in np.unique(common[common > 0]):
        rows = np.flatnonzero(side.level >= level)
        here = common[np.ix_(rows, rows)] == level
        means, squares = _moments(side.payoff[rows, :, :level])
        _put(gap, rows, here, means[:, None] - means[None, :])
        if level > 1:
            # Variance of the mean over opponents, of each one's mean over `level` differences.
            _put(error, rows, here, np.sqrt(squares / (opponents * (level - 1)) / (opponents * level)))
    with np.errstate(invalid="ignore"):
        quantile = student.ppf(0.5 + confidence / 2, np.maximum(opponents * (common - 1), 1))
    return Gaps(gap, error, np.where(np.isfinite(error), quantile * error, np.inf), common)


def _moments(payoff: Array) -> tuple[Array, Array]:
    """Means (A,), and for each pair the sum of squares of its differences around each opponent's mean (A, A)."""
    size = len(payoff)
    centred = (payoff - payoff.mean(axis=2, keepdims=True)).reshape(size, -1)
    products = centred @ centred.T
    own = np.diag(products)
    squares = np.maximum(own[:, None] + own[None, :] - 2 * products, 0.0)
    # Differences of equal numbers cancel only up to rounding.
    squares[squares < 1e-12 * (own[:, None] + own[None, :])] = 0.0
    return payoff.mean(axis=(1, 2)), squares


def _put(table: Array, rows: Numbers, where: NDArray[np.bool_], values: Array) -> None:
    """Write `values` to the part `rows` x `rows` of a table, where asked."""
    part = np.ix_(rows, rows)
    table[part] = np.where(where, values, table[part])
