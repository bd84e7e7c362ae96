"""Auditing: workers whose results are wrong are found, quarantined, and their results played again.

A worker plays known episodes when it starts and every half hour. Of what it plays, a small part is played a second time
by another worker: an episode of its first block, and of one in a hundred later ones. Where two digests differ, a third
worker decides. A wrong worker takes no more work, and all blocks that it played are played again.
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
"""Seconds after the end of a tournament in which blocks are sought that a worker claimed as it was quarantined."""


def sample(block: Block) -> None:
    """Let an episode of a block that this worker has just played be audited, if it is one of the chosen blocks."""
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
        return  # What plays may differ between machines, and no worker is to blame.
    seed = block.seeds[block.pk % len(block.seeds)]
    found = episodes_of(block).filter(seed=seed).values_list("digest", flat=True).first()
    if found is not None:
        Audit.objects.create(block=block, seed=seed, opinions={block.worker: found})
        hints.send()


def audit_next() -> bool:
    """Claim an audit that this worker has no opinion on, and play its episode; return whether there was one.

    Another engine version or device class than the block's would give another digest, and nobody would be wrong.
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
    """Let others play an audit that met an error; one of the infrastructure costs no attempt."""
    with suppress(leases.LeaseLost, workers.Stopping):  # Its lease is another's, or runs out.
        if reason := infrastructure.explain(error):
            infrastructure.complain(reason, error)
            infrastructure.insist(leases.give_back_untried, audit, infrastructure.DELAY_SECONDS)
        elif isinstance(error, matches.MatchError):  # It cannot be played here; perhaps elsewhere.
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
    """Add this worker's opinion, and decide where two agree. Raises LeaseLost."""
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
    """Let a worker take no more work, and have played again what it played; return how many blocks."""
    log.error("Worker %s is quarantined: %s", name, reason)
    Worker.objects.filter(name=name).update(quarantine=reason[:300])
    theirs = Q(worker=name) | Q(earlier_workers__contains=f" {name} ")
    begun = Q(state__in=(BlockState.DONE, BlockState.LEASED)) | Q(state=BlockState.WAITING, num_played__gt=0)
    return void_all(Block.objects.filter(theirs, begun))


def void_late() -> int:
    """Have played again what workers played after they were quarantined: one may have claimed a block at that very
    moment. Return how many blocks.
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
    """Delete a block's episodes and let it be played again. Whoever holds it loses it."""
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
