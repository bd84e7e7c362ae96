"""Turns: which kind of work a worker takes next, so that neither uploads nor matches delay the other.

If several workers are live, one of them never checks uploads: the first by name. Every worker reads the names from the
database. The others alternate between an upload and a block, and spend no more time on uploads than on matches.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tasks import admission, auditing, checking, leases, playing, preparing, workers
from tournament.models import Upload
from tournament.queries import live_workers

Kind = Callable[[], bool]

TOLERANCE_SECONDS = 1.0
MOST_SECONDS = 60.0


class LastTurn:
    """The last kind of work of this worker, and by how many seconds its time on uploads exceeds that on matches."""

    was_upload = False
    owed_to_play = 0.0


def do_next() -> bool:
    """Do one piece of work; return whether there was one. A worker that may take no work does none."""
    if not admission.may_play():
        return False
    for kind in (auditing.audit_next, preparing.prepare_next, *choose_kinds()):
        began = time.monotonic()
        if kind():
            note(kind is checking.check_next, time.monotonic() - began)
            return True
        if kind is playing.play_next:
            LastTurn.owed_to_play = 0.0
    return False


def note(was_upload: bool, seconds: float) -> None:
    """Remember what was done and how long it took."""
    LastTurn.was_upload = was_upload
    owed = LastTurn.owed_to_play + (seconds if was_upload else -seconds)
    LastTurn.owed_to_play = min(max(owed, 0.0), MOST_SECONDS)


def choose_kinds() -> tuple[Kind, ...]:
    """Return the kinds of work that this worker may take now, in order of preference."""
    if not leases.waiting(Upload).exists():
        return (playing.play_next,)
    alive = {workers.State.name, *live_workers().values_list("name", flat=True)}
    if len(alive) > 1 and workers.State.name == min(alive):
        return (playing.play_next,)
    is_plays_turn = LastTurn.was_upload or LastTurn.owed_to_play > TOLERANCE_SECONDS
    kinds: tuple[Kind, ...] = (checking.check_next, playing.play_next)
    return kinds[::-1] if is_plays_turn else kinds
