"""A PSRO run is made as it was asked for, or refused with everything that is wrong."""

from dataclasses import replace

import pytest

from tests.tournament.psro_runs.driving import TRAINING, drive, is_training
from tournament import psro_runs
from tournament.models import PsroRun, TrainingRun

pytestmark = pytest.mark.django_db


def test_everything_that_is_wrong_is_named_at_once(make_run, builtins):
    with pytest.raises(psro_runs.PsroRefused) as refusal:
        make_run(
            name="", meta_solver="coin", iterations=-1, cameras=[builtins["target", "greedy"]], targets=[],
            camera_training=replace(TRAINING, steps=0),
            target_training=replace(TRAINING, hyperparameters={"gamma": 3.0}),
        )  # fmt: skip
    wrong = {"name", "meta_solver", "iterations", "cameras", "targets", "camera_steps", "target_gamma"}
    assert {field for field, _ in refusal.value.problems} == wrong
    assert not PsroRun.objects.exists()


def test_impossible_hyperparameters_are_named_with_their_team(make_run):
    with pytest.raises(psro_runs.PsroRefused) as refusal:
        make_run(target_training=replace(TRAINING, hyperparameters={"gamma": 3.0}))
    assert [field for field, _ in refusal.value.problems] == ["target_gamma"]
    assert not TrainingRun.objects.exists()


def test_a_fork_shares_what_was_and_goes_its_own_way(make_run, work):
    run = drive(make_run(iterations=1), work)
    fork = psro_runs.fork_run(run, psro_runs.ForkRequest("Fork", 0, meta_solver="uniform", iterations=1))
    fork = drive(fork, work)
    assert fork.forked_from == run
    assert fork.iterations.count() == 2
    assert fork.iterations.get(number=0).table == run.iterations.get(number=0).table
    assert fork.iterations.get(number=1).camera_strategy == pytest.approx([1 / 2] * 2)
    assert fork.iterations.get(number=1).tournament.num_reused == 4 * 4


def test_nothing_starts_from_an_iteration_that_is_not_solved(make_run, work):
    run = drive(make_run(), work, is_training)
    with pytest.raises(psro_runs.PsroRefused, match="not solved"):
        psro_runs.fork_run(run, psro_runs.ForkRequest("Fork", 1))
