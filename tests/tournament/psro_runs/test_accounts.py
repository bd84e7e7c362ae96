"""What a run's iterations say of their gains, when it ends by them, and what becomes of figures of earlier accounts."""

import numpy as np
import pytest

from tests.tournament.psro_runs.driving import drive, is_training
from tournament import psro_runs
from tournament.models import PsroIteration, PsroState, TrainingState
from tournament.psro import accounts
from tournament.psro_runs import solving, steps

pytestmark = pytest.mark.django_db


def respond_with(run, work, builtins, name):
    """Let the run's first responses be built-in agents of this name."""
    drive(run, work, is_training)
    for training in psro_runs.trainings_of(run):
        training.state, training.agent = TrainingState.FINISHED, builtins[training.team, name]
        training.save()
    return drive(run, work)


def narrow(iteration):
    """Give an iteration figures as earlier accounts computed them: of cells, without the seeds."""
    table = accounts.PsroGame.from_json(iteration.table)
    now = np.array(iteration.camera_strategy), np.array(iteration.target_strategy)
    figures = accounts.figures(table.game, now, solving.strategies_before(iteration))
    iteration.figures = {name: value for name, value in figures.items() if name != "version"}
    iteration.save()


def test_an_iterations_meta_game_keeps_its_episodes_and_its_figures_are_those_of_them(make_run, work):
    run = drive(make_run(meta_solver="uniform", episodes_per_pairing=6), work)
    last = run.iterations.last()
    game = solving.read_table(run, last, last.tournament).game
    assert len(game.episodes) == game.num_episodes == 9 * 6
    strategies = [np.append(share, 0.0) for share in solving.strategies_before(last)]
    gain = accounts.gain_of(game, tuple(strategies), "camera")
    assert last.figures["camera_gain"]["low"] == pytest.approx(gain.low)
    alone = accounts.gain_of(accounts.PsroGame.from_json(last.table).game, tuple(strategies), "camera")
    assert alone.low != pytest.approx(gain.low)


def test_responses_that_were_there_before_do_not_end_a_run_by_its_nash_conv(make_run, work, builtins):
    run = respond_with(make_run(iterations=1, epsilon=9.0), work, builtins, "random")
    assert run.reason == "It has all requested iterations: 1."
    figures = run.iterations.last().figures
    assert figures["camera_gain"]["verdict"] == "failed"
    assert accounts.bound_nash_conv(figures) is None


def test_a_run_on_means_alone_is_not_ended_by_its_nash_conv(make_run, work):
    run = drive(make_run(iterations=1), work)
    iteration = run.iterations.last()
    iteration.figures["nash_conv_interval"] = None
    run.epsilon, run.iterations_wanted = 9.0, 5
    assert steps.why_over(run, iteration) == ""


def renew_all():
    while psro_runs.renew_one():
        pass


def test_figures_of_earlier_accounts_are_renewed_from_the_episodes(make_run, work):
    run = drive(make_run(meta_solver="uniform", episodes_per_pairing=6), work)
    wanted = [row.figures for row in run.iterations.all()]
    for row in run.iterations.all():
        narrow(row)
    assert run.iterations.last().figures["nash_conv_interval"] != wanted[-1]["nash_conv_interval"]
    renew_all()
    assert [row.figures for row in run.iterations.all()] == wanted
    assert not psro_runs.renew_one()


def test_a_forks_shared_iterations_are_renewed_from_the_run_it_comes_from(make_run, work):
    run = drive(make_run(meta_solver="uniform"), work)
    fork = psro_runs.fork_run(run, psro_runs.ForkRequest("Fork", 2))
    assert fork.state == PsroState.RUNNING
    wanted = run.iterations.last().figures
    shared = fork.iterations.get(number=2)
    assert shared.figures == wanted
    narrow(shared)
    renew_all()
    assert fork.iterations.get(number=2).figures == wanted


def test_figures_whose_episodes_are_gone_lose_their_intervals(make_run, work):
    run = drive(make_run(meta_solver="uniform", iterations=1), work)
    row = run.iterations.last()
    narrow(row)
    PsroIteration.objects.filter(pk=row.pk).update(tournament=None)
    renew_all()
    figures = run.iterations.last().figures
    assert (figures["nash_conv_interval"], figures["camera_gain"]["low"]) == (None, None)
    assert figures["nash_conv"] == pytest.approx(row.figures["nash_conv"])
