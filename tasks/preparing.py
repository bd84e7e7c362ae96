"""Preparation of large tournaments, which takes too long for a web process."""

from __future__ import annotations

from tasks import hints, workers
from tournament import organising


def prepare_next() -> bool:
    """Write the first round of a tournament that waits for it; return whether there was one.

    Other workers are woken after each part, because it can be played.
    """
    tournament = organising.claim_unprepared()
    if tournament is None:
        return False
    for _ in organising.prepare(tournament):
        hints.top_up()
        if workers.State.is_stopping:
            organising.release_unprepared(tournament)
            return True
    organising.finish_if_complete(tournament)
    return True
