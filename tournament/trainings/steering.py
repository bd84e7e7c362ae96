"""Pausing, resuming, extending and cancelling trainings, and why one waits. Trainers (`tasks.training`) run them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tournament import organising, queries
from tournament.models import TournamentState, TrainingRun, TrainingState
from tournament.trainings.creating import TrainingRefused, most_cores
from training import configuration, installed

OPEN = (TrainingState.WAITING, TrainingState.TRAINING, TrainingState.PAUSED, TrainingState.EVALUATING)
RESUMABLE = (TrainingState.PAUSED, TrainingState.FAILED, TrainingState.CANCELLED)
EXTENDABLE = (TrainingState.PAUSED, TrainingState.FAILED, TrainingState.WAITING, TrainingState.FINISHED)
AGAIN = {"wanted": "", "error": "", "attempts": 0, "leased_until": None, "finished": None, "result": {}}
"""Fields that are reset when a stopped training resumes; it is then evaluated anew."""


def pause_training(run: TrainingRun) -> bool:
    """Pause a training after it has written its state; it keeps its place. Returns whether it could be paused."""
    waiting = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.WAITING)
    training = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING)
    count = waiting.update(state=TrainingState.PAUSED, wanted="") or training.update(wanted="pause")
    run.refresh_from_db()
    return bool(count)


def resume_training(run: TrainingRun) -> bool:
    """Resume a paused, failed or cancelled training from its last state, or evaluate it again.

    Returns whether it could be resumed.
    """
    with transaction.atomic():
        rows = TrainingRun.objects.filter(pk=run.pk, state__in=RESUMABLE)
        changed = rows.update(state=TrainingState.WAITING, milestone_tournament=None, reevaluation=None, **AGAIN)
        if not changed:  # It may be pausing.
            changed = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING, wanted="pause").update(
                wanted=""
            )
    run.refresh_from_db()
    return bool(changed)


def extend_training(run: TrainingRun, steps: int) -> None:
    """Extend a training by `steps` environment steps, also a finished one: its agents so far stay.

    A paused or failed training is resumed as well. Raises TrainingRefused.
    """
    wanted = run.steps_wanted + steps if isinstance(steps, int) else 0
    if isinstance(steps, bool) or steps < 1 or wanted > configuration.MAX_STEPS:
        limit = f"{configuration.MAX_STEPS:,} in total"
        text = f"{steps} more were requested: expected a whole number from 1, up to {limit}."
        raise TrainingRefused([("steps", text)])
    more = F("steps_wanted") + steps
    with transaction.atomic():
        training = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.TRAINING)
        others = TrainingRun.objects.filter(pk=run.pk, state__in=EXTENDABLE)
        again = {"state": TrainingState.WAITING, "milestone_tournament": None, "reevaluation": None, **AGAIN}
        extended = training.update(steps_wanted=more) or others.update(steps_wanted=more, **again)
    run.refresh_from_db()
    if not extended:
        text = f"It is {run.get_state_display().lower()}: a training is extended before its evaluation or after it."
        raise TrainingRefused([("", text)])


def cancel_training(run: TrainingRun) -> bool:
    """Stop a training at once, without saving.

    Its curve, its milestones and its last state stay. Returns whether it was open.
    """
    with transaction.atomic():
        stopped = TrainingRun.objects.filter(pk=run.pk, state__in=(*OPEN, TrainingState.FAILED)).update(
            # A new token fences off the trainer that holds it; it notices within a second and ends the process.
            state=TrainingState.CANCELLED, token=F("token") + 1, wanted="", leased_until=None, finished=timezone.now()
        )  # fmt: skip
    run.refresh_from_db()
    for tournament in (run.milestone_tournament, run.reevaluation):
        if stopped and tournament is not None and tournament.state == TournamentState.PLAYING:
            organising.cancel_tournament(tournament)
    return bool(stopped)


def describe_trainers() -> dict[str, Any]:
    """Return `num_trainers`, the number of live trainers, and `missing`, the required packages that this machine lacks.

    Trainers of other machines, and the training command, have their own packages.
    """
    missing = [] if settings.ARENA_TRAINING_COMMAND else installed.missing()
    return {"num_trainers": queries.live_trainers().count(), "missing": missing}


def explain_waiting(run: TrainingRun) -> str:
    """Return why a waiting training has not started, in words; empty where it is about to."""
    trainers = queries.live_trainers()
    cores, most = run.configuration.get("cores"), most_cores()
    if not trainers and not settings.ARENA_TRAINING_COMMAND and (missing := installed.missing()):
        return installed.explain(missing)
    if not trainers:
        return "No trainer was heard of in the last minute. It begins once one runs. `make run` starts one."
    if cores and most is not None and cores > most:
        return (
            f"It asks for {cores} cores, and the largest machine that trains has {most}. It waits for a larger one; "
            "or cancel it and ask for fewer."
        )
    if run.leased_until and run.leased_until > timezone.now():
        return "Its process was lost, and it goes on from its last state in a moment."
    ahead = TrainingRun.objects.filter(state=TrainingState.WAITING, pk__lt=run.pk).count()
    busy = TrainingRun.objects.filter(state=TrainingState.TRAINING).count()
    if busy >= trainers.count():
        return f"Trainings that run: {busy}; that wait before this one: {ahead}. It begins when a place is free."
    return ""
