"""PSRO runs go from step to step by what is done of their trainings and tournaments, whoever asks and how often."""

from collections.abc import Callable
from typing import Any

import pytest

from tournament import organising, psro_runs, psro_steps, trainings
from tournament.models import (
    BlockState,
    PsroPhase,
    PsroRun,
    PsroState,
    TrainingRun,
    TrainingState,
)

pytestmark = pytest.mark.django_db
TRAINING = {"algorithm": "mappo", "steps": 10_000, "evaluation_episodes": 0}


@pytest.fixture
def make_run(scenario, builtins) -> Callable[..., PsroRun]:
    """Ask for a run that begins with the random agents."""

    def make(**changes: Any) -> PsroRun:
        asked: dict[str, Any] = {
            "name": "Trial", "scenario": scenario, "cameras": [builtins["camera", "random"]],
            "targets": [builtins["target", "random"]], "camera_training": TRAINING, "target_training": TRAINING,
            "iterations": 2, "episodes_per_pairing": 4, "is_warm": False,
        }  # fmt: skip
        return psro_runs.create_run(**asked | changes)

    return make


@pytest.fixture
def work(builtins, pretend_to_play) -> Callable[[PsroRun], None]:
    """Do the work that a run waits for: its tournament is played, and its trainings bring built-in agents, better ones each time."""
    better = ["naive", "greedy", "heuristic"]

    def act(run: PsroRun) -> None:
        newest = run.iterations.last()
        if newest.phase == PsroPhase.TRAINING:
            for training in psro_runs.trainings_of(run):
                training.state, training.agent = (
                    TrainingState.FINISHED,
                    builtins[training.team, better[newest.number - 1]],
                )
                training.save()
        elif newest.tournament is not None:
            pretend_to_play(newest.tournament)
            organising.finish_if_complete(newest.tournament)

    return act


def drive(
    run: PsroRun, work: Callable[[PsroRun], None], until: Callable[[PsroRun], bool] = lambda run: False
) -> PsroRun:
    """Let a run go on until nothing is left to do, or until something holds."""
    for _ in range(60):
        while psro_steps.advance(run):
            run.refresh_from_db()
            if until(run):
                return run
        run.refresh_from_db()
        if run.state != PsroState.RUNNING:
            return run
        work(run)
    raise AssertionError("The run goes on for ever.")


def is_training(run: PsroRun) -> bool:
    """Whether both trainings of the newest iteration are asked for."""
    return len(psro_runs.trainings_of(run)) == 2


def test_each_iteration_adds_an_agent_to_each_population_and_plays_what_is_new(make_run, work):
    run = drive(make_run(), work)
    assert (run.state, run.reason) == (PsroState.FINISHED, "It has all iterations that were asked for: 2.")
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


def test_asking_again_while_nothing_is_done_changes_nothing(make_run, work):
    run = drive(make_run(), work, is_training)
    assert psro_steps.advance(run) is False
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


def test_a_training_that_fails_stops_the_run_until_it_is_resumed(make_run, work):
    run = drive(make_run(iterations=1), work, is_training)
    broken = psro_runs.trainings_of(run)[0]
    TrainingRun.objects.filter(pk=broken.pk).update(state=TrainingState.FAILED, error="The disk is full.")
    psro_steps.advance(run)
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
    psro_steps.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED
    psro_runs.resume_run(run)
    assert drive(run, work).state == PsroState.FINISHED
    assert gone not in psro_runs.trainings_of(run)


def test_a_cancelled_tournament_is_played_anew_when_the_run_is_resumed(make_run, work):
    run = make_run(iterations=0)
    drive(run, work, lambda run: run.iterations.exclude(tournament=None).exists())
    organising.cancel_tournament(run.iterations.last().tournament)
    psro_steps.advance(run)
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
    psro_steps.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED and "ended with errors" in run.reason
    psro_runs.resume_run(run)
    assert drive(run, work).state == PsroState.FINISHED
    assert run.iterations.last().tournament == played


def test_a_paused_run_stands_still_with_its_trainings(make_run, work):
    run = drive(make_run(), work, is_training)
    assert psro_runs.pause_run(run)
    assert {training.state for training in psro_runs.trainings_of(run)} == {TrainingState.PAUSED}
    assert psro_steps.advance(run) is False
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
    assert run.reason == "It has all iterations that were asked for: 1."


def test_a_fork_shares_what_was_and_goes_its_own_way(make_run, work):
    run = drive(make_run(iterations=1), work)
    fork = psro_runs.fork_run(run, 0, "Fork", meta_solver="uniform", iterations_wanted=1)
    fork = drive(fork, work)
    assert fork.forked_from == run
    assert fork.iterations.count() == 2
    assert fork.iterations.get(number=0).table == run.iterations.get(number=0).table
    assert fork.iterations.get(number=1).camera_strategy == pytest.approx([1 / 2] * 2)
    assert fork.iterations.get(number=1).tournament.num_reused == 4 * 4


def test_nothing_starts_from_an_iteration_that_is_not_solved(make_run, work):
    run = drive(make_run(), work, is_training)
    with pytest.raises(psro_runs.PsroRefused, match="not solved"):
        psro_runs.fork_run(run, 1, "Fork")


def test_a_run_ends_when_nashconv_is_surely_small(make_run, work):
    run = drive(make_run(epsilon=9.0), work)
    assert run.reason.startswith("NashConv is below 9")
    assert run.iterations.count() == 2


def test_no_iteration_begins_after_its_hours(make_run, work):
    run = make_run(hours=1.0)
    PsroRun.objects.filter(pk=run.pk).update(seconds_before=3601.0)
    assert drive(run, work).reason == "Its time is over: 1 h."


def test_an_anytime_run_plays_more_where_it_matters(make_run, work):
    run = drive(make_run(is_anytime=True, iterations=1, epsilon=1.0), work)
    assert run.state == PsroState.FINISHED, run.reason
    assert run.iterations.last().tournament.format == "nash"


def test_one_query_tells_runs_that_wait_from_those_that_can_go_on(make_run, work, django_assert_num_queries):
    waiting = [drive(make_run(name=f"Waits {number}"), work, is_training) for number in range(2)]
    with django_assert_num_queries(1):
        assert not list(psro_steps.due())
    trainings.cancel_training(psro_runs.trainings_of(waiting[0])[0])
    assert list(psro_steps.due()) == [waiting[0]]


def test_what_nobody_thought_of_stops_the_run_and_not_who_advances_it(make_run, monkeypatch):
    def fail(*_):
        raise ArithmeticError("A bug.")

    run = make_run()
    monkeypatch.setattr(psro_steps, "_play", fail)
    while psro_steps.advance(run):
        run.refresh_from_db()
    assert (run.state, run.reason) == (PsroState.FAILED, psro_steps.SORRY)


def test_everything_that_is_wrong_is_named_at_once(make_run, builtins):
    with pytest.raises(psro_runs.PsroRefused) as refusal:
        make_run(name="", meta_solver="coin", iterations=-1, cameras=[builtins["target", "greedy"]], targets=[])
    assert {field for field, _ in refusal.value.problems} == {"name", "meta_solver", "iterations", "cameras", "targets"}
    assert not PsroRun.objects.exists()


def test_impossible_hyperparameters_are_named_with_their_team(make_run):
    with pytest.raises(psro_runs.PsroRefused) as refusal:
        make_run(target_training=TRAINING | {"hyperparameters": {"gamma": 3.0}})
    assert [field for field, _ in refusal.value.problems] == ["target_gamma"]
    assert not TrainingRun.objects.exists()
