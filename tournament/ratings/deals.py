"""Deals: one opponent and one seed that several agents of a team have played, as in duplicate bridge.

Episodes of a meta-game are sorted by opponent, seed and agent, so that a deal is a run of rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mate import Team
from mate.compilation import kernel
from tournament.ordering import Indices, insert, sort
from tournament.payoffs import Array, Episodes


@dataclass(frozen=True)
class Deals:
    """The E episodes of one team's m agents against n opponents, sorted by opponent, seed and agent; all arrays (E,).

    `cluster` numbers the seeds in ascending order; a larger `outcome` is better. The rows of opponent j are `starts[j]`
    to `starts[j + 1]`, where `starts` is (n + 1,).
    """

    num_agents: int
    agent: Indices
    opponent: Indices
    cluster: Indices
    outcome: Array
    starts: Indices

    @classmethod
    def of(cls, team: str, shape: tuple[int, int], episodes: Episodes) -> Deals:
        """Return the deals of a team, `camera` or `target`, in the meta-game of `shape` cameras by targets."""
        agent, opponent, outcome = _from_the_side_of(team, episodes)
        num_agents, num_opponents = shape if team == Team.CAMERA else shape[::-1]
        order = sort(np.arange(len(agent)), agent, num_agents)
        order = sort(order, episodes.cluster, episodes.num_clusters)
        order = sort(order, opponent, num_opponents)
        starts = _starts(opponent[order], num_opponents)
        return cls(num_agents, agent[order], opponent[order], episodes.cluster[order], outcome[order], starts)

    @property
    def num_opponents(self) -> int:
        return len(self.starts) - 1

    def insert(self, team: str, episodes: Episodes, renumbered: Indices) -> tuple[Deals, Indices]:
        """Return these deals with more episodes, and the earlier rows (new,) before which these were inserted.

        `renumbered` gives the new number of each earlier cluster; the new episodes use the new numbering. The result
        equals that of sorting all episodes.
        """
        agent, opponent, outcome = _from_the_side_of(team, episodes)
        inner = np.lexsort((agent, episodes.cluster, opponent))
        agent, opponent, cluster, outcome = agent[inner], opponent[inner], episodes.cluster[inner], outcome[inner]
        earlier = renumbered[self.cluster]
        # Rows are inserted only for these opponents and those between them.
        near = slice(self.starts[opponent[0]], self.starts[opponent[-1] + 1])
        size = 1 + int(max(cluster.max(), earlier.max(initial=0)))
        keys = [
            (one * size + two) * self.num_agents + three
            for one, two, three in (
                (self.opponent[near], earlier[near], self.agent[near]),
                (opponent, cluster, agent),
            )
        ]
        places = near.start + np.searchsorted(keys[0], keys[1], side="right")
        grown = replace(
            self,
            agent=insert(self.agent, places, agent),
            opponent=insert(self.opponent, places, opponent),
            cluster=insert(earlier, places, cluster),
            outcome=insert(self.outcome, places, outcome),
            starts=self.starts + np.append(0, np.cumsum(np.bincount(opponent, minlength=self.num_opponents))),
        )
        return grown, places


def _from_the_side_of(team: str, episodes: Episodes) -> tuple[Indices, Indices, Array]:
    """Return agents, opponents and outcomes of episodes, from the team's side."""
    if team == Team.CAMERA:
        return episodes.camera, episodes.target, -episodes.reward
    return episodes.target, episodes.camera, episodes.reward


def _starts(ordered: Indices, size: int) -> Indices:
    return np.searchsorted(ordered, np.arange(size + 1))


def errors_of_means(deals: Deals, opponents: Indices) -> Array:
    """Return the standard errors (k,), clustered by seed, of these opponents' mean scores over their agents played.

    NaN for an opponent that has played an agent only once: the variance of its episodes is unknown.
    """
    errors = np.empty(len(opponents))
    for place, number in enumerate(opponents):
        rows = slice(deals.starts[number], deals.starts[number + 1])
        errors[place] = _error_of_mean(deals.agent[rows], deals.cluster[rows], deals.outcome[rows], deals.num_agents)
    return errors


@kernel
def _error_of_mean(agent, cluster, outcome, size):  # type: ignore[no-untyped-def]
    """Return the standard error of one opponent's mean; rows of one seed are consecutive."""
    count, mean = np.zeros(size), np.zeros(size)
    for row in range(len(agent)):
        count[agent[row]] += 1
        mean[agent[row]] += outcome[row]
    mean /= np.maximum(count, 1)
    weight = np.sqrt(count / np.maximum(count - 1, 1)) / (np.maximum(count, 1) * max((count > 0).sum(), 1))
    total, moved = 0.0, 0.0
    for row in range(len(agent)):
        if row > 0 and cluster[row] != cluster[row - 1]:
            total += moved**2
            moved = 0.0
        moved += weight[agent[row]] * (outcome[row] - mean[agent[row]])
    return np.nan if (count == 1).any() else np.sqrt(total + moved**2)
