"""Incremental fits of a board: the process that fitted it last keeps its evidence.

The cache only saves time. It follows the episodes as the ledgers read them, which go by the database's versions of
pairings, and the ratings equal those of a fit to all episodes, to the last bit (`tournament.ratings.BoardEvidence`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from cachetools import LRUCache, cached

from tournament.ledgers import Fields, Played
from tournament.payoffs import MetaGame
from tournament.ratings import BoardEvidence, Ratings, rate

KEPT_EPISODES = 12_000_000
"""Maximum number of episodes of a process's cached evidence, of the latest boards; they are those of the ledgers."""
RATED = 4
"""Maximum number of a process's latest fits whose ratings are cached, by all that they depend on."""

_kept: OrderedDict[Hashable, BoardEvidence] = OrderedDict()
_rated: LRUCache[bytes, Ratings] = LRUCache(maxsize=RATED)
_lock = threading.RLock()


def follow(evidence: BoardEvidence | None, played: Played, fields: Fields) -> BoardEvidence:
    """Return the evidence of these episodes and agents: the earlier one, updated, if it is of the same agents."""
    if evidence is None or evidence.fields != fields:
        return BoardEvidence(*fields, played.cells(fields))
    evidence.update(played.cells(fields))
    return evidence


def fit(board: Hashable | None, played: Played, fields: Fields) -> tuple[MetaGame, Ratings]:
    """Return the meta-game of these episodes and agents, and its ratings; evidence is cached under `board`."""
    with _lock:
        evidence = follow(_kept.pop(board, None), played, fields)
        if board is not None:
            _kept[board] = evidence
        while len(_kept) > 1 and sum(map(len, _kept.values())) > KEPT_EPISODES:
            _kept.popitem(last=False)
        return evidence.game, _rate(evidence)


# The episodes of a scenario's first tournament are all that its board has too: both have the same ratings.
@cached(_rated, key=BoardEvidence.digest, lock=_lock)
def _rate(evidence: BoardEvidence) -> Ratings:
    return rate(evidence)


def forget() -> None:
    """Clear the caches of this process; the next fits start from all episodes."""
    with _lock:
        _kept.clear()
        _rated.clear()
