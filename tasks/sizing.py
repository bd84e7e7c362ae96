"""The size of the blocks that workers play: about five seconds each, by the expected duration of an episode.

This is short enough that progress is smooth and that a cancelled or killed worker loses little. It is long enough that
claiming, writing and rating cost almost nothing in comparison. Towards the end of a tournament blocks get smaller, so
that all workers end at about the same time (guided self-scheduling, Polychronopoulos and Kuck, 1987, with the remaining
time of running blocks). Blocks of remote agents are larger. ``ARENA_BLOCK_SIZE`` sets a fixed size instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F

from tasks import hints, leases
from tournament import durations, organising
from tournament.clock import Now
from tournament.models import AgentKind, Block, BlockState, Tournament, TournamentState
from tournament.queries import live_workers

WANTED_SECONDS = 5.0
LEAST_SECONDS = 0.1
SLIVER = 1.25
"""Maximum ratio of a block's size to the wanted size at which the block is not divided."""
PART = 0.7
"""Share of a worker's remaining work that it plays next; the rest compensates for wrong estimates.

The remaining work is that of all workers, divided equally.
"""
LAST_SECONDS = 1.4
"""Seconds of remaining work below which a worker plays all of it as one block."""
FIRST_SECONDS = 2.5
"""Wanted seconds of a pairing's first block: the duration of its episodes is estimated from other pairings."""
FIRST_EPISODES = 8
"""Episodes of the first block of two built-in agents that have not played in this tournament."""
FIRST_OF_LEARNED = 1
"""Episodes of such a block if an agent is learned: a large network may take a minute for an episode."""
REMOTE_SECONDS = 60.0
"""Wanted seconds of a block with a remote agent.

A turn carries all episodes of a block and mostly waits for the network, so a large block takes little longer.
"""
FIRST_OF_REMOTE = 4
"""Episodes of the first block of a pairing with a remote agent."""
GROWTH = 4.0
"""Maximum ratio of the sizes of two such blocks in succession."""
LOOK_AHEAD = 50
"""Number of other open blocks at which a tournament is still far from its end."""


@dataclass(frozen=True)
class Piece:
    """Episodes of a pairing that wait (`played_for` is None) or have been played for `played_for` seconds."""

    pairing: int
    num_episodes: int
    played_for: float | None

    def seconds_left(self, each: float) -> float:
        """Return the remaining seconds for one worker, if an episode takes `each` seconds."""
        return max(durations.of_block(self.num_episodes, each) - (self.played_for or 0.0), 0.0)


def trim(block: Block) -> None:
    """Reduce a claimed block to the wanted size; its other episodes become a block at the end of the queue.

    Raises LeaseLost.
    """
    if settings.ARENA_BLOCK_SIZE:
        return
    others = find_others(block)
    keep = choose_size(block, others)
    if SLIVER * keep >= block.num_episodes:
        return
    rest = block.seeds[keep:]
    with transaction.atomic():
        # A cancellation changes the tournament first and its blocks afterwards. So either it also cancels the new
        # block, or we see here that the tournament was cancelled.
        playing = Tournament.objects.select_for_update().filter(pk=block.tournament_id, state=TournamentState.PLAYING)
        if playing.first() is None:
            raise leases.LeaseLost(f"{block} belongs to a tournament that is over")
        leases.write(block, seeds=block.seeds[:keep], num_episodes=keep)
        Block.objects.create(
            tournament_id=block.tournament_id, pairing_id=block.pairing_id, seeds=rest, num_episodes=len(rest)
        )
        # If all other workers play in this tournament, no worker needs to be woken.
        if sum(piece.played_for is not None for piece in others) + 1 < live_workers().count():
            hints.send()


def find_others(block: Block) -> list[Piece]:
    """Return the other blocks of the tournament that wait or are being played."""
    playing = Block.objects.filter(state=BlockState.LEASED)
    # The condition on the state is redundant, but lets SQLite use an index instead of reading all blocks.
    rows = (leases.waiting(Block) | playing).filter(tournament=block.tournament_id, state__in=organising.OPEN)
    age = ExpressionWrapper(Now() - F("claimed"), output_field=DurationField())
    others = rows.exclude(pk=block.pk).order_by("state", "id").annotate(age=age)
    columns = others.values_list("state", "pairing_id", "num_episodes", "age")[:LOOK_AHEAD]
    return [
        Piece(pairing, count, age.total_seconds() if state == BlockState.LEASED and age else None)
        for state, pairing, count, age in columns
    ]


def choose_size(block: Block, others: Sequence[Piece]) -> int:
    """Return how many episodes of a block to play now, given the tournament's other open blocks."""
    if not block.pairing.is_reproducible:
        return choose_remote_size(block)
    pairings = {block.pairing_id, *(piece.pairing for piece in others)}
    known = durations.known(pairings)
    expected = known | durations.guess(block.tournament_id, pairings - known.keys())
    each = expected.get(block.pairing_id)
    if each is None:
        agents = (block.pairing.camera, block.pairing.target)
        is_builtin = all(agent.kind == AgentKind.BUILTIN for agent in agents)
        return FIRST_EPISODES if is_builtin else FIRST_OF_LEARNED
    wanted = WANTED_SECONDS if block.pairing_id in known else FIRST_SECONDS
    if len(others) < LOOK_AHEAD:
        left = sum(piece.seconds_left(expected.get(piece.pairing, each)) for piece in others)
        parts = durations.of_block(block.num_episodes, each, parts=2)
        share = (parts + left) / max(live_workers().count(), 1)
        wanted = min(wanted, share if share < LAST_SECONDS else PART * share)
    return durations.episodes_in(max(wanted, LEAST_SECONDS), each)


def choose_remote_size(block: Block) -> int:
    """Return how many episodes of a block with a remote agent to play now: by how long the pairing's last block took.

    Seconds for an episode say little here: they shrink while blocks grow.
    """
    played = Block.objects.filter(pairing=block.pairing_id, state=BlockState.DONE, seconds__gt=0.0)
    last = played.order_by("-finished").first()
    if last is None:
        return FIRST_OF_REMOTE
    return max(1, int(last.num_episodes * min(REMOTE_SECONDS / last.seconds, GROWTH)))
