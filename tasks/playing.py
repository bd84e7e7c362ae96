"""Playing of blocks. A worker claims a block, plays its episodes in lockstep and writes each as it finishes."""

from __future__ import annotations

import logging
import time
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import transaction

from tasks import admission, auditing, connecting, infrastructure, leases, ordering, publishing, sizing, workers
from tasks.remotes import RemoteRestarted, RemoteTeams
from tournament import entries, leaderboards, matches, tracing
from tournament.clock import Now
from tournament.models import Block, BlockState, Cause, Episode

EDGES = ("camera_edges_sent", "camera_edges_received", "target_edges_sent", "target_edges_received")

if TYPE_CHECKING:
    from mate.episodes import EpisodeResult

log = logging.getLogger(__name__)

RELATED = ("tournament__scenario", "pairing__scenario", "pairing__camera", "pairing__target")
"""Related rows that playing a block needs."""
MAX_ATTEMPTS = 3
"""Maximum number of attempts at a block that fails by an error of the portal."""
MOST_RESTARTS = 20
"""Maximum number of attempts at a block whose remote agent is restarted each time."""
RESTARTED = "The process of a remote agent was started again. Its unfinished episodes are played anew."
FLUSH_SECONDS = 1.0
LIMIT_SECONDS = 3600.0
"""Seconds after which a block counts as stuck."""


def play_next() -> bool:
    """Claim a block and play it; return whether there was one."""
    block = claim_block()
    if block is None:
        return False
    name = "a private tournament" if block.tournament.is_private else block.tournament.name
    workers.do(f"playing block {block.pk} of {name}")
    with tracing.bound(work=f"block {block.pk}", tournament=block.tournament_id):
        play(block)
        publishing.publish(block.tournament)
    return True


def claim_block() -> Block | None:
    """Claim the oldest block of the tournament whose turn it is; return None if there is nothing to do."""
    for tournament in ordering.tournaments_in_turn():
        rows = ordering.in_order(leases.waiting(Block).filter(tournament=tournament))
        block = leases.claim(rows, workers.State.name, RELATED)
        if block is not None:
            return block
    return None


def play(block: Block) -> None:
    """Play a claimed block to its end, or record why that failed."""
    try:
        with leases.Keeper(block, LIMIT_SECONDS) as keeper:
            _play(block, keeper)
        infrastructure.note_success()
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except workers.Stopping:
        infrastructure.unless_lost(leases.give_back_untried, block)
    except Exception as error:
        _note_error(block, error)


def _note_error(block: Block, error: Exception) -> None:
    """Record why a block could not be played. After an error of the infrastructure the block waits."""
    if reason := infrastructure.explain(error):
        infrastructure.complain(reason, error)
        infrastructure.unless_lost(leases.give_back_untried, block, infrastructure.DELAY_SECONDS, error=reason)
    elif not _is_fit(error):
        infrastructure.unless_lost(
            leases.give_back_untried, block, infrastructure.DELAY_SECONDS, error=admission.LastAdmission.problem
        )
    elif isinstance(error, RemoteRestarted) and block.attempts < MOST_RESTARTS:
        log.info("%s: %s", block, RESTARTED)
        infrastructure.unless_lost(leases.give_back, block, delay=1.0, error=RESTARTED)
    elif isinstance(error, RemoteRestarted):
        infrastructure.unless_lost(fail, block, error.team, f"{RESTARTED} That was {block.attempts} times.")
    elif isinstance(error, matches.MatchError):
        log.warning("%s: %s", block, error, exc_info=error.cause == Cause.PORTAL)
        infrastructure.unless_lost(fail, block, error.cause, str(error))
    else:
        log.error("%s failed", block, exc_info=error)
        summary = traceback.format_exception_only(error)[-1].strip()
        infrastructure.unless_lost(fail, block, Cause.PORTAL, summary)


def _is_fit(error: Exception) -> bool:
    """Return False if the error is a missing file and this machine's storage is not the portal's."""
    if not isinstance(error.__cause__, FileNotFoundError):
        return True
    admission.look()
    return not admission.LastAdmission.problem


def _play(block: Block, keeper: leases.Keeper) -> None:
    pairing, tournament = block.pairing, block.tournament
    sizing.trim(block)
    existing = set(
        Episode.objects.filter(
            pairing=pairing, engine=tournament.engine, device=leaderboards.DEVICE, seed__in=block.seeds
        ).values_list("seed", flat=True)
    )
    if existing and block.previous_worker:
        leases.write(block, earlier_workers=f"{block.earlier_workers} {block.previous_worker} ")
    notes = Notes(block, keeper, len(existing))
    remotes = RemoteTeams(notes.look)
    connecting.release()
    matches.play(
        entries.load_scenario(pairing.scenario),
        entries.load_spec(pairing.camera),
        entries.load_spec(pairing.target),
        [seed for seed in block.seeds if seed not in existing],
        entries.open_checkpoint,
        on_episode=partial(_take, block, notes, remotes),
        between_steps=notes.look,
        connect=remotes.connect,
    )
    notes.write(state=BlockState.DONE, num_played=block.num_episodes, finished=Now(), cause="", error="")
    infrastructure.insist(auditing.sample, block)


def _take(block: Block, notes: Notes, remotes: RemoteTeams, number: int, result: EpisodeResult) -> None:
    """Keep a finished episode, with the actions of remote agents in it."""
    infrastructure.insist(remotes.keep_actions, block.pairing_id, result.seed)
    notes.add(number, result)


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
        """Check between steps whether to go on. Raises LeaseLost or Stopping if not."""
        if self.keeper.is_lost or workers.State.is_stopping:
            self.keeper.check()
            self.write()
            workers.check_stopping()
        if self.unwritten and time.monotonic() - self.written > FLUSH_SECONDS:
            self.write()

    def add(self, number: int, result: EpisodeResult) -> None:
        """Add the result of a finished episode."""
        self.unwritten.append(as_row(self.block, result))
        self.num_played += 1

    def write(self, **changes: object) -> None:
        """Write the finished episodes together with the block's progress and `changes`.

        It waits for a database that is away, so that no played episode is lost. Raises LeaseLost, having written
        nothing.
        """
        began = time.monotonic()
        # If earlier workers played all episodes of the block, its time says nothing about the time of an episode.
        seconds = began - self.began - self.seconds_writing if self.num_played > self.num_found else 0.0
        progress = {"num_played": self.num_played, "seconds": seconds}
        infrastructure.insist(self._write, progress | changes)
        connecting.release()
        self.unwritten = []
        self.written = time.monotonic()
        self.seconds_writing += self.written - began

    def _write(self, changes: dict[str, Any]) -> None:
        with transaction.atomic():
            leases.write(self.block, **changes)
            Episode.objects.bulk_create(self.unwritten, ignore_conflicts=True)


def as_row(block: Block, result: EpisodeResult) -> Episode:
    """Return the row of an episode of the block's pairing."""
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
    """Record an error. Errors of the portal are retried after growing delays; an agent's is final. Raises LeaseLost."""
    error = {"cause": cause, "error": message[:2000]}
    if cause == Cause.PORTAL and block.attempts < MAX_ATTEMPTS:
        leases.give_back(block, delay=2.0**block.attempts, **error)
    else:
        leases.write(block, state=BlockState.FAILED, finished=Now(), leased_until=None, **error)
