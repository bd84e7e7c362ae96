"""Pairwise comparisons: how often each agent beat each other one against the same opponent on the same seed.

Two passes over a strip visit all pairs of a seed's episodes. The first counts the comparisons. The second computes how
much each episode's comparisons deviate from the mean of their pair and opponent. Of the deviations, sums over the
strip's seeds are kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mate import Team
from mate.compilation import kernel
from tournament.payoffs import Array
from tournament.strips import Common, Indices, Strip

Counts = NDArray[np.int32]


class Comparisons:
    """All comparisons of a team of m agents against n opponents.

    `halves` and `counts` (n, m, m), filled above the diagonal, are twice the number of times that the row's agent beat
    the column's, a tie counting once, and the number of comparisons. `scores` are each opponent's sums of deviations
    (`deviate`) by seed and agent, condensed (`Strip.condense`), `met` (n, m) the numbers of seeds of these, and
    `common` the deviations of seeds that belong to several strips. `errors` (n,) are the standard errors of the
    opponents' mean scores over their agents played, clustered by seed; NaN for an opponent that has played an agent
    only once.
    """

    def __init__(self, team: str, num_agents: int, num_opponents: int) -> None:
        self.team = team
        shape = num_opponents, num_agents, num_agents
        self.halves, self.counts = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        self.errors, self.met = np.zeros(num_opponents), np.zeros(shape[:2])
        self.scores = [np.zeros((0, num_agents))] * num_opponents
        self._common: dict[int, Common] = {}

    def take(self, opponent: int, strip: Strip) -> None:
        """Replace an opponent's comparisons with those of its strip."""
        outcome = -strip.reward if self.team == Team.CAMERA else strip.reward
        self.halves[opponent], self.counts[opponent], deviation = deviate(strip.agent, strip.seed, outcome, strip.size)
        self.errors[opponent] = _error_of_mean(strip.agent, strip.seed, outcome, strip.size)
        self.scores[opponent], self.met[opponent] = strip.condense(deviation), strip.count(strip.own)
        self._common[opponent] = strip.find_common(opponent, deviation)

    @property
    def common(self) -> Common:
        return Common.join(self._common.values())

    def wins(self) -> tuple[Array, Array]:
        """Return (m, m) wins of the row's agent, ties half, and comparisons, against all opponents."""
        return _unfold(self.halves.sum(axis=0, dtype=np.int64), self.counts.sum(axis=0, dtype=np.int64))

    def wins_against(self, opponent: int) -> tuple[Array, Array]:
        """Return the wins and comparisons against one opponent."""
        return _unfold(self.halves[opponent].astype(np.int64), self.counts[opponent].astype(np.int64))

    def residuals(self, members: Indices, expected: Array) -> Array:
        """Return (n, k), for each opponent, the wins of the `members` (k,) minus those `expected` (k, k)."""
        whole = np.full(self.halves.shape[1:], 0.5)
        whole[np.ix_(members, members)] = expected
        return np.asarray(_sum_residuals(self.halves, self.counts, whole))[:, members]


def deviate(agent: Indices, seed: Indices, outcome: Array, size: int) -> tuple[Counts, Counts, Array]:
    """Return twice the wins and the numbers of comparisons (size, size) against one opponent, and deviations (k,).

    The k episodes are sorted by seed and agent. An episode's deviation is the sum over its comparisons of their
    deviations from the mean of their pair, corrected for the estimated mean. A lone comparison counts as a whole win or
    loss at even odds, which is the largest possible variance.
    """
    halves, counts = np.zeros((size, size), np.int32), np.zeros((size, size), np.int32)
    ends, points, deviation = _find_ends(seed), np.zeros(len(agent), np.int32), np.zeros(len(agent))
    _count_pairs(ends, agent, outcome, halves, counts, points)
    if _is_complete(ends, agent):
        _deviate_together(ends, agent, points, size, deviation)
    else:
        _deviate(ends, agent, outcome, halves, counts, deviation)
    return halves, counts, deviation


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
def _find_ends(seed):  # type: ignore[no-untyped-def]
    """Return the end of each row's deal: the rows of the same seed."""
    size = len(seed)
    ends = np.empty(size, np.int64)
    end = size
    for row in range(size - 1, -1, -1):
        if row + 1 < size and seed[row] != seed[row + 1]:
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


@kernel
def _error_of_mean(agent, seed, outcome, size):  # type: ignore[no-untyped-def]
    """Return the standard error of one opponent's mean; rows of one seed are consecutive."""
    count, mean = np.zeros(size), np.zeros(size)
    for row in range(len(agent)):
        count[agent[row]] += 1
        mean[agent[row]] += outcome[row]
    mean /= np.maximum(count, 1)
    weight = np.sqrt(count / np.maximum(count - 1, 1)) / (np.maximum(count, 1) * max((count > 0).sum(), 1))
    total, moved = 0.0, 0.0
    for row in range(len(agent)):
        if row > 0 and seed[row] != seed[row - 1]:
            total += moved**2
            moved = 0.0
        moved += weight[agent[row]] * (outcome[row] - mean[agent[row]])
    return np.nan if (count == 1).any() else np.sqrt(total + moved**2)
