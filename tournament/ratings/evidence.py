"""The evidence of a board, stored so that further episodes cost only what they change.

A fit of a hundred by a hundred agents from a million episodes spends most of its time on sorting and comparing. Both
results are kept by opponent. For any order of additions, the ratings equal those of `rate` on all episodes, to the last
bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mate import Team
from tournament.ordering import Indices, insert
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings.comparisons import Comparisons
from tournament.ratings.fitting import compare, rate
from tournament.ratings.records import Ratings

_COLUMNS = ("camera", "target", "seed", "reward", "cluster")


class BoardEvidence:
    """The episodes among `cameras` and `targets` (digests, in the order of the meta-game) and their comparisons.

        evidence = BoardEvidence(cameras, targets, episodes)    # sorts and compares everything
        evidence.add(block)                                     # changes only what the new episodes concern
        evidence.rate()                                         # as ratings.rate(evidence.game)

    The agents are fixed: another agent needs new evidence. Each episode must be added once. Besides the episodes, it
    needs 8 m n (m + n) bytes for m cameras and n targets.
    """

    def __init__(self, cameras: Sequence[str], targets: Sequence[str], episodes: Episodes) -> None:
        self._fields = tuple(cameras), tuple(targets)
        self._seeds = np.unique(episodes.seed)
        self._game = MetaGame.from_episodes(*self._fields, _order(episodes))
        self._comparisons = compare(self._game)

    @property
    def game(self) -> MetaGame:
        """The meta-game of all episodes, sorted by camera, target and seed."""
        return self._game

    @property
    def comparisons(self) -> dict[str, Comparisons]:
        """The comparisons of both teams."""
        return self._comparisons

    def __len__(self) -> int:
        return len(self._episodes)

    @property
    def _episodes(self) -> Episodes:
        assert self._game.episodes is not None
        return self._game.episodes

    def add(self, episodes: Episodes) -> None:
        """Add episodes among the same agents. Raises ValueError, and adds none, if one is of another agent."""
        for name, column, field in zip(Team, (episodes.camera, episodes.target), self._fields, strict=True):
            if len(column) and not (column.min() >= 0 and column.max() < len(field)):
                raise ValueError(
                    f"An episode's {name} is number {column.max()}: the evidence has {len(field)}, from 0."
                )
        if not len(episodes):
            return
        seeds = np.union1d(self._seeds, episodes.seed)
        renumbered = np.searchsorted(seeds, self._seeds)
        new = _order(_number(episodes, np.searchsorted(seeds, episodes.seed)))
        grown = {}
        for team, counted in self._comparisons.items():
            grown[team] = counted.updated(*counted.deals.insert(team, new, renumbered))
        earlier = _number(self._episodes, renumbered[self._episodes.cluster])
        self._game = MetaGame.from_episodes(*self._fields, _merge(earlier, new))
        self._comparisons, self._seeds = grown, seeds

    def rate(self, anchors: dict[str, str] | None = None, **options: Any) -> Ratings:
        """Return ratings from all episodes; options are those of `tournament.ratings.rate`."""
        return rate(self.game, anchors, comparisons=self._comparisons, **options)


def _number(episodes: Episodes, cluster: Indices) -> Episodes:
    """Return the episodes with other numbers of their seeds."""
    return Episodes.with_clusters(episodes.camera, episodes.target, episodes.seed, episodes.reward, cluster)


def _order(episodes: Episodes) -> Episodes:
    """Return the episodes sorted by camera, target and seed."""
    order = np.lexsort((episodes.cluster, episodes.target, episodes.camera))
    columns: list[Any] = [getattr(episodes, name)[order] for name in _COLUMNS]
    return Episodes.with_clusters(*columns)


def _merge(episodes: Episodes, more: Episodes) -> Episodes:
    """Merge two sorted sets of episodes."""
    first, last = np.searchsorted(episodes.camera, [more.camera[0], more.camera[-1] + 1])
    size = 1 + int(max(part.target.max(initial=0) for part in (episodes, more)))
    seeds = 1 + int(max(part.cluster.max(initial=0) for part in (episodes, more)))
    near = slice(first, last)
    earlier = (episodes.camera[near] * size + episodes.target[near]) * seeds + episodes.cluster[near]
    new = (more.camera * size + more.target) * seeds + more.cluster
    places = first + np.searchsorted(earlier, new, side="right")
    columns: list[Any] = [insert(getattr(episodes, name), places, getattr(more, name)) for name in _COLUMNS]
    return Episodes.with_clusters(*columns)
