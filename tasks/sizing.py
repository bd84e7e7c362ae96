"""How much of a block a worker plays in one go: about five seconds' worth, by what episodes of its pairing took before.

Short enough that progress is smooth and a cancelled or killed worker loses little, long enough that claiming, writing and
rating cost next to nothing beside it. Towards the end of a tournament the pieces get smaller, so that no worker
waits long for the last one. Where ``ARENA_BLOCK_SIZE`` is set, blocks are as it says.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from tasks import hints, leases
from tournament.models import Block, BlockState, Tournament, TournamentState
from tournament.queries import live_workers

WANTED_SECONDS = 5.0
LEAST_SECONDS = 1.0
FIRST_EPISODES = 8
"""Episodes of a pairing that is played for the first time."""
LOOK_AHEAD = 100
"""Waiting blocks that are looked at to see whether the end is near."""


def trim(block: Block) -> None:
    """Keep of a claimed block what is to be played now; the rest becomes a block at the end of the queue. Raises LeaseLost."""
    if settings.ARENA_BLOCK_SIZE:
        return
    keep = choose_size(block)
    if 1.5 * keep >= block.num_episodes:
        return
    rest = block.seeds[keep:]
    with transaction.atomic():
        # Whoever cancels changes the tournament first and then its blocks: so it sees the new one, or we see that it was cancelled.
        playing = Tournament.objects.select_for_update().filter(pk=block.tournament_id, state=TournamentState.PLAYING)
        if playing.first() is None:
            raise leases.LeaseLost(f"{block} belongs to a tournament that is over")
        leases.write(block, seeds=block.seeds[:keep], num_episodes=keep)
        Block.objects.create(
            tournament_id=block.tournament_id, pairing_id=block.pairing_id, seeds=rest, num_episodes=len(rest)
        )
        hints.send()


def choose_size(block: Block) -> int:
    """How many episodes of a block are to be played in one go."""
    waiting = Block.objects.filter(tournament=block.tournament_id, state=BlockState.WAITING).order_by("id")
    ahead = list(waiting.values_list("pairing_id", "num_episodes")[:LOOK_AHEAD])
    known = seconds_each({block.pairing_id, *(pairing for pairing, _ in ahead)})
    each = known.get(block.pairing_id)
    if each is None:
        return FIRST_EPISODES
    left = block.num_episodes * each + sum(count * known.get(pairing, each) for pairing, count in ahead)
    share = left / (2 * max(live_workers().count(), 1))
    return max(1, round(min(WANTED_SECONDS, max(share, LEAST_SECONDS)) / each))


def seconds_each(pairings: Iterable[int]) -> dict[int, float]:
    """What an episode of each of these pairings took, on average; those that were never played are left out."""
    played = Block.objects.filter(pairing__in=pairings, state=BlockState.DONE, num_played__gt=0, seconds__gt=0)
    sums = played.order_by().values_list("pairing").annotate(Sum("seconds"), Sum("num_played"))
    return {pairing: seconds / count for pairing, seconds, count in sums}
