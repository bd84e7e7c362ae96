"""Auditing: find workers whose results are wrong, quarantine them, and have their blocks played again.

A worker plays known episodes when it starts and every half hour. Another worker plays a small sample of its episodes
again: one episode of its first block, and one of every hundredth later block on average. Where two digests differ, a
third worker decides. A worker with wrong results gets no more work, and all its blocks are played again.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import suppress

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from tasks import hints, infrastructure, leases, workers
from tournament import agents, entries, leaderboards, matches, tracing
from tournament.clock import ago
from tournament.models import (
    Audit,
    Block,
    BlockState,
    Episode,
    Tally,
    Tournament,
    TournamentState,
    Worker,
)
from tournament.queries import live_workers

log = logging.getLogger(__name__)

AGREE = 2
"""Number of equal digests that decide."""
LIMIT_SECONDS = 600.0
"""Seconds after which an audit counts as stuck."""
LATE_SECONDS = 300.0
"""Seconds after the end of a tournament in which ``void_late`` still looks for blocks of quarantined workers."""


def sample(block: Block) -> None:
    """Request an audit of one episode of a block that this worker has just played, if the block is in the sample."""
    is_first, workers.State.has_played = not workers.State.has_played, True
    share = settings.ARENA_AUDIT_SHARE
    if (
        not share
        or live_workers().count() < 2
        or not block.seeds
        or not (is_first or block.pk % max(1, round(1 / share)) == 0)
    ):
        return
    if any(agents.has_foreign_code(entries.load_spec(one)) for one in (block.pairing.camera, block.pairing.target)):
        return  # These agents may play differently on another machine, so no worker would be to blame.
    seed = block.seeds[block.pk % len(block.seeds)]
    found = episodes_of(block).filter(seed=seed).values_list("digest", flat=True).first()
    if found is not None:
        Audit.objects.create(block=block, seed=seed, opinions={block.worker: found})
        hints.send()


def audit_next() -> bool:
    """Claim an audit that this worker has not answered yet, and play its episode; return whether there was one.

    The block's engine version and device class have to be this worker's: others may give another digest, and neither
    worker would be wrong.
    """
    ours = leases.waiting(Audit).filter(
        block__tournament__engine=leaderboards.engine_version(), block__tournament__device=leaderboards.DEVICE
    )
    waiting = ours.exclude(opinions__has_key=workers.State.name).order_by("id")
    audit = leases.claim(waiting, workers.State.name, ("block__tournament",)) if waiting.exists() else None
    if audit is None:
        return False
    workers.do(f"playing an episode of block {audit.block_id} again")
    with tracing.bound(work=f"audit {audit.pk}", tournament=audit.block.tournament_id):
        try:
            with leases.Keeper(audit, LIMIT_SECONDS):
                conclude(audit, play(audit))
        except leases.LeaseLost as lost:
            log.info("Stopped: %s", lost)
        except Exception as error:
            give_back(audit, error)
    return True


def give_back(audit: Audit, error: Exception) -> None:
    """Release an audit that met an error. An error of the infrastructure costs no attempt."""
    with suppress(leases.LeaseLost, workers.Stopping):  # The lease is lost, or it expires by itself.
        if reason := infrastructure.explain(error):
            infrastructure.complain(reason, error)
            infrastructure.insist(leases.give_back_untried, audit, infrastructure.DELAY_SECONDS)
        elif isinstance(error, matches.MatchError):  # Another worker may be able to play it.
            log.warning("%s: %s", audit, error)
            infrastructure.insist(leases.give_back, audit, 2.0**audit.attempts)
        else:
            raise error


def play(audit: Audit) -> str:
    """Return the digest of the audited episode as this worker plays it."""
    pairing = audit.block.pairing
    (result,) = matches.play(
        entries.load_scenario(pairing.scenario),
        entries.load_spec(pairing.camera),
        entries.load_spec(pairing.target),
        [audit.seed],
        entries.open_checkpoint,
    )
    return f"{result.digest:016x}"


def conclude(audit: Audit, digest: str) -> None:
    """Add this worker's digest, and decide the audit if two digests agree. Raises LeaseLost."""
    opinions = audit.opinions | {workers.State.name: digest}
    most, count = Counter(opinions.values()).most_common(1)[0]
    if count < AGREE:
        Tally.add("audits_differed", 1)
        log.error("%s: digests differ: %s", audit, opinions)
        leases.give_back(audit, opinions=opinions, attempts=0)
        hints.send()
        return
    with transaction.atomic():
        leases.write(audit, opinions=opinions)
        for name, found in opinions.items():
            if found != most:
                quarantine(
                    name, f"Seed {audit.seed} of block {audit.block_id} came out as {found}; two others got {most}."
                )
        audit.delete()
    Tally.add("audits_agreed", 1)


def quarantine(name: str, reason: str) -> int:
    """Quarantine a worker, and have its blocks played again; return how many blocks."""
    log.error("Worker %s is quarantined: %s", name, reason)
    Worker.objects.filter(name=name).update(quarantine=reason[:300])
    theirs = Q(worker=name) | Q(earlier_workers__contains=f" {name} ")
    begun = Q(state__in=(BlockState.DONE, BlockState.LEASED)) | Q(state=BlockState.WAITING, num_played__gt=0)
    return void_all(Block.objects.filter(theirs, begun))


def void_late() -> int:
    """Have blocks played again that workers played after they were quarantined; return how many blocks.

    A worker may have claimed a block at the very moment of its quarantine.
    """
    lately = Tournament.objects.filter(Q(state=TournamentState.PLAYING) | Q(finished__gte=ago(LATE_SECONDS)))
    wrong = live_workers().exclude(quarantine="").values("name")
    found = Block.objects.filter(tournament__in=lately, state__in=(BlockState.DONE, BlockState.LEASED))
    return void_all(found.filter(worker__in=wrong))


def void_all(blocks: QuerySet[Block]) -> int:
    """Have these blocks played again; return how many there are."""
    with transaction.atomic():
        played = list(blocks)
        if not played:
            return 0
        for block in played:
            void(block)
        again = {block.tournament_id for block in played}
        over = Tournament.objects.filter(pk__in=again, state__in=(TournamentState.FINISHED, TournamentState.FAILED))
        over.update(state=TournamentState.PLAYING, finished=None)
    Tally.add("blocks_voided", len(played))
    hints.send()
    return len(played)


def void(block: Block) -> None:
    """Delete a block's episodes and have it played again. A worker that holds the block loses its lease."""
    episodes_of(block).delete()
    Block.objects.filter(pk=block.pk).exclude(state=BlockState.CANCELLED).update(
        state=BlockState.WAITING,
        token=F("token") + 1,
        attempts=0,
        num_played=0,
        leased_until=None,
        finished=None,
        cause="",
        error="",
        earlier_workers="",
    )


def episodes_of(block: Block) -> QuerySet[Episode]:
    """Return the episodes of a block's seeds."""
    tournament = block.tournament
    rows = Episode.objects.filter(pairing=block.pairing_id, engine=tournament.engine, device=tournament.device)
    return rows.filter(seed__in=block.seeds)
