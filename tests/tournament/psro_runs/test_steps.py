"""PSRO runs go from step to step by what is done of their trainings and tournaments, whoever asks and how often."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.tournament.psro_runs.driving import drive, is_training
from tournament import psro_runs, trainings
from tournament.models import PsroRun, PsroState, TrainingRun, TrainingState
from tournament.psro_runs import steps

pytestmark = pytest.mark.django_db


def test_each_iteration_adds_an_agent_to_each_population_and_plays_what_is_new(make_run, work):
    run = drive(make_run(), work)
    assert (run.state, run.reason) == (PsroState.FINISHED, "It has all requested iterations: 2.")
    assert [row.number for row in run.iterations.all()] == [0, 1, 2]
    names = [agent.name for agent in psro_runs.population(run, "camera", 2)]
    assert names == ["Random", "Naive", "Greedy"]
    last = run.iterations.last()
    assert [len(row) for row in last.table["payoff"]] == [3, 3, 3]
    assert sum(last.camera_strategy) == pytest.approx(1.0)
    assert [row.tournament.num_reused for row in run.iterations.all()] == [0, 1 * 4, 4 * 4]


def test_each_team_trains_against_the_others_strategy_and_the_final_ones_are_listed_agents(make_run, work, builtins):
    run = drive(make_run(meta_solver="uniform"), work)
    first, second = (run.iterations.get(number=number) for number in (1, 2))
    assert first.camera_training.opponent == builtins["target", "random"]
    opponent = second.camera_training.opponent
    assert (opponent.team, opponent.kind, opponent.is_listed) == ("target", "mixture", False)
    assert [member["weight"] for member in opponent.spec["members"]] == [0.5, 0.5]
    assert run.camera_agent.is_listed and run.target_agent.is_listed
    assert len(run.camera_agent.spec["members"]) == 3
    assert run.camera_agent.provenance["psro"] == run.pk


def test_a_final_strategy_that_was_an_opponent_before_is_named_as_the_final_one(make_run, work):
    drive(make_run(meta_solver="uniform"), work)
    shorter = drive(make_run(name="Shorter", meta_solver="uniform", iterations=1), work)
    assert (shorter.target_agent.name, shorter.target_agent.is_listed) == ("Shorter, targets", True)


def test_asking_again_while_nothing_is_done_changes_nothing(make_run, work):
    run = drive(make_run(), work, is_training)
    assert psro_runs.advance(run) is False
    assert TrainingRun.objects.count() == 2
    assert run.iterations.count() == 2


def test_an_answer_that_gains_nothing_is_told(make_run, work, builtins):
    run = make_run(iterations=1)
    drive(run, work, is_training)
    for training in psro_runs.trainings_of(run):
        training.state, training.agent = TrainingState.FINISHED, builtins[training.team, "random"]
        training.save()
    run = drive(run, work)
    figures = run.iterations.last().figures
    assert figures["camera_gain"]["gain"] == 0.0
    assert figures["camera_gain"]["is_answer"] is False
    assert figures["nash_conv"] == 0.0


def test_a_run_ends_when_nashconv_is_surely_small(make_run, work):
    run = drive(make_run(epsilon=9.0), work)
    assert run.reason.startswith("NashConv is below 9")
    assert run.iterations.count() == 2


def test_no_iteration_begins_after_its_hours(make_run, work):
    run = make_run(hours=1.0)
    PsroRun.objects.filter(pk=run.pk).update(seconds_before=3601.0)
    assert drive(run, work).reason == "Its time limit of 1 h is reached."


def test_an_anytime_run_plays_more_where_it_matters(make_run, work):
    run = drive(make_run(is_anytime=True, iterations=1, epsilon=1.0), work)
    assert run.state == PsroState.FINISHED, run.reason
    assert run.iterations.last().tournament.format == "nash"


def test_one_query_tells_runs_that_wait_from_those_that_can_go_on(make_run, work, django_assert_num_queries):
    waiting = [drive(make_run(name=f"Waits {number}"), work, is_training) for number in range(2)]
    with django_assert_num_queries(1):
        assert not list(psro_runs.due())
    trainings.cancel_training(psro_runs.trainings_of(waiting[0])[0])
    assert list(psro_runs.due()) == [waiting[0]]


def test_what_nobody_thought_of_stops_the_run_and_not_who_advances_it(make_run, work):
    run = make_run()
    PsroRun.objects.filter(pk=run.pk).update(meta_solver="a former solver")
    run = drive(run, work)
    assert (run.state, run.reason) == (PsroState.FAILED, steps.SORRY)


def test_the_time_that_is_left_is_a_range_by_the_iterations_so_far(make_run, work):
    run = drive(make_run(iterations=5), work, lambda run: run.iterations.filter(number=2).exists())
    run.refresh_from_db()
    now = timezone.now()
    for number, minutes in ((0, 30), (1, 20)):
        run.iterations.filter(number=number).update(solved=now - timedelta(minutes=minutes))
    PsroRun.objects.filter(pk=run.pk).update(resumed=now - timedelta(minutes=30))
    run.refresh_from_db()
    rest = psro_runs.estimate_rest(run)
    assert rest.low < 4 * 600 - 1200 <= rest.expected + 5 and rest.expected < rest.high
    run.epsilon = 0.1
    assert psro_runs.estimate_rest(run).low == 0.0
    run.hours_wanted = 0.6
    assert psro_runs.estimate_rest(run).high <= 0.1 * 3600 + 2 * 600 + 5
