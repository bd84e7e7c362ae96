"""Paired differences between agents of one team: payoffs from the same seeds against the same opponents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tournament.formats.evidence import Array, Numbers, View
from tournament.intervals import quantile

LEAST_FREEDOM = 10
"""Minimum degrees of freedom of a first judgement; with fewer, differences that agree by chance seem certain."""


@dataclass(frozen=True)
class Side:
    """The part of a view that can be judged: rows and columns without a closed pairing among them.

    `agents` (A,) and `opponents` (J,) are indices into the fields; `payoff` (A, J, K) is the view's; `level` (A,) is
    the number of leading shared episodes that an agent has against every opponent.
    """

    agents: Numbers
    opponents: Numbers
    payoff: Array
    level: Numbers

    @classmethod
    def of(cls, view: View) -> Side:
        """Drop agents and opponents, those with most closed pairings first, until no pairing is closed."""
        # Imported here because loading the ratings is slow, and making a format does not need them.
        from tournament.ratings import complete_part

        agents, opponents = complete_part(~view.closed)
        payoff, count = view.payoff, view.count
        if view.closed.any():
            part = np.ix_(agents, opponents)
            payoff, count = payoff[part], count[part]
        level = count.min(axis=1) if len(opponents) else np.zeros(len(agents), dtype=np.int64)
        return cls(agents, opponents, payoff, level)

    @property
    def means(self) -> Array:
        """Return each agent's mean payoff (A,) over its leading episodes, opponents weighing equally, or NaN."""
        with np.errstate(invalid="ignore", divide="ignore"):
            sums = [self.payoff[row, :, :level].sum() for row, level in enumerate(self.level)]
            return np.array(sums) / (self.level * len(self.opponents))


@dataclass(frozen=True)
class Gaps:
    """Differences between agents' mean payoffs over the opponents, all (A, A).

    `gap` is row minus column, over the shared episodes of both (`common`, per opponent). `error` is its standard error,
    `half_width` that of its two-sided interval and `margin` that of the one-sided one, infinite where the variance is
    unknown. The opponents are a fixed set: differences between them are not noise.
    """

    gap: Array
    error: Array
    half_width: Array
    margin: Array
    common: Numbers

    @property
    def separated(self) -> NDArray[np.bool_]:
        """Pairs whose order is known."""
        return np.abs(self.gap) > self.half_width

    def closer_than(self, resolution: float) -> NDArray[np.bool_]:
        """Return the pairs that are equivalent within `resolution` (two one-sided tests, Schuirmann 1987)."""
        return np.abs(self.gap) + self.margin < resolution


def measure(side: Side, confidence: float) -> Gaps:
    """Return all differences with intervals of this confidence (Student's t, variances pooled over opponents).

    All opponents have equally many episodes of a pair, so that the pooled variance is unbiased even if variances differ
    between opponents. With one episode for each opponent, the variance over opponents replaces it, which is
    conservative.
    """
    size, opponents = len(side.agents), len(side.opponents)
    common = np.minimum.outer(side.level, side.level)
    gap, error, freedom = np.zeros((size, size)), np.full((size, size), np.inf), np.ones((size, size))
    for level in np.unique(common[common > 0]):
        rows = np.flatnonzero(side.level >= level)
        here = common[np.ix_(rows, rows)] == level
        payoff = side.payoff[rows, :, :level]
        _put(gap, rows, here, payoff.mean(axis=(1, 2))[:, None] - payoff.mean(axis=(1, 2))[None, :])
        groups = payoff if level > 1 else payoff.swapaxes(1, 2)
        free = groups.shape[1] * (groups.shape[2] - 1)
        if free:
            _put(error, rows, here, np.sqrt(_sum_squares(groups) / free / (opponents * level)))
            _put(freedom, rows, here, np.full(here.shape, float(free)))
    with np.errstate(invalid="ignore"):
        # A one-sided test of this confidence has the quantile of a two-sided interval of a lower one.
        half_width, margin = (quantile(level, freedom) * error for level in (confidence, 2 * confidence - 1))
    return Gaps(gap, error, half_width, margin, common)


def _sum_squares(payoff: Array) -> Array:
    """Return each pair's sum of squares (A, A) of its differences (A, groups, episodes) around each group's mean."""
    centred = (payoff - payoff.mean(axis=2, keepdims=True)).reshape(len(payoff), -1)
    products = centred @ centred.T
    own = np.diag(products)
    squares: Array = np.maximum(own[:, None] + own[None, :] - 2 * products, 0.0)
    # Differences of equal numbers cancel only up to rounding.
    squares[squares < 1e-12 * (own[:, None] + own[None, :])] = 0.0
    return squares


def _put(table: Array, rows: Numbers, where: NDArray[np.bool_], values: Array) -> None:
    """Write `values` to the entries `where` of the part `rows` x `rows` of a table."""
    part = np.ix_(rows, rows)
    table[part] = np.where(where, values, table[part])
