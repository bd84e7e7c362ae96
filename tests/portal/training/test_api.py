"""Trainings by program: requested, followed, changed; all that is wrong is told at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.portal.test_api import check_error
from tests.portal.training.conftest import fields
from tournament import entries
from tournament.models import Agent, Scenario, TrainingRun

Visit = Callable[..., Client]
Call = Callable[..., Client]
HTMX = {"HX-Request": "true"}
V1 = "/api/v1"


def wish(**changes: Any) -> dict[str, Any]:
    return {
        "scenario": "mate-2v4-0", "team": "camera", "algorithm": "hrl-mappo", "opponent": "greedy-target",
        "hyperparameters": {"gamma": 0.9}, "steps": 4000, **changes,
    }  # fmt: skip


def ask(client: Client, **changes: Any) -> Any:
    return client.post(f"{V1}/trainings", wish(**changes), content_type="application/json")


def test_a_program_trains_and_follows(call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]) -> None:
    answer = ask(call(alice), name="By program")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["state"], made["owner"]) == ("By program", "waiting", "alice")
    assert made["configuration"]["hyperparameters"]["gamma"] == 0.9
    assert "No trainer" in made["waiting_reason"]
    assert call().get(f"{V1}/trainings/{made['id']}").json()["id"] == made["id"]
    assert call().get(f"{V1}/trainings", {"state": "waiting"}).json()["count"] == 1
    assert call().get(f"{V1}/trainings", {"team": "target"}).json()["count"] == 0


def test_a_program_and_a_form_name_several_scenarios(
    call: Call, visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    other, unseen = (entries.register_scenario(name) for name in ("MATE-4v2-9", "MATE-8v8-9"))
    several = {"more_scenarios": [other.slug], "test_scenarios": [unseen.slug]}
    made = ask(call(alice), preset="entity", **several).json()
    assert (made["more_scenarios"], made["test_scenarios"]) == ([other.slug], [unseen.slug])
    error = check_error(ask(call(alice), **several), 409, "refused")
    assert error["where"] == "architecture" and "entity" in error["message"]
    like = visit(alice).get(f"/training/new/?like={made['id']}").content.decode()
    assert f'value="{other.slug}" selected' in like and f'value="{unseen.slug}" selected' in like
    answer = visit(alice).post("/training/new/", fields(agents, preset="entity", algorithm="hrl-mappo", **several))
    run = TrainingRun.objects.latest("pk")
    assert answer.status_code == 302 and list(run.more_scenarios.all()) == [other]
    assert other.name in visit(alice).get(answer["Location"]).content.decode()


@pytest.mark.parametrize(
    ("change", "status", "code", "where", "says"),
    [
        ({"scenario": "mars"}, 404, "not_found", "scenario", "mate-2v4-0"),
        ({"opponent": "nobody"}, 404, "not_found", "opponent", "nobody"),
        ({"opponent": "greedy-camera"}, 409, "refused", "opponent", "trains against targets"),
        ({"hyperparameters": {"gamma": 7}}, 409, "refused", "gamma", "from 0 to 1"),
        ({"hyperparameters": {"speed": 7}}, 409, "refused", "hyperparameters", "no hyperparameter 'speed'"),
        ({"algorithm": "dqn"}, 409, "refused", "algorithm", "mappo"),
        ({"steps": 0}, 409, "refused", "steps", "whole number"),
        ({"start_from": "greedy-camera"}, 409, "refused", "start_from", "no weights"),
        ({"team": "umpire"}, 422, "invalid", "team", "team"),
    ],
)
def test_what_makes_no_training_is_refused_with_the_reason(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent],
    change: dict[str, Any], status: int, code: str, where: str, says: str,
) -> None:  # fmt: skip
    error = check_error(ask(call(alice), **change), status, code)
    assert says in error["message"] and error["where"] == where
    assert not TrainingRun.objects.exists()


def test_all_that_is_wrong_is_told_at_once(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    error = check_error(ask(call(alice), steps=0, hyperparameters={"gamma": 7, "clip": 99}, name="x"), 409, "refused")
    for word in ("steps", "gamma", "clip"):
        assert word in error["message"]


def test_a_program_reads_the_curve_as_json_and_csv(call: Call, learning: TrainingRun) -> None:
    points = call().get(f"{V1}/trainings/{learning.pk}/points", {"limit": 2, "offset": 1}).json()
    assert [point["iteration"] for point in points] == [2, 3]
    table = call().get(f"{V1}/trainings/{learning.pk}/points", {"format": "csv"}).getvalue().decode().splitlines()
    assert table[0].startswith("iteration,steps,return_mean")
    assert len(table) == 6 and table[1].startswith("1,100,1.5,0.1,,")


def test_a_program_changes_its_own_trainings_only(call: Call, alice: User, bob: User, run: TrainingRun) -> None:
    for action in ("pause", "resume", "cancel"):
        check_error(call(bob).post(f"{V1}/trainings/{run.pk}/{action}"), 403, "not_yours")
        check_error(call().post(f"{V1}/trainings/{run.pk}/{action}"), 401, "token_needed")
    program = call(alice)
    assert program.post(f"{V1}/trainings/{run.pk}/pause").json()["state"] == "paused"
    extended = program.post(f"{V1}/trainings/{run.pk}/extend", {"steps": 50}, content_type="application/json").json()
    assert (extended["state"], extended["steps_wanted"]) == ("waiting", 1050)
    check_error(
        program.post(f"{V1}/trainings/{run.pk}/extend", {"steps": -5}, content_type="application/json"), 409, "refused"
    )
    assert program.post(f"{V1}/trainings/{run.pk}/cancel").json()["is_over"] is True


def test_a_program_is_told_what_can_be_set(call: Call, db: None) -> None:
    listed = call().get(f"{V1}/trainings/hyperparameters", {"algorithm": "ippo", "team": "target"}).json()
    gamma = next(one for one in listed if one["name"] == "gamma")
    assert (gamma["low"], gamma["high"], gamma["default"]) == (0.0, 1.0, 0.99)
    assert next(one for one in listed if one["kind"] == "choice")["choices"]
