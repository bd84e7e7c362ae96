"""The tables of published snapshots. They never change, so each process decodes them once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from cachetools import LRUCache

from tournament.models import RatingSnapshot
from tournament.ratings import Ratings

MOST_CELLS = 250_000
"""Maximum number of payoffs in the cache of a process, about 25 MB. The least recently read tables are dropped first.
"""


@dataclass(frozen=True)
class StoredBoard:
    """A snapshot's table and the ratings in it. Nobody may change the table, since all readers share it."""

    table: dict[str, Any]
    ratings: Ratings

    @property
    def size(self) -> int:
        """The number of its payoffs."""
        game = self.table["meta_game"]
        return len(game["cameras"]) * len(game["targets"]) + 1


_known: LRUCache[tuple[int, datetime], StoredBoard] = LRUCache(MOST_CELLS, getsizeof=lambda board: board.size)
"""Cache by the key and the moment of a snapshot. The moment distinguishes reused keys."""
_lock = Lock()


def read(snapshot: RatingSnapshot) -> StoredBoard:
    """Return the table of a snapshot. Set `snapshot.table` if it was deferred; only an unknown table costs a query."""
    key = (snapshot.pk, snapshot.created)
    with _lock:
        found = _known.get(key)
    if found is None:
        found = StoredBoard(snapshot.table, Ratings.from_json(snapshot.table))
        if found.size <= MOST_CELLS:
            with _lock:
                _known[key] = found
    snapshot.table = found.table
    return found
