"""The sweep: work that no live worker holds is re-issued, and hints are sent again for waiting work."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.dispatch import Signal

from tasks import auditing, hints, leases, publishing
from tournament import attacks, clock, milestones, organising, originals, psro_runs, schedules, studies, superseded
from tournament.models import (
    Audit,
    Block,
    BlockState,
    Cause,
    Lease,
    Tally,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
    Upload,
    UploadState,
    Worker,
)

log = logging.getLogger(__name__)

MAX_ATTEMPTS: dict[type[Lease], int] = {Block: 10, Audit: 3, Upload: 3, TrainingRun: 10}
"""Number of lost workers after which work is given up: the work itself may be what kills them."""
STEPS_AT_ONCE = 8
"""Maximum number of steps of a PSRO run in one sweep: more than an iteration has."""
FORGET_WORKERS = timedelta(days=1)
FORGET_AUDITS = timedelta(days=1)
"""Age at which undecided audits are deleted."""
CANCELLED_LATELY = timedelta(minutes=2)
WORKERS_STOP_WITHIN = timedelta(seconds=2)
"""Time after a cancellation by which workers have stopped and no more episodes are added."""


swept = Signal()
"""Sent after each sweep, for periodic work of the floors above."""


@dataclass(frozen=True)
class Swept:
    """What one sweep did."""

    reissued: int
    given_up: int
    finished: int
    started: int
    hinted: int


def sweep(is_steady: bool = True) -> Swept:
    """Re-issue work whose lease has expired, finish complete tournaments, start due schedules, and send hints.

    It is safe to repeat. If the database was away recently (`is_steady` is false), expired leases stay for a while:
    their workers may be alive and renew them.
    """
    given_up, reissued = free_expired() if is_steady else (0, 0)
    finished = attempt(finish_complete_tournaments)
    attempt(advance_evaluations)
    attempt(advance_psro_runs)
    attempt(studies.advance_all)
    attempt(attacks.advance_all)
    started = attempt(lambda: len(schedules.start_due()))
    attempt(publish_cancelled_tournaments)
    attempt(publishing.renew)
    attempt(publishing.leave_out)
    attempt(psro_runs.renew_one)
    attempt(originals.expire)
    attempt(superseded.expire)
    attempt(auditing.void_late)
    Audit.objects.filter(created__lt=clock.ago(FORGET_AUDITS.total_seconds())).delete()
    Worker.objects.filter(seen__lt=clock.ago(FORGET_WORKERS.total_seconds())).delete()
    for _, outcome in swept.send_robust(sender=None):
        if isinstance(outcome, Exception):
            log.error("What follows a sweep failed; it is tried again after the next one", exc_info=outcome)
    if reissued or given_up:
        log.warning("%d leases had run out and are free again, %d were given up", reissued, given_up)
    return Swept(reissued, given_up, finished, started, hints.top_up())


def free_expired() -> tuple[int, int]:
    """Give up work whose workers were lost too often, and re-issue the rest; return how many of each."""
    given_up = reissued = 0
    models: tuple[type[Any], ...] = tuple(leases.HELD)
    for model in models:
        expired = model.objects.filter(state=leases.HELD[model], leased_until__lt=clock.Now())
        given_up += give_up(expired.filter(attempts__gte=MAX_ATTEMPTS[model]), model)
        reissued += leases.reissue(expired, model)
    Tally.add("leases_expired", reissued + given_up)
    Tally.add("work_given_up", given_up)
    return given_up, reissued


def attempt(step: Callable[..., Any], *row: Any) -> Any:
    """Return the result of a part of the sweep, called with ``row`` if given; log an error and return 0.

    An error of one part thus does not stop the others.
    """
    try:
        return step(*row)
    except Exception:
        log.exception("A part of the sweep failed; it is tried again with the next one")
        return 0


def give_up(rows: QuerySet[Any], model: type[Lease]) -> int:
    """Fail work whose workers were lost too often. The error counts as the portal's, never an agent's or a user's."""
    lost = f"The worker was lost {MAX_ATTEMPTS[model]} times while it did this. The administrator's logs say more."
    over = {"token": F("token") + 1, "leased_until": None, "finished": clock.Now()}
    if model is Audit:
        return rows.delete()[0]
    if model is Block:
        return rows.update(state=BlockState.FAILED, cause=Cause.PORTAL, error=lost, **over)
    if model is TrainingRun:
        return rows.update(state=TrainingState.FAILED, wanted="", error=f"{lost} Resume tries it again.", **over)
    return rows.update(state=UploadState.FAILED, reason=lost, **over)


def advance_evaluations() -> int:
    """Take the next step with trainings whose milestones were played; return how many steps were taken."""
    evaluating = TrainingRun.objects.filter(state=TrainingState.EVALUATING).select_related("scenario")
    return sum(attempt(milestones.advance, run) for run in evaluating)


def advance_psro_runs() -> int:
    """Advance each PSRO run until it waits for work; return how many steps were taken."""
    steps = 0
    for run in psro_runs.due():
        for _ in range(STEPS_AT_ONCE):
            if not psro_runs.advance(run):
                break
            steps += 1
    return steps


def publish_cancelled_tournaments() -> int:
    """Rate the finished episodes of recently cancelled tournaments; return how many boards were fitted."""
    lately = Tournament.objects.filter(
        state=TournamentState.CANCELLED,
        finished__gte=clock.ago(CANCELLED_LATELY.total_seconds()),
        finished__lt=clock.ago(WORKERS_STOP_WITHIN.total_seconds()),
    )
    return sum(attempt(publishing.catch_up, tournament) for tournament in lately.select_related("scenario"))


def finish_complete_tournaments() -> int:
    """Finish tournaments that have nothing left to play and whose last worker died before it finished them."""
    open_blocks = Block.objects.filter(tournament=OuterRef("pk"), state__in=organising.OPEN)
    complete = Tournament.objects.filter(~Exists(open_blocks), state=TournamentState.PLAYING, num_unwritten=0)
    # A worker that has just finished the last block is about to finish the tournament too, so wait a moment.
    recent = Block.objects.filter(tournament=OuterRef("pk"), finished__gte=clock.ago(5.0))
    return sum(attempt(organising.finish_if_complete, tournament) for tournament in complete.filter(~Exists(recent)))
