"""Confirmation of irreversible actions without scripts: the first click only opens a page that names the losses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.models import ApiToken
from tournament import psro_runs, schedules, trainings
from tournament.models import (
    Agent,
    PsroRun,
    PsroState,
    Scenario,
    Schedule,
    ScheduleKind,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
)

Visit = Callable[..., Client]
TRAINING = trainings.TrainingSettings("mappo", hyperparameters={"gamma": 0.9}, steps=10_000)


@pytest.fixture
def training(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> TrainingRun:
    run = trainings.create_training(trainings.TrainingRequest(
        "Learner", scenario, "camera", "mappo", agents["greedy-target"],
        steps=12_345, seed=7, cores=1, hyperparameters={"gamma": 0.9}, evaluation_episodes=10, owner=alice,
    ))  # fmt: skip
    TrainingRun.objects.filter(pk=run.pk).update(state=TrainingState.TRAINING, steps_done=500)
    run.refresh_from_db()
    return run


@pytest.fixture
def run(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> PsroRun:
    return psro_runs.create_run(psro_runs.PsroRequest(
        "Growing", scenario, [agents["greedy-camera"]], [agents["random-target"]], TRAINING, TRAINING,
        meta_solver="uniform", iterations=3, owner=alice,
    ))  # fmt: skip


@pytest.fixture
def things(
    alice: User, tournament: Tournament, training: TrainingRun, run: PsroRun, agents: dict[str, Agent]
) -> dict[str, Any]:
    """Return all actions with confirmation: address, page, words of the question, and whether the object exists."""
    schedule = Schedule(
        name="Weekly cup", owner=alice, scenario=tournament.scenario, kind=ScheduleKind.CRON, expression="0 3 * * 1",
        has_everyone=False, settings={"episodes": 2},
    )  # fmt: skip
    schedules.save(schedule, [agents["greedy-camera"]], [agents["greedy-target"]])
    token, _ = ApiToken.issue(alice, "laptop")
    return {
        "tournament": (reverse("tournament_cancel", args=[tournament.pk]), reverse("tournament", args=[tournament.pk]),
        "12 of 12 episodes are not finished",
        lambda: Tournament.objects.filter(state=TournamentState.PLAYING).exists()),
        "training": (reverse("training_act", args=[training.pk, "cancel"]), reverse("training", args=[training.pk]),
        "without saving", lambda: TrainingRun.objects.filter(state=TrainingState.TRAINING).exists()),
        "run": (reverse("psro_act", args=[run.pk, "cancel"]), reverse("psro_run", args=[run.pk]),
        "0 of 3 iterations are solved", lambda: PsroRun.objects.filter(state=PsroState.RUNNING).exists()),
        "schedule": (reverse("schedule_change", args=[schedule.pk, "delete"]), reverse("schedule", args=[schedule.pk]),
        "its record of 0 starts is lost", Schedule.objects.exists),
        "token": (reverse("token_revoke", args=[token.pk]), reverse("account"), token.prefix, ApiToken.objects.exists),
    }  # fmt: skip


KINDS = ("tournament", "training", "run", "schedule", "token")


@pytest.mark.parametrize("kind", KINDS)
def test_the_button_leads_to_a_question_that_names_what_is_lost_and_changes_nothing(
    visit: Visit, alice: User, things: dict[str, Any], kind: str
) -> None:
    address, page, lost, is_there = things[kind]
    browser = visit(alice)
    text = browser.get(page).content.decode()
    assert f'<form method="get" action="{address}" data-confirm=' in text
    question = browser.get(address)
    assert question.status_code == 200
    assert lost in question.content.decode()
    assert f'method="post" action="{address}"' in question.content.decode()
    assert f'href="{page}"' in question.content.decode()
    assert is_there()
    browser.post(address)
    assert not is_there()


@pytest.mark.parametrize("kind", KINDS)
def test_strangers_are_not_asked(visit: Visit, bob: User, things: dict[str, Any], kind: str) -> None:
    address, _, _, is_there = things[kind]
    assert visit(bob).get(address).status_code in (403, 404)
    assert visit(None).get(address).status_code == 302
    assert is_there()


def test_no_other_button_is_pressed_by_opening_its_address(visit: Visit, alice: User, things: dict[str, Any]) -> None:
    schedule = Schedule.objects.get()
    addresses = [reverse("schedule_change", args=[schedule.pk, what]) for what in ("pause", "resume", "start")]
    addresses += [things["training"][0].replace("cancel", what) for what in ("pause", "resume", "extend")]
    addresses += [things["run"][0].replace("cancel", what) for what in ("pause", "fork")]
    assert {visit(alice).get(address).status_code for address in addresses} == {405}


def test_what_is_over_is_not_asked_about(visit: Visit, alice: User, things: dict[str, Any]) -> None:
    browser = visit(alice)
    for kind in ("tournament", "training", "run"):
        address, page, *_ = things[kind]
        browser.post(address)
        assert browser.get(address).headers["Location"] == page
        assert f'<form method="get" action="{address}"' not in browser.get(page).content.decode()


# What was cancelled goes on


def test_a_cancelled_training_is_resumed(visit: Visit, alice: User, training: TrainingRun) -> None:
    trainings.cancel_training(training)
    page = reverse("training", args=[training.pk])
    assert reverse("training_act", args=[training.pk, "resume"]) in visit(alice).get(page).content.decode()
    visit(alice).post(reverse("training_act", args=[training.pk, "resume"]))
    training.refresh_from_db()
    assert (training.state, training.finished, training.steps_done) == (TrainingState.WAITING, None, 500)


def test_a_program_resumes_a_cancelled_training(
    call: Callable[..., Client], alice: User, training: TrainingRun
) -> None:
    trainings.cancel_training(training)
    answer = call(alice).post(f"/api/v1/trainings/{training.pk}/resume")
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")


def test_a_cancelled_run_is_resumed_with_the_trainings_that_were_cancelled_with_it(
    visit: Visit, alice: User, run: PsroRun, training: TrainingRun
) -> None:
    run.iterations.create(number=1, phase="training", camera_training=training)
    psro_runs.cancel_run(run)
    training.refresh_from_db()
    assert training.state == TrainingState.CANCELLED
    visit(alice).post(reverse("psro_act", args=[run.pk, "resume"]))
    for row in (run, training):
        row.refresh_from_db()
    assert (run.state, run.finished, run.iterations.get().camera_training) == (PsroState.RUNNING, None, training)
    assert training.state == TrainingState.WAITING


def test_a_training_is_duplicated_into_a_form_that_starts_the_same(
    visit: Visit, bob: User, training: TrainingRun
) -> None:
    trainings.cancel_training(training)
    answer = visit(bob).get(reverse("training_create"), {"like": training.pk})
    form = answer.context["form"]
    sent = {name: form[name].value() for name in form.fields} | {
        "scenario": form.scenario.slug, "team": form.team, "algorithm": form.algorithm, "preset": form.preset,
    }  # fmt: skip
    answer = visit(bob).post(
        reverse("training_create"), {name: value for name, value in sent.items() if value is not None}
    )
    assert answer.status_code == 302
    other = TrainingRun.objects.exclude(pk=training.pk).get()
    alike = (
        "name",
        "scenario",
        "team",
        "algorithm",
        "preset",
        "opponent",
        "seed",
        "steps_wanted",
        "configuration",
        "evaluation_episodes",
    )
    assert [getattr(other, name) for name in alike] == [getattr(training, name) for name in alike]
    assert other.owner == bob


def test_a_run_is_duplicated_into_a_form_that_starts_the_same(visit: Visit, bob: User, run: PsroRun) -> None:
    answer = visit(bob).get(reverse("psro_create"), {"like": run.pk})
    form = answer.context["form"]
    sent = {name: form[name].value() for name in form.fields} | {"scenario": form.scenario.slug}
    for name in ("cameras", "targets"):
        sent[name] = [getattr(one, "pk", one) for one in sent[name]]
    sent = {name: value for name, value in sent.items() if value not in (None, False)}
    assert visit(bob).post(reverse("psro_create"), sent).status_code == 302
    other = PsroRun.objects.exclude(pk=run.pk).get()
    alike = ("name", "scenario", "meta_solver", "iterations_wanted", "episodes_per_pairing", "is_warm", "is_anytime")
    assert [getattr(other, name) for name in alike] == [getattr(run, name) for name in alike]
    assert other.camera_training["hyperparameters"] == {"gamma": 0.9}
    assert list(other.cameras.all()) == list(run.cameras.all())


@pytest.mark.parametrize("page", ["training_create", "psro_create", "tournament_create"])
@pytest.mark.parametrize("number", ["0", "99999999999999999999999", "x", "²"])
def test_what_is_not_there_is_not_duplicated(
    visit: Visit, alice: User, scenario: Scenario, agents: Any, page: str, number: str
) -> None:
    assert visit(alice).get(reverse(page), {"like": number}).status_code == 200
