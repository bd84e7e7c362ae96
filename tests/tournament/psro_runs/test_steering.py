"""A PSRO run is paused, resumed, extended and cancelled, and so is what it waits for."""

import pytest

from tests.tournament.psro_runs.driving import drive, is_training
from tournament import organising, psro_runs, trainings
from tournament.models import BlockState, PsroPhase, PsroState, TrainingRun, TrainingState

pytestmark = pytest.mark.django_db


def test_a_training_that_fails_stops_the_run_until_it_is_resumed(make_run, work):
    run = drive(make_run(iterations=1), work, is_training)
    broken = psro_runs.trainings_of(run)[0]
    TrainingRun.objects.filter(pk=broken.pk).update(state=TrainingState.FAILED, error="The disk is full.")
    psro_runs.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED
    assert "The disk is full." in run.reason and "resume" in run.reason
    assert psro_runs.resume_run(run)
    broken.refresh_from_db()
    assert broken.state == TrainingState.WAITING
    assert drive(run, work).state == PsroState.FINISHED


def test_a_cancelled_training_is_begun_anew_when_the_run_is_resumed(make_run, work):
    run = drive(make_run(iterations=1), work, is_training)
    gone = psro_runs.trainings_of(run)[1]
    trainings.cancel_training(gone)
    psro_runs.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED
    psro_runs.resume_run(run)
    assert drive(run, work).state == PsroState.FINISHED
    assert gone not in psro_runs.trainings_of(run)


def test_a_cancelled_tournament_is_played_anew_when_the_run_is_resumed(make_run, work):
    run = make_run(iterations=0)
    drive(run, work, lambda run: run.iterations.exclude(tournament=None).exists())
    organising.cancel_tournament(run.iterations.last().tournament)
    psro_runs.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED
    psro_runs.resume_run(run)
    assert drive(run, work).state == PsroState.FINISHED


def test_matches_that_failed_are_played_again_when_the_run_is_resumed(make_run, work):
    run = make_run(iterations=0)
    drive(run, work, lambda run: run.iterations.exclude(tournament=None).exists())
    played = run.iterations.last().tournament
    played.blocks.update(state=BlockState.FAILED, error="A learned agent failed.")
    organising.finish_if_complete(played)
    psro_runs.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED and "ended with errors" in run.reason
    psro_runs.resume_run(run)
    assert drive(run, work).state == PsroState.FINISHED
    assert run.iterations.last().tournament == played


def test_a_paused_run_stands_still_with_its_trainings(make_run, work):
    run = drive(make_run(), work, is_training)
    assert psro_runs.pause_run(run)
    assert {training.state for training in psro_runs.trainings_of(run)} == {TrainingState.PAUSED}
    assert psro_runs.advance(run) is False
    assert psro_runs.resume_run(run)
    assert {training.state for training in psro_runs.trainings_of(run)} == {TrainingState.WAITING}


def test_cancelling_stops_everything_and_keeps_what_there_is(make_run, work):
    run = drive(make_run(), work, is_training)
    assert psro_runs.cancel_run(run)
    assert {training.state for training in psro_runs.trainings_of(run)} == {TrainingState.CANCELLED}
    assert run.iterations.filter(phase=PsroPhase.SOLVED).count() == 1
    assert not psro_runs.cancel_run(run)


def test_a_finished_run_can_be_extended(make_run, work):
    run = drive(make_run(iterations=0), work)
    psro_runs.extend_run(run, 1)
    run = drive(run, work)
    assert run.reason == "It has all requested iterations: 1."
