"""Whose turn it is: which kind of work a worker takes next, so that uploads do not hold up play, nor play uploads.

Of several live workers one never checks uploads: the first by name, which every worker finds in the database by itself. The
others check what waits before they play. A worker that is alone takes an upload and a block in turn.
"""

from __future__ import annotations

from collections.abc import Callable

from tasks import checking, leases, playing, workers
from tournament.models import Upload
from tournament.queries import live_workers

Kind = Callable[[], bool]


class Last:
    """What this worker did last."""

    was_upload = False


def do_next() -> bool:
    """Do one piece of work; returns whether there was one for this worker."""
    for kind in choose_kinds():
        if kind():
            Last.was_upload = kind is checking.check_next
            return True
    return False


def choose_kinds() -> tuple[Kind, ...]:
    """The kinds of work that this worker takes now, the first that there is."""
    if not leases.waiting(Upload).exists():
        return (playing.play_next,)
    alive = {workers.State.name, *live_workers().values_list("name", flat=True)}
    if len(alive) == 1:
        kinds: tuple[Kind, ...] = (checking.check_next, playing.play_next)
        return kinds[::-1] if Last.was_upload else kinds
    if workers.State.name == min(alive):
        return (playing.play_next,)
    return (checking.check_next, playing.play_next)
