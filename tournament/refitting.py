"""Fitting a board again at the price of what is new: its evidence is kept by the process that fitted it last.

What is kept only saves time. Whether it still holds is seen from the episodes themselves, and the ratings are those of a fit to all of them
at once, to the last bit (`tournament.ratings.Evidence`).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping

import numpy as np
from numpy.typing import NDArray

from tournament.ledgers import Fields, Played, Results
from tournament.payoffs import MetaGame
from tournament.ratings import Evidence, Ratings

KEPT_EPISODES = 3_000_000
"""Episodes in the evidence that a process keeps, of the boards it fitted last; each takes about 200 bytes."""


class Standing:
    """The evidence of one board as it was fitted last."""

    def __init__(self) -> None:
        self._fields: Fields | None = None
        self._results: Mapping[int, Results] = {}
        self._evidence: Evidence | None = None
        self.num_added = 0

    def __len__(self) -> int:
        return 0 if self._evidence is None else len(self._evidence)

    def follow(self, played: Played, fields: Fields) -> Evidence:
        """The evidence of these episodes: the earlier one with what is new, where that is all that has happened.

        `num_added` counts the episodes that were added to earlier evidence.
        """
        new = self._find_new(played, fields)
        if new is None or self._evidence is None:
            game = played.meta_game(fields)
            assert game.episodes is not None
            self._evidence = Evidence(game.cameras, game.targets, game.episodes)
        elif new:
            added = Played(new, played.agents).meta_game(fields).episodes
            assert added is not None
            self._evidence.add(added)
            self.num_added += len(added)
        self._fields, self._results = fields, played.results
        return self._evidence

    def _find_new(self, played: Played, fields: Fields) -> dict[int, Results] | None:
        """The episodes by pairing that the earlier evidence lacks; None where it has others, or was of other agents."""
        if fields != self._fields or not self._results.keys() <= played.results.keys():
            return None
        new = {}
        for key, found in played.results.items():
            earlier = self._results.get(key)
            if earlier is None:
                new[key] = found
            elif earlier is not found and not np.array_equal(earlier.key, found.key):
                is_new = _beyond(earlier.key, found.key)
                if len(earlier.key) != len(found.key) - is_new.sum():
                    return None
                if is_new.any():
                    new[key] = found.where(is_new)
        return new


def _beyond(known: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the keys are not among the known ones; no key is given twice."""
    return ~np.isin(keys, known, assume_unique=True)


_kept: OrderedDict[Hashable, Standing] = OrderedDict()
_lock = threading.RLock()


def fit(board: Hashable | None, played: Played, fields: Fields) -> tuple[MetaGame, Ratings]:
    """The meta-game of these episodes among these agents, and its ratings; evidence is kept under the name of the board, if it has one."""
    if board is None:
        return _rate(Standing().follow(played, fields))
    with _lock:
        standing = _kept.setdefault(board, Standing())
        _kept.move_to_end(board)
        found = _rate(standing.follow(played, fields))
        while len(_kept) > 1 and sum(map(len, _kept.values())) > KEPT_EPISODES:
            _kept.popitem(last=False)
        return found


def _rate(evidence: Evidence) -> tuple[MetaGame, Ratings]:
    return evidence.game, evidence.rate()


def forget() -> None:
    """Drop what this process keeps; the next fits begin with all episodes."""
    with _lock:
        _kept.clear()
