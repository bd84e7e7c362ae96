"""Scheduling of tournaments: which one a free worker plays for. Users have equal shares, and so have the tournaments
of a user.

Administrators set priorities. Only the tournaments with the highest priority are served. Among users, the one with the
fewest workers is next; ties go to the user who is due first. A user is due when the time that the last block took,
times the number of users, has passed since its claim. So users have equal time, however long their blocks take. The
same rule chooses among the user's tournaments. A small tournament thus waits at most until the blocks that are being
played end, however large the others are. The cost depends on the number of tournaments and workers, not on the number
of waiting blocks.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from tasks import leases
from tournament import leaderboards
from tournament.models import Block, BlockState, Tournament, TournamentState

Served = dict[tuple[int | None, int], datetime]
"""Time from which the next block is due, by owner and tournament."""
NEVER = datetime.min.replace(tzinfo=UTC)


def in_order(blocks: QuerySet[Block]) -> QuerySet[Block]:
    """Sort the waiting blocks of a tournament by number of attempts, then by age, the oldest first.

    An index has this order, so the first block is found at once, however many wait or were played.
    """
    return blocks.order_by("attempts", "id")


def tournaments_in_turn() -> list[int]:
    """Return the keys of the tournaments that this worker can play and that have waiting blocks, the next one first.

    A worker can play tournaments of its engine version and device class.
    """
    blocks = Block.objects.filter(tournament=OuterRef("pk"))
    last = blocks.filter(claimed__isnull=False).order_by("-claimed")
    first = in_order(leases.waiting(Block).filter(tournament=OuterRef("pk"))).values("pk")[:1]
    playing = Tournament.objects.filter(
        state=TournamentState.PLAYING, engine=leaderboards.engine_version(), device=leaderboards.DEVICE
    )
    playable = playing.annotate(first=Subquery(first)).filter(first__isnull=False)
    playable = playable.annotate(
        last=Subquery(last.values("claimed")[:1]), took=Coalesce(Subquery(last.values("seconds")[:1]), 0.0)
    )
    rows = playable.order_by().values_list("priority", "owner", "pk", "last", "took")
    if len(rows) < 2:
        return [key for _, _, key, _, _ in rows]
    sharing = len({(priority, owner) for priority, owner, *_ in rows})
    found: dict[int, Served] = {}
    for priority, owner, key, claimed, took in rows:
        due = claimed + timedelta(seconds=took * sharing) if claimed else NEVER
        found.setdefault(priority, {})[owner, key] = due
    busy = _count_busy()
    return [key for _, served in sorted(found.items(), reverse=True) for _, key in sort_by_turn(served, busy)]


def _count_busy() -> Counter[tuple[int | None, int]]:
    """Return how many workers play, by owner and tournament."""
    held = Block.objects.filter(state=BlockState.LEASED).order_by()
    return Counter(held.values_list("tournament__owner", "tournament"))


def sort_by_turn(served: Served, busy: Counter[tuple[int | None, int]]) -> list[tuple[int | None, int]]:
    """Sort (owner, tournament) by whose turn it is, given when each is due and how many workers each has."""
    busy_for: Counter[int | None] = Counter()
    for (owner, _), count in busy.items():
        busy_for[owner] += count
    served_for: dict[int | None, datetime] = {}
    for (owner, _), last in served.items():
        served_for[owner] = max(served_for.get(owner, NEVER), last)

    def turn(one: tuple[int | None, int]) -> tuple[int, datetime, int, datetime, int]:
        owner, key = one
        # Among owners who are equal in both, their tournaments decide.
        return busy_for[owner], served_for[owner], busy[one], served[one], key

    return sorted(served, key=turn)
