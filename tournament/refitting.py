"""Incremental fits of a board: the process that fitted it last keeps its evidence.

The cache only saves time. Its validity is checked against the episodes themselves, and the ratings equal those of a fit
to all episodes, to the last bit (`tournament.ratings.BoardEvidence`).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping

import numpy as np
from cachetools import LRUCache, cached

from tournament.ledgers import Agents, Fields, Played, Results
from tournament.payoffs import MetaGame
from tournament.ratings import BoardEvidence, Ratings

KEPT_EPISODES = 3_000_000
"""Maximum number of episodes in a process's cached evidence, of the latest boards; each takes about 200 bytes."""
RATED = 4
"""Maximum number of a process's latest fits whose ratings are cached, by all that they depend on."""


class FittedBoard:
    """The evidence of one board after its last fit."""

    def __init__(self) -> None:
        self._fields: Fields | None = None
        self._results: Mapping[Agents, Results] = {}
        self._evidence: BoardEvidence | None = None
        self.num_added = 0

    def __len__(self) -> int:
        return 0 if self._evidence is None else len(self._evidence)

    def follow(self, played: Played, fields: Fields) -> BoardEvidence:
        """Return the evidence of these episodes: the earlier one with the new episodes, where nothing else has changed.

        `num_added` counts the episodes that were added to earlier evidence.
        """
        new = self._find_new(played, fields)
        if new is None or self._evidence is None:
            game = played.meta_game(fields)
            assert game.episodes is not None
            self._evidence = BoardEvidence(game.cameras, game.targets, game.episodes)
        elif new:
            added = Played(new, played.agents).meta_game(fields).episodes
            assert added is not None
            self._evidence.add(added)
            self.num_added += len(added)
        self._fields, self._results = fields, _by_agents(played)
        return self._evidence

    def _find_new(self, played: Played, fields: Fields) -> dict[int, Results] | None:
        """Return the new episodes by pairing; None where earlier episodes are missing or the agents differ."""
        if fields != self._fields or not self._results.keys() <= _by_agents(played).keys():
            return None
        new = {}
        for key, found in played.results.items():
            earlier = self._results.get(played.agents[key])
            if earlier is None:
                new[key] = found
            elif earlier is not found:
                is_new = ~np.isin(found.seed, earlier.seed, assume_unique=True)
                known = found.where(~is_new)
                if not (np.array_equal(known.seed, earlier.seed) and np.array_equal(known.reward, earlier.reward)):
                    return None
                if is_new.any():
                    new[key] = found.where(is_new)
        return new


def _by_agents(played: Played) -> dict[Agents, Results]:
    return {played.agents[key]: found for key, found in played.results.items()}


_kept: OrderedDict[Hashable, FittedBoard] = OrderedDict()
_rated: LRUCache[bytes, Ratings] = LRUCache(maxsize=RATED)
_lock = threading.RLock()


def fit(board: Hashable | None, played: Played, fields: Fields) -> tuple[MetaGame, Ratings]:
    """Return the meta-game of these episodes and agents, and its ratings; evidence is cached under `board`."""
    if board is None:
        evidence = FittedBoard().follow(played, fields)
        return evidence.game, _rate(evidence)
    with _lock:
        standing = _kept.setdefault(board, FittedBoard())
        _kept.move_to_end(board)
        evidence = standing.follow(played, fields)
        found = evidence.game, _rate(evidence)
        while len(_kept) > 1 and sum(map(len, _kept.values())) > KEPT_EPISODES:
            _kept.popitem(last=False)
        return found


def _digest(evidence: BoardEvidence) -> bytes:
    """Return a digest of all that the ratings depend on: the agents, and the sorted episodes to the last bit."""
    game = evidence.game
    assert game.episodes is not None
    digest = hashlib.sha256(json.dumps([game.cameras, game.targets]).encode())
    for column in (game.episodes.camera, game.episodes.target, game.episodes.seed, game.episodes.reward):
        digest.update(column.tobytes())
    return digest.digest()


# The episodes of a scenario's first tournament are all that its board has too: both have the same ratings.
@cached(_rated, key=_digest, lock=_lock)
def _rate(evidence: BoardEvidence) -> Ratings:
    return evidence.rate()


def forget() -> None:
    """Clear the caches of this process; the next fits start from all episodes."""
    with _lock:
        _kept.clear()
        _rated.clear()
