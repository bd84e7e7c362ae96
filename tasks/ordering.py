"""Order of tournaments: whose turn it is when a worker comes free. Users have equal shares, and so have a user's
tournaments.

Administrators set priorities: of tournaments whose priorities differ, those of the highest are served alone. Of the
users for whom the fewest workers play, the one is served whose last block was claimed longest ago; of the user's
tournaments likewise. A large tournament thus never keeps a small one waiting for longer than the blocks that are being
played. The cost depends on the number of tournaments and workers, and not on that of waiting blocks.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from tasks import leases
from tournament import leaderboards
from tournament.models import Block, BlockState, Tournament, TournamentState

Served = dict[tuple[int | None, int], datetime]
"""When a block was claimed last, by owner and tournament."""
NEVER = datetime.min.replace(tzinfo=UTC)


def in_order(blocks: QuerySet[Block]) -> QuerySet[Block]:
    """Sort waiting blocks of a tournament: the oldest first, after all those that were tried less often.

    An index has this order, so that the first is found at once, however many blocks wait or were played.
    """
    return blocks.order_by("attempts", "id")


def tournaments_in_turn() -> list[int]:
    """Return the tournaments (keys) whose blocks wait and that this worker's engine and device class play, first
    those to be served.
    """
    blocks = Block.objects.filter(tournament=OuterRef("pk"))
    last = blocks.filter(claimed__isnull=False).order_by("-claimed").values("claimed")[:1]
    first = in_order(leases.waiting(Block).filter(tournament=OuterRef("pk"))).values("pk")[:1]
    playing = Tournament.objects.filter(
        state=TournamentState.PLAYING, engine=leaderboards.engine_version(), device=leaderboards.DEVICE
    )
    playable = playing.annotate(first=Subquery(first)).filter(first__isnull=False)
    rows = playable.order_by().annotate(last=Subquery(last)).values_list("priority", "owner", "pk", "last")
    found: dict[int, Served] = {}
    for priority, owner, key, last_claimed in rows:
        found.setdefault(priority, {})[owner, key] = last_claimed or NEVER
    if len(rows) < 2:
        return [key for *_, key, _ in rows]
    busy = _count_busy()
    return [key for _, served in sorted(found.items(), reverse=True) for _, key in sort_by_turn(served, busy)]


def _count_busy() -> Counter[tuple[int | None, int]]:
    """Return how many workers play, by owner and tournament."""
    held = Block.objects.filter(state=BlockState.LEASED).order_by()
    return Counter(held.values_list("tournament__owner", "tournament"))


def sort_by_turn(served: Served, busy: Counter[tuple[int | None, int]]) -> list[tuple[int | None, int]]:
    """Sort (owner, tournament) by whose turn it is, given when each was served last and how many workers each has."""
    busy_for: Counter[int | None] = Counter()
    for (owner, _), count in busy.items():
        busy_for[owner] += count
    served_for: dict[int | None, datetime] = {}
    for (owner, _), last in served.items():
        served_for[owner] = max(served_for.get(owner, NEVER), last)

    def turn(one: tuple[int | None, int]) -> tuple[int, datetime, int, datetime, int]:
        owner, key = one
        # Owners with equal claims are told apart by their tournaments.
        return busy_for[owner], served_for[owner], busy[one], served[one], key

    return sorted(served, key=turn)
