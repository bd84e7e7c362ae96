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
from tournament.ordering import Indices, insert
from tournament.payoffs import Array
from tournament.ratings.deals import Deals, errors_of_means


@dataclass(frozen=True)
class Comparisons:
    """All comparisons of a team of m agents against n opponents.

    `halves` and `counts` (n, m, m), of which only the part above the diagonal is filled: twice the number of times that the row's agent did
    better than the column's, a tie counting once, and the number of comparisons. `deviation` (E,) belongs to the deals' rows: the sum over an
    episode's comparisons of what they differ from the mean of their pair and opponent, scaled for that mean's having been estimated (a lone
    comparison counts as a whole win or loss where an even chance was expected: the most that it can vary). `errors` (n,) are
    those of the opponents' means (`deals.errors_of_means`).
    """

    deals: Deals
    halves: NDArray[np.int32]
    counts: NDArray[np.int32]
    deviation: Array
    errors: Array

    @classmethod
    def of(cls, deals: Deals) -> Comparisons:
        """Count everything."""
        shape = (deals.num_opponents, deals.num_agents, deals.num_agents)
        counts = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        fresh = cls(deals, *counts, np.zeros(len(deals.agent)), np.zeros(deals.num_opponents))
        fresh._count(np.arange(deals.num_opponents))
        return fresh

    def updated(self, deals: Deals, places: Indices) -> Comparisons:
        """The comparisons of `deals`, which are these with more rows, inserted before the rows at ascending `places`."""
        touched = np.unique(deals.opponent[places + np.arange(len(places))])
        halves, counts = self.halves.copy(), self.counts.copy()
        deviation = insert(self.deviation, places, np.zeros(len(places)))
        for number in touched:
            halves[number], counts[number] = 0, 0
            deviation[deals.starts[number] : deals.starts[number + 1]] = 0.0
        grown = Comparisons(deals, halves, counts, deviation, self.errors.copy())
        grown._count(touched)
        return grown

    def _count(self, opponents: Indices) -> None:
        self.errors[opponents] = errors_of_means(self.deals, opponents)
        for number in opponents:
            rows = slice(self.deals.starts[number], self.deals.starts[number + 1])
            agent, cluster, outcome = self.deals.agent[rows], self.deals.cluster[rows], self.deals.outcome[rows]
            ends, points = _find_ends(cluster), np.zeros(len(agent), np.int32)
            _count_pairs(ends, agent, outcome, self.halves[number], self.counts[number], points)
            if _is_complete(ends, agent):
                _deviate_together(ends, agent, points, self.deals.num_agents, self.deviation[rows])
            else:
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
def _count_pairs(ends, agent, outcome, halves, counts, points):  # type: ignore[no-untyped-def]
    """Count the comparisons against one opponent; rows of a deal are ordered by agent. `points` are twice each row's wins in its deal."""
    for row in range(len(ends)):
        mine, first, end = agent[row], row + 1, ends[row]
        if first < end and mine < agent[first] and agent[end - 1] - agent[first] == end - 1 - first:
            others = slice(agent[first], agent[end - 1] + 1)
            points[row] += _count_run(
                outcome[row], outcome[first:end], halves[mine, others], counts[mine, others], points[first:end]
            )
        else:
            _count_others(row, end, agent, outcome, halves, counts, points)
    for number in range(len(halves)):  # Two episodes of one agent are no comparison.
        halves[number, number] = 0
        counts[number, number] = 0


@kernel
def _count_run(own, outcomes, halves, counts, points):  # type: ignore[no-untyped-def]
    """Compare a row with those of agents that follow each other: what a processor does with many at once."""
    total = 0
    for other in range(len(outcomes)):
        won = np.int32(own > outcomes[other]) + np.int32(own >= outcomes[other])
        halves[other] += won
        counts[other] += 1
        points[other] += 2 - won
        total += int(won)
    return total


@kernel
def _count_others(row, end, agent, outcome, halves, counts, points):  # type: ignore[no-untyped-def]
    mine, own = agent[row], outcome[row]
    for other in range(row + 1, end):
        if agent[other] != mine:
            won = np.int32(own > outcome[other]) + np.int32(own >= outcome[other])
            halves[mine, agent[other]] += won
            counts[mine, agent[other]] += 1
            points[row] += won
            points[other] += 2 - won


@kernel
def _is_complete(ends, agent):  # type: ignore[no-untyped-def]
    """Whether all deals of an opponent that compare anybody are of the same agents, each once."""
    known, size, row = -1, 0, 0
    while row < len(ends):
        length = ends[row] - row
        if length > 1:
            if known < 0:
                known, size = row, length
            if length != size:
                return False
            for place in range(length):
                if agent[row + place] != agent[known + place]:
                    return False
                if place > 0 and agent[row + place] == agent[row + place - 1]:
                    return False
        row = ends[row]
    return True


@kernel
def _deviate_together(ends, agent, points, size, deviation):  # type: ignore[no-untyped-def]
    """What `_deviate` finds where all deals are of the same agents: the points' deviations from each agent's mean."""
    total, count = np.zeros(size), np.zeros(size)
    for row in range(len(ends)):
        if not _is_alone(ends, row):
            total[agent[row]] += points[row]
            count[agent[row]] += 1
    even = (count > 0).sum() - 1
    for row in range(len(ends)):
        if not _is_alone(ends, row):
            held = count[agent[row]]
            if held > 1:
                deviation[row] = 0.5 * (points[row] - total[agent[row]] / held) * np.sqrt(held / (held - 1))
            else:
                deviation[row] = 0.5 * (points[row] - even)


@kernel
def _is_alone(ends, row):  # type: ignore[no-untyped-def]
    return ends[row] == row + 1 and (row == 0 or ends[row - 1] != row + 1)


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
