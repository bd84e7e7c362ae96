"""Playing blocks: claimed, played in lockstep, their episodes written as they finish."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone

from tasks import leases, publishing, sizing, workers
from tournament import entries, leaderboards, matches
from tournament.models import Block, BlockState, Cause, Episode, Tournament

EDGES = ("camera_edges_sent", "camera_edges_received", "target_edges_sent", "target_edges_received")

if TYPE_CHECKING:
    from mate.episodes import EpisodeResult

log = logging.getLogger(__name__)

RELATED = ("tournament__scenario", "pairing__scenario", "pairing__camera", "pairing__target")
"""What playing a block needs besides it."""
MAX_ATTEMPTS = 3
"""After this many attempts an error of ours is final."""
FLUSH_SECONDS = 1.0
LIMIT_SECONDS = 3600.0
"""A block that takes longer counts as stuck."""


def play_next() -> bool:
    """Claim a block and play it; returns whether there was one."""
    block = claim_block()
    if block is None:
        return False
    workers.do(f"playing block {block.pk} of {block.tournament.name}")
    play(block)
    publishing.publish(block.tournament)
    return True


def claim_block() -> Block | None:
    """The oldest block of the tournament that the fewest workers play for; None if there is nothing to do."""
    firsts = leases.waiting(Block).order_by().values("tournament").annotate(first=Min("id"))
    by_tournament = {row["tournament"]: row["first"] for row in firsts}
    for tournament in order_by_workers(by_tournament):
        waiting = leases.waiting(Block).filter(tournament=tournament).order_by("id").values_list("pk", "token")
        while candidates := list(waiting[:8]):
            block = leases.claim(Block, candidates, workers.State.name, RELATED)
            if block is not None:
                return block
    return None


def order_by_workers(tournaments: Collection[int]) -> list[int]:
    """Tournaments for which the fewest workers play first, older ones before younger ones."""
    if len(tournaments) < 2:
        return list(tournaments)
    playing = Block.objects.filter(state=BlockState.LEASED, tournament__in=tournaments).order_by()
    busy = dict(playing.values_list("tournament").annotate(Count("id")))
    return sorted(tournaments, key=lambda tournament: (busy.get(tournament, 0), tournament))


def play(block: Block) -> None:
    """Play a claimed block to its end, or say on its row why not."""
    try:
        with leases.Keeper(block, LIMIT_SECONDS) as keeper:
            _play(block, keeper)
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except workers.Stopping:
        _unless_lost(leases.give_back, block, attempts=max(block.attempts - 1, 0))
    except matches.MatchError as error:
        log.warning("%s: %s", block, error, exc_info=error.cause == Cause.PORTAL)
        _unless_lost(fail, block, error.cause, str(error))
    except Exception as error:
        log.exception("%s failed", block)
        summary = traceback.format_exception_only(error)[-1].strip()
        _unless_lost(fail, block, Cause.PORTAL, summary)


def _unless_lost(act: Callable[..., None], block: Block, *arguments: str, **changes: int) -> None:
    """Do something to a block that we hold; nothing where we do not hold it any more."""
    try:
        act(block, *arguments, **changes)
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)


def _play(block: Block, keeper: leases.Keeper) -> None:
    pairing, tournament = block.pairing, block.tournament
    check_engine(tournament)
    sizing.trim(block)
    existing = set(
        Episode.objects.filter(
            pairing=pairing, engine=tournament.engine, device=leaderboards.DEVICE, seed__in=block.seeds
        ).values_list("seed", flat=True)
    )
    notes = Notes(block, keeper, len(existing))
    matches.play(
        entries.load_scenario(pairing.scenario),
        entries.load_spec(pairing.camera),
        entries.load_spec(pairing.target),
        [seed for seed in block.seeds if seed not in existing],
        entries.open_checkpoint,
        on_episode=notes.add,
        on_step=notes.look,
    )
    notes.write(state=BlockState.DONE, num_played=block.num_episodes, finished=timezone.now(), cause="", error="")


def check_engine(tournament: Tournament) -> None:
    """Raises MatchError if the tournament is of another engine version than this worker's: its episodes would differ."""
    ours = leaderboards.engine_version()
    if tournament.engine != ours:
        raise matches.MatchError(
            Cause.PORTAL, f"The tournament is of engine version {tournament.engine}; this worker has {ours}."
        )


class Notes:
    """The finished episodes of a block, written to the database every second, each time under the lease's token."""

    def __init__(self, block: Block, keeper: leases.Keeper, num_played: int) -> None:
        self.block = block
        self.keeper = keeper
        self.num_played = self.num_found = num_played
        self.unwritten: list[Episode] = []
        self.began = self.written = time.monotonic()
        self.seconds_writing = 0.0

    def look(self, *_: object) -> None:
        """Called between steps. Raises LeaseLost or Stopping where the block is not to be played on."""
        if self.keeper.is_lost or workers.State.is_stopping:
            self.keeper.check()
            self.write()
            workers.check_stopping()
        if self.unwritten and time.monotonic() - self.written > FLUSH_SECONDS:
            self.write()

    def add(self, number: int, result: EpisodeResult) -> None:
        """Take the result of an episode that is over."""
        self.unwritten.append(as_row(self.block, result))
        self.num_played += 1

    def write(self, **changes: object) -> None:
        """Write what is finished, together with the block's progress and `changes`. Raises LeaseLost, writing nothing."""
        began = time.monotonic()
        # Where others have played all of it, it says nothing of what episodes take.
        seconds = began - self.began - self.seconds_writing if self.num_played > self.num_found else 0.0
        progress = {"num_played": self.num_played, "seconds": seconds}
        with transaction.atomic():
            leases.write(self.block, **(progress | changes))
            Episode.objects.bulk_create(self.unwritten, ignore_conflicts=True)
        self.unwritten = []
        self.written = time.monotonic()
        self.seconds_writing += self.written - began


def as_row(block: Block, result: EpisodeResult) -> Episode:
    """The row of an episode of the block's pairing."""
    return Episode(
        pairing_id=block.pairing_id,
        engine=block.tournament.engine,
        device=leaderboards.DEVICE,
        seed=result.seed,
        steps=result.steps,
        completed=result.completed,
        target_reward=result.target_reward,
        normalised_reward=result.normalised_reward,
        coverage=result.mean_coverage_rate,
        real_coverage=result.mean_real_coverage_rate,
        transport=result.mean_transport_rate,
        delivered=result.delivered_cargoes,
        digest=f"{result.digest:016x}",
        **{name: " ".join(map(str, getattr(result, name))) for name in EDGES},
    )


def fail(block: Block, cause: str, message: str) -> None:
    """Write down an error. One of ours is tried again, later each time; an agent's is final. Raises LeaseLost."""
    error = {"cause": cause, "error": message[:2000]}
    if cause == Cause.PORTAL and block.attempts < MAX_ATTEMPTS:
        leases.give_back(block, delay=2.0**block.attempts, **error)
    else:
        leases.write(block, state=BlockState.FAILED, finished=timezone.now(), leased_until=None, **error)
