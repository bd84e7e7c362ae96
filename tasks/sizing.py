"""How much of a block a worker plays in one go: about five seconds' worth, by what episodes are expected to take.

Short enough that progress is smooth and a cancelled or killed worker loses little, long enough that claiming, writing
and rating cost next to nothing beside it. Towards the end of a tournament the pieces get smaller, and the last ones are
cut so that all workers end together (guided self-scheduling, Polychronopoulos and Kuck, 1987, with the time that
running pieces still need). Where ``ARENA_BLOCK_SIZE`` is set, blocks are as it says.
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
"""Maximum ratio of a block to the wanted size at which it is played whole."""
PART = 0.7
"""Share of a worker's remaining work, if all were to end together, that is its next piece; the rest evens out wrong
guesses.
"""
LAST_SECONDS = 1.4
"""Seconds of remaining work that a worker takes in one piece."""
FIRST_SECONDS = 2.5
"""Seconds of the first block of a pairing whose agents played in others: how long its episodes take is a guess.
"""
FIRST_EPISODES = 8
"""Episodes of the first block of two built-in agents that have not played in this tournament."""
FIRST_OF_LEARNED = 1
"""The same where an agent is learned: a large network may take a minute for an episode."""
LOOK_AHEAD = 50
"""Number of other open blocks from which on the end is far."""


@dataclass(frozen=True)
class Piece:
    """Episodes of a pairing that wait (`played_for` is None) or are being played for so many seconds."""

    pairing: int
    num_episodes: int
    played_for: float | None

    def seconds_left(self, each: float) -> float:
        """Return what it still takes one worker, when an episode takes so long."""
        return max(durations.of_block(self.num_episodes, each) - (self.played_for or 0.0), 0.0)


def trim(block: Block) -> None:
    """Keep of a claimed block what is to be played now; the rest becomes a block at the end of the queue.

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
        # Whoever cancels changes the tournament first and then its blocks: so it sees the new one, or we see that it
        # was cancelled.
        playing = Tournament.objects.select_for_update().filter(pk=block.tournament_id, state=TournamentState.PLAYING)
        if playing.first() is None:
            raise leases.LeaseLost(f"{block} belongs to a tournament that is over")
        leases.write(block, seeds=block.seeds[:keep], num_episodes=keep)
        Block.objects.create(
            tournament_id=block.tournament_id, pairing_id=block.pairing_id, seeds=rest, num_episodes=len(rest)
        )
        # Where all the others play in this tournament, none sleeps.
        if sum(piece.played_for is not None for piece in others) + 1 < live_workers().count():
            hints.send()


def find_others(block: Block) -> list[Piece]:
    """What else of the block's tournament is being played or waits."""
    playing = Block.objects.filter(state=BlockState.LEASED)
    # That they are open is said once more, for the index: SQLite would read all blocks of the tournament.
    rows = (leases.waiting(Block) | playing).filter(tournament=block.tournament_id, state__in=organising.OPEN)
    age = ExpressionWrapper(Now() - F("claimed"), output_field=DurationField())
    others = rows.exclude(pk=block.pk).order_by("state", "id").annotate(age=age)
    columns = others.values_list("state", "pairing_id", "num_episodes", "age")[:LOOK_AHEAD]
    return [
        Piece(pairing, count, age.total_seconds() if state == BlockState.LEASED and age else None)
        for state, pairing, count, age in columns
    ]


def choose_size(block: Block, others: Sequence[Piece]) -> int:
    """How many episodes of a block are to be played in one go, beside these others."""
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
