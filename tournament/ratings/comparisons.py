"""Pairwise comparisons: how often each agent beat each other one against the same opponent on the same seed.

Two passes over the deals visit all pairs of a deal's episodes. The first counts the comparisons. The second computes
how much each episode's comparisons deviate from the mean of their pair and opponent. All results are stored by
opponent, so that further episodes change only the tables of their own opponents.
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

    `halves` and `counts` (n, m, m), filled above the diagonal, are twice the number of times that the row's agent beat
    the column's, a tie counting once, and the number of comparisons. `deviation` (E,) belongs to the deals' rows: the
    sum over an episode's comparisons of their deviations from the mean of their pair and opponent, corrected for the
    estimated mean. A lone comparison counts as a whole win or loss at even odds, which is the largest possible
    variance. `errors` (n,) are those of the opponents' means (`deals.errors_of_means`).
    """

    deals: Deals
    halves: NDArray[np.int32]
    counts: NDArray[np.int32]
    deviation: Array
    errors: Array

    @classmethod
    def of(cls, deals: Deals) -> Comparisons:
        """Return the comparisons of all deals."""
        shape = (deals.num_opponents, deals.num_agents, deals.num_agents)
        counts = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        fresh = cls(deals, *counts, np.zeros(len(deals.agent)), np.zeros(deals.num_opponents))
        fresh._count(np.arange(deals.num_opponents))
        return fresh

    def updated(self, deals: Deals, places: Indices) -> Comparisons:
        """Return the comparisons of `deals`: these deals with rows inserted before the ascending `places`."""
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
        """Return (m, m) wins of the row's agent, ties half, and comparisons, against all opponents."""
        return _unfold(self.halves.sum(axis=0, dtype=np.int64), self.counts.sum(axis=0, dtype=np.int64))

    def wins_against(self, opponent: int) -> tuple[Array, Array]:
        """Return the wins and comparisons against one opponent."""
        return _unfold(self.halves[opponent].astype(np.int64), self.counts[opponent].astype(np.int64))

    def residuals(self, members: Indices, expected: Array) -> Array:
        """Return (n, k), for each opponent, the wins of the `members` (k,) minus those `expected` (k, k)."""
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
    """Return the end of each row's deal, given the rows' seeds."""
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
    """Count the comparisons against one opponent; deals are sorted by agent. `points` are twice each row's wins."""
    for row in range(len(ends)):
        mine, first, end = agent[row], row + 1, ends[row]
        if first < end and mine < agent[first] and agent[end - 1] - agent[first] == end - 1 - first:
            others = slice(agent[first], agent[end - 1] + 1)
            points[row] += _count_run(
                outcome[row], outcome[first:end], halves[mine, others], counts[mine, others], points[first:end]
            )
        else:
            _count_others(row, end, agent, outcome, halves, counts, points)
    for number in range(len(halves)):  # Two episodes of one agent are not a comparison.
        halves[number, number] = 0
        counts[number, number] = 0


@kernel
def _count_run(own, outcomes, halves, counts, points):  # type: ignore[no-untyped-def]
    """Compare a row with those of consecutive agents, in a form that vectorises."""
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
    """Return whether all deals of an opponent that compare anybody have the same agents, each once."""
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
    """Return `_deviate` where all deals have the same agents: the points' deviations from each agent's mean."""
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
    """Sum each episode's deviations from the means of its pairs against one opponent."""
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
    """Return the means of the pairs' comparisons, and the factors that correct for their estimation."""
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
