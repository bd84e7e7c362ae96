"""Pausing, resuming, extending and cancelling PSRO runs, together with their trainings and tournaments."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from tournament import attacks, organising, trainings
from tournament.models import (
    PsroIteration,
    PsroPhase,
    PsroRound,
    PsroRun,
    PsroState,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
)
from tournament.psro_runs.creating import MAX_ITERATIONS, PsroRefused
from tournament.psro_runs.progress import stop_clock
from tournament.psro_runs.proving import attacks_of

OPEN = (PsroState.RUNNING, PsroState.PAUSED, PsroState.FAILED)
RESUMABLE = (PsroState.PAUSED, PsroState.FAILED, PsroState.CANCELLED)


def trainings_of(run: PsroRun) -> list[TrainingRun]:
    """Return the trainings of the newest iteration, or of its newest round."""
    newest = working_on(run)
    made = (newest.camera_training, newest.target_training) if newest else ()
    return [training for training in made if training is not None]


def working_on(run: PsroRun) -> PsroIteration | PsroRound | None:
    """Return whose trainings and tournament a run is waiting for: its newest iteration, or that one's newest round."""
    newest = run.iterations.last()
    is_refining = newest is not None and newest.phase == PsroPhase.REFINING
    return (newest.rounds.last() if newest and is_refining else None) or newest


def pause_run(run: PsroRun) -> bool:
    """Pause a run: its trainings write their state, and matches in progress are finished. Returns whether it ran."""
    with transaction.atomic():
        rows = PsroRun.objects.select_for_update().filter(pk=run.pk, state=PsroState.RUNNING)
        row = rows.first()
        if row is not None:
            stop_clock(row)
            row.state = PsroState.PAUSED
            row.save(update_fields=["state", "seconds_before", "resumed"])
            for training in trainings_of(row):
                trainings.pause_training(training)
    run.refresh_from_db()
    return row is not None


def resume_run(run: PsroRun) -> bool:
    """Resume a paused, failed or cancelled run; what failed is tried again.

    Returns whether it could be resumed.
    """
    with transaction.atomic():
        rows = PsroRun.objects.select_for_update().filter(pk=run.pk, state__in=RESUMABLE)
        row = rows.first()
        if row is not None:
            _resume_work(row)
            row.state, row.reason, row.resumed, row.finished = PsroState.RUNNING, "", timezone.now(), None
            row.save(update_fields=["state", "reason", "resumed", "finished"])
    run.refresh_from_db()
    return row is not None


def _resume_work(run: PsroRun) -> None:
    """Resume the work for which an open iteration waits.

    Attacks and trainings continue, also those that were cancelled with the run. A training that was cancelled
    separately is trained anew, and a tournament that cannot continue is started anew.
    """
    newest = run.iterations.last()
    if newest is None:
        return
    for attack in attacks_of(newest):
        attacks.resume_attack(attack)
    waiting = working_on(run)
    assert waiting is not None
    for name in ("camera_training", "target_training"):
        training = getattr(waiting, name)
        if training is not None and training.state == TrainingState.CANCELLED and run.state != PsroState.CANCELLED:
            setattr(waiting, name, None)
        elif training is not None:
            trainings.resume_training(training)
    is_playing = newest.phase == PsroPhase.PLAYING or isinstance(waiting, PsroRound)
    if is_playing and waiting.tournament and not _retry(run, waiting.tournament):
        waiting.tournament = None  # Its episodes exist, so that the next tournament plays only the missing ones.
    waiting.save(update_fields=["camera_training", "target_training", "tournament"])


def _retry(run: PsroRun, played: Tournament) -> bool:
    """Continue an iteration's tournament; return False if it cannot be continued."""
    if played.state == TournamentState.FAILED:
        return bool(organising.retry_failed_blocks(played))
    if played.state == TournamentState.FINISHED:
        return run.state == PsroState.PAUSED  # A failed run has read it and found it incomplete.
    return played.state == TournamentState.PLAYING


def extend_run(run: PsroRun, iterations: int) -> None:
    """Add iterations to a run, also to a finished one. Raises PsroRefused."""
    wanted = run.iterations_wanted + iterations
    if iterations < 1 or wanted > MAX_ITERATIONS:
        rest = MAX_ITERATIONS - run.iterations_wanted
        text = f"{iterations} more were requested, and a run has at most {MAX_ITERATIONS} iterations. "
        text += f"Give 1 to {rest}." if rest > 0 else "Start another run."
        raise PsroRefused([("iterations", text)])
    if run.upload_id or run.state == PsroState.CANCELLED:
        kind = "imported" if run.upload_id else "cancelled"
        raise PsroRefused([("", f"It was {kind}, so it cannot be extended. Fork it instead, from any iteration.")])
    with transaction.atomic():
        row = PsroRun.objects.select_for_update().get(pk=run.pk)
        row.iterations_wanted = row.iterations_wanted + iterations
        if row.state == PsroState.FINISHED:
            row.state, row.reason, row.finished, row.resumed = PsroState.RUNNING, "", None, timezone.now()
        row.save()
    run.refresh_from_db()


def cancel_run(run: PsroRun) -> bool:
    """Stop a run at once. Its iterations, agents and episodes stay. Returns whether it was open."""
    with transaction.atomic():
        row = PsroRun.objects.select_for_update().filter(pk=run.pk, state__in=OPEN).first()
        if row is not None:
            stop_clock(row)
            row.state, row.reason, row.finished = PsroState.CANCELLED, "It was cancelled.", timezone.now()
            row.save()
            for training in trainings_of(row):
                trainings.cancel_training(training)
            newest, waiting = row.iterations.last(), working_on(row)
            for attack in attacks_of(newest) if newest else ():
                attacks.cancel_attack(attack)
            if waiting and waiting.tournament and waiting.tournament.state == TournamentState.PLAYING:
                organising.cancel_tournament(waiting.tournament)
    run.refresh_from_db()
    return row is not None
