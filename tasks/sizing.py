"""How much of a block a worker plays in one go: about five seconds' worth, by what episodes of its pairing took before.

Short enough that progress is smooth and a cancelled or killed worker loses little, long enough that claiming, writing and
rating cost next to nothing beside it. Towards the end of a tournament the pieces get smaller, so that no worker
waits long for the last one. Where ``ARENA_BLOCK_SIZE`` is set, blocks are as it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum

from tasks import hints, leases
from tournament.models import Block, BlockState, Tournament, TournamentState
from tournament.queries import live_workers

WANTED_SECONDS = 5.0
LEAST_SECONDS = 0.4
FIRST_SECONDS = 2.5
"""Of a pairing that is played for the first time, where others of its agents were played."""
FIRST_EPISODES = 8
"""Of a pairing neither of whose agents was played in this tournament."""
LOOK_AHEAD = 100
"""Waiting blocks that are looked at to see whether the end is near."""


def trim(block: Block) -> None:
    """Keep of a claimed block what is to be played now; the rest becomes a block at the end of the queue. Raises LeaseLost."""
    if settings.ARENA_BLOCK_SIZE:
        return
    waiting = leases.waiting(Block).filter(tournament=block.tournament_id).order_by("id")
    ahead = list(waiting.values_list("pairing_id", "num_episodes")[:LOOK_AHEAD])
    keep = choose_size(block, ahead)
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
        if not ahead:  # Where others waited already, no worker sleeps.
            hints.send()


def choose_size(block: Block, ahead: Sequence[tuple[int, int]]) -> int:
    """How many episodes of a block are to be played in one go, when these (pairing, episodes) wait."""
    known = seconds_each({block.pairing_id, *(pairing for pairing, _ in ahead)})
    each = known.get(block.pairing_id)
    longest = WANTED_SECONDS
    if each is None:
        each, longest = guess_seconds(block), FIRST_SECONDS
    if each is None:
        return FIRST_EPISODES
    left = block.num_episodes * each + sum(count * known.get(pairing, each) for pairing, count in ahead)
    share = left / (2 * max(live_workers().count(), 1))
    return max(1, round(min(longest, max(share, LEAST_SECONDS)) / each))


def seconds_each(pairings: Iterable[int]) -> dict[int, float]:
    """What an episode of each of these pairings took, on average; those that were never played are left out."""
    played = Block.objects.filter(pairing__in=pairings, state=BlockState.DONE, num_played__gt=0, seconds__gt=0)
    sums = played.order_by().values_list("pairing").annotate(Sum("seconds"), Sum("num_played"))
    return {pairing: seconds / count for pairing, seconds, count in sums}


def guess_seconds(block: Block) -> float | None:
    """What an episode of a new pairing may take: what the slower of its agents took on average in this tournament's pairings.

    None where neither was played. How long an episode lasts is mostly the target's doing, what a step costs either's.
    """
    pairing = block.pairing
    played = Block.objects.filter(
        tournament=block.tournament_id, state=BlockState.DONE, num_played__gt=0, seconds__gt=0
    )
    related = played.filter(Q(pairing__camera=pairing.camera_id) | Q(pairing__target=pairing.target_id))
    columns = ("pairing__camera", "pairing__target")
    sums = related.order_by().values_list(*columns).annotate(Sum("seconds"), Sum("num_played"))
    guesses = []
    for column, agent in enumerate((pairing.camera_id, pairing.target_id)):
        mine = [row[2] / row[3] for row in sums if row[column] == agent]
        guesses.extend([sum(mine) / len(mine)] if mine else [])
    return max(guesses, default=None)
