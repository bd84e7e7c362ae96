"""Studies: all runs requested as one, scored on fresh seeds, summarised, cancelled, resumed, written."""

import csv
import io

import pytest

from tests.policies.checkpoints import make_checkpoint
from tournament import entries, milestones, organising, studies
from tournament.models import Milestone, Study, StudyState, TrainingRun, TrainingState
from tournament.studies import StudyConfiguration

PLAIN = StudyConfiguration("Plain", "mappo")
CHANGED = StudyConfiguration("No memory", "mappo", hyperparameters={"memory": "none"})


@pytest.fixture
def ask(scenario, builtins):
    def ask(chosen=(PLAIN, CHANGED), **more):
        more = {"num_seeds": 2, "steps": 1000, "evaluation_episodes": 3} | more
        return studies.create_study(
            studies.StudyRequest("Memory", [scenario], "camera", builtins["target", "greedy"], chosen, **more)
        )

    return ask


@pytest.fixture
def finish(pretend_to_play):
    """Let a run's training end with an agent, which is evaluated."""

    def finish(run):
        training = run.training
        agent = entries.register_checkpoint(make_checkpoint(seed=run.pk), f"Agent {run.pk}", None, is_listed=False)
        Milestone.objects.create(run=training, iteration=1, steps=1000, agent=agent)
        type(agent).objects.filter(pk=agent.pk).update(num_obstacles=0)
        TrainingRun.objects.filter(pk=training.pk).update(state=TrainingState.EVALUATING)
        for _ in range(5):
            training.refresh_from_db()
            milestones.advance(training)
            training.refresh_from_db()
            for played in filter(None, (training.milestone_tournament, training.reevaluation)):
                pretend_to_play(played)
                organising.finish_if_complete(played)
        assert training.state == TrainingState.FINISHED

    return finish


def test_every_combination_is_a_training_and_seeds_come_one_after_the_other(ask):
    study = ask()
    trainings = TrainingRun.objects.order_by("pk")
    assert [(run.study_run.configuration, run.seed) for run in trainings] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert {run.purpose for run in trainings} == {"study"} and study.state == StudyState.RUNNING
    assert trainings[1].configuration["hyperparameters"]["memory"] == "none"


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_made(ask):
    wrong = StudyConfiguration("Wrong", "mappo", hyperparameters={"gamma": 2})
    with pytest.raises(studies.StudyRefused) as refused:
        ask((PLAIN, wrong))
    assert refused.value.problems[0][0] == "configurations" and "Wrong" in str(refused.value)
    assert not Study.objects.exists() and not TrainingRun.objects.exists()
    with pytest.raises(studies.StudyRefused) as refused:
        ask((PLAIN, PLAIN), num_seeds=0, evaluation_episodes=1)
    assert {field for field, _ in refused.value.problems} == {"configurations", "num_seeds", "evaluation_episodes"}


def test_a_study_has_a_bounded_number_of_runs(ask):
    with pytest.raises(studies.StudyRefused, match="at most 200"):
        ask([StudyConfiguration(str(n), "mappo") for n in range(5)], num_seeds=50)


def test_runs_are_scored_on_fresh_seeds_as_they_end(ask, finish):
    study = ask()
    assert not studies.advance(study)
    first, *others = study.runs.all()
    finish(first)
    assert studies.advance(study)
    study.refresh_from_db()
    first.refresh_from_db()
    assert len(first.payoffs) == 4 * study.evaluation_episodes and len(first.gains) == len(first.payoffs) // 2
    assert study.figures["payoff"]["rows"][0]["num_runs"] == 1 and study.state == StudyState.RUNNING
    for run in others:
        finish(run)
    assert studies.advance(study) and not studies.advance(study)
    study.refresh_from_db()
    assert study.state == StudyState.FINISHED
    row = study.figures["gain"]["rows"][1]
    assert row["num_runs"] == 2 and row["mean"]["low"] < row["mean"]["value"] < row["mean"]["high"]
    assert row["iqm"]["low"] is None


def test_a_study_s_agents_meet_the_opponent_alone(ask, finish):
    study = ask(num_seeds=1)
    run = study.runs.first()
    finish(run)
    run.training.refresh_from_db()
    assert run.training.milestone_tournament.targets.count() == 1
    assert run.training.reevaluation.num_episodes == 2 * 4 * 3  # the agent and the baseline
    assert not run.training.agent.is_listed


def test_failed_runs_end_a_study_and_can_be_resumed(ask):
    study = ask(num_seeds=1)
    TrainingRun.objects.update(state=TrainingState.FAILED)
    assert studies.advance(study)
    study.refresh_from_db()
    assert study.state == StudyState.FINISHED and study.figures == {}
    assert studies.resume_study(study) and study.state == StudyState.RUNNING
    assert set(TrainingRun.objects.values_list("state", flat=True)) == {TrainingState.WAITING}


def test_cancelling_stops_what_is_open_and_keeps_what_has_ended(ask, finish):
    study = ask(num_seeds=1)
    finish(study.runs.first())
    assert studies.cancel_study(study) and not studies.cancel_study(study)
    assert [run.training.state for run in study.runs.all()] == [TrainingState.FINISHED, TrainingState.CANCELLED]


def test_rows_and_latex_have_the_figures(ask, finish):
    study = ask(num_seeds=2)
    for run in study.runs.all():
        finish(run)
    studies.advance(study)
    study.refresh_from_db()
    rows = list(csv.DictReader(io.StringIO(studies.write_csv(study))))
    assert len(rows) == 4 and {row["state"] for row in rows} == {"finished"}
    run = study.runs.first()
    assert float(rows[0]["payoff"]) == pytest.approx(sum(run.payoffs) / len(run.payoffs))
    text = studies.write_latex(study, "payoff")
    assert text.count(r"\\") == 3 and "No memory & 2 & $" in text and "% Study" in text
