"""Comparisons: how often each agent did better than each other one against the same opponent on the same seed.

Two passes over the deals, each over all pairs of a deal's episodes: the first counts, the second says by how much every episode's comparisons
deviate from what these two agents' comparisons against this opponent are on average. Everything is kept by opponent, so that further
episodes touch the tables of their own opponents alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from tournament.ordering import Indices
from tournament.payoffs import Array
from tournament.ratings.deals import Deals


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a team of m agents against n opponents.

    `halves` and `counts` (n, m, m), of which only the part above the diagonal is filled: twice the number of times that the row's agent did
    better than the column's, a tie counting once, and the number of comparisons. `deviation` (E,) belongs to the deals' rows: the sum over an
    episode's comparisons of what they differ from the mean of their pair and opponent, scaled for that mean's having been estimated (a lone
    comparison counts as a whole win or loss where an even chance was expected: the most that it can vary).
    """

    deals: Deals
    halves: NDArray[np.int32]
    counts: NDArray[np.int32]
    deviation: Array

    @classmethod
    def of(cls, deals: Deals) -> Comparisons:
        """Count everything."""
        shape = (deals.num_opponents, deals.num_agents, deals.num_agents)
        fresh = cls(deals, np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(len(deals.agent)))
        fresh._count(np.arange(deals.num_opponents))
        return fresh

    def updated(self, deals: Deals, positions: Indices) -> Comparisons:
        """The comparisons of `deals`, which are these with more rows; `positions` are those that the rows had, -1 for new ones."""
        touched = np.unique(deals.opponent[positions < 0])
        halves, counts, deviation = self.halves.copy(), self.counts.copy(), np.zeros(len(positions))
        deviation[positions >= 0] = self.deviation
        for number in touched:
            halves[number], counts[number] = 0, 0
            deviation[deals.starts[number] : deals.starts[number + 1]] = 0.0
        grown = Comparisons(deals, halves, counts, deviation)
        grown._count(touched)
        return grown

    def _count(self, opponents: Indices) -> None:
        for number in opponents:
            rows = slice(self.deals.starts[number], self.deals.starts[number + 1])
            agent, cluster, outcome = self.deals.agent[rows], self.deals.cluster[rows], self.deals.outcome[rows]
            ends = _find_ends(cluster)
            _count_pairs(ends, agent, outcome, self.halves[number], self.counts[number])
            _deviate(ends, agent, outcome, self.halves[number], self.counts[number], self.deviation[rows])

    def wins(self) -> tuple[Array, Array]:
        """(m, m) numbers of wins of the row's agent, ties half, and of comparisons, against all opponents."""
        return _unfold(self.halves.sum(axis=0, dtype=np.int64), self.counts.sum(axis=0, dtype=np.int64))

    def wins_against(self, opponent: int) -> tuple[Array, Array]:
        """The same against one of the opponents."""
        return _unfold(self.halves[opponent].astype(np.int64), self.counts[opponent].astype(np.int64))

    def residuals(self, members: Indices, expected: Array) -> Array:
        """(n, k) for each opponent, by how much each of the agents `members` (k,) has won more often than `expected` (k, k)."""
        whole = np.full((self.deals.num_agents, self.deals.num_agents), 0.5)
        whole[np.ix_(members, members)] = expected
        return np.asarray(_sum_residuals(self.halves, self.counts, whole))[:, members]


def _unfold(halves: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[Array, Array]:
    return 0.5 * (halves + (2 * counts - halves).T), (counts + counts.T).astype(np.float64)


@kernel
def _sum_residuals(halves, counts, expected):  # type: ignore[no-untyped-def]
    num_opponents, size, _ = halves.shape
    found = np.zeros((num_opponents, size))
    for opponent in range(num_opponents):
        for one in range(size):
            for other in range(one + 1, size):
                count = counts[opponent, one, other]
                surplus = 0.5 * halves[opponent, one, other] - count * expected[one, other]
                found[opponent, one] += surplus
                found[opponent, other] -= surplus
    return found


@kernel
def _find_ends(cluster):  # type: ignore[no-untyped-def]
    """For each row the end of its deal, given the rows' seeds."""
    size = len(cluster)
    ends = np.empty(size, np.int64)
    end = size
    for row in range(size - 1, -1, -1):
        if row + 1 < size and cluster[row] != cluster[row + 1]:
            end = row + 1
        ends[row] = end
    return ends


@kernel
def _count_pairs(ends, agent, outcome, halves, counts):  # type: ignore[no-untyped-def]
    """Count the comparisons against one opponent; rows of a deal are ordered by agent."""
    for row in range(len(ends)):
        mine, own = agent[row], outcome[row]
        for other in range(row + 1, ends[row]):
            halves[mine, agent[other]] += (own > outcome[other]) + (own >= outcome[other])
            counts[mine, agent[other]] += 1
    for number in range(len(halves)):  # Two episodes of one agent are no comparison.
        halves[number, number] = 0
        counts[number, number] = 0


@kernel
def _deviate(ends, agent, outcome, halves, counts, deviation):  # type: ignore[no-untyped-def]
    """Add up each episode's deviations from the means of its pairs against one opponent."""
    means, scales = _expect(halves, counts)
    for row in range(len(ends)):
        mine, own, total = agent[row], outcome[row], 0.0
        for other in range(row + 1, ends[row]):
            won = 0.5 * ((own > outcome[other]) + (own >= outcome[other]))
            difference = (won - means[mine, agent[other]]) * scales[mine, agent[other]]
            total += difference
            deviation[other] -= difference
        deviation[row] += total


@kernel
def _expect(halves, counts):  # type: ignore[no-untyped-def]
    """Means of the pairs' comparisons, and the factors that make up for their having been estimated."""
    size = len(halves)
    means, scales = np.full((size, size), 0.5), np.zeros((size, size))
    for one in range(size):
        for other in range(one + 1, size):
            count = counts[one, other]
            if count > 1:
                means[one, other] = halves[one, other] / (2.0 * count)
                scales[one, other] = np.sqrt(count / (count - 1.0))
            elif count == 1:
                scales[one, other] = 1.0
    return means, scales
