"""Quotas: how much running work and stored data a user may have."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from portal.models import ApiToken
from portal.people.quotas import QUOTAS
from portal.variables.allowances import USUAL_QUOTAS, read_quotas
from tests.portal.markup import flatten
from tournament.models import Agent, Scenario, Schedule, Tournament, TrainingRun

Call = Callable[..., Client]
Visit = Callable[..., Client]
CUP = {"scenario": "mate-2v4-0", "cameras": ["greedy-camera"], "targets": ["greedy-target"]}
LESSON = {"scenario": "mate-2v4-0", "team": "camera", "algorithm": "mappo", "opponent": "greedy-target", "steps": 1000}


def post(program: Client, address: str, **body: Any) -> Any:
    return program.post(f"/api/v1/{address}", body, content_type="application/json")


def test_the_millionth_episode_is_refused_with_what_to_do(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent], settings: Any
) -> None:
    settings.ARENA_QUOTAS = "episodes=999999"
    targets = [slug for slug, agent in agents.items() if agent.team == "target"]
    cameras = [slug for slug, agent in agents.items() if agent.team == "camera"]
    field = {"scenario": "mate-2v4-0", "cameras": cameras[:4], "targets": targets[:4]}
    program = call(alice)
    for number in range(6):
        assert post(program, "tournaments", **field, base_seed=number, episodes_per_pairing=10_000).status_code == 201
    refused = post(program, "tournaments", **field, base_seed=6, episodes_per_pairing=10_000)
    assert refused.status_code == 409 and refused.json()["code"] == "quota"
    assert "1,120,000 episodes waiting to be played" in refused.json()["detail"]
    assert "one user may have 999,999. Ask for fewer" in refused.json()["detail"]
    assert Tournament.objects.count() == 6
    assert post(program, "tournaments", **CUP, base_seed=7, episodes_per_pairing=10).status_code == 201


def test_a_tournament_beyond_the_quota_is_refused_on_its_form_and_a_finished_one_counts_no_more(
    visit: Visit, alice: User, tournament: Tournament, settings: Any
) -> None:
    settings.ARENA_QUOTAS = "tournaments=1"
    browser = visit(alice)
    form = {
        "scenario": "mate-2v4-0",
        "format": "round-robin",
        "cameras": [tournament.cameras.first().pk],
        "targets": [tournament.targets.first().pk],
        "episodes": 2,
        "base_seed": 5,
    }
    answer = browser.post("/tournaments/new/", form)
    assert answer.status_code == 400
    assert "You would have 2 unfinished tournaments with this; one user may have 1." in answer.content.decode()
    Tournament.objects.update(state="finished")
    assert browser.post("/tournaments/new/", form).status_code == 302


def test_administrators_have_no_quotas(
    call: Call, admin: User, scenario: Scenario, agents: dict[str, Agent], settings: Any
) -> None:
    settings.ARENA_QUOTAS = "tournaments=0"
    assert post(call(admin), "tournaments", **CUP).status_code == 201


def test_trainings_tokens_and_schedules_have_quotas_too(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent], settings: Any
) -> None:
    program = call(alice)
    settings.ARENA_QUOTAS = "trainings=1,tokens=1,schedules=0,psro=0"
    assert post(program, "trainings", **LESSON).status_code == 201
    assert post(program, "trainings", **LESSON).status_code == 409
    assert post(program, "tokens", name="more").status_code == 409
    weekly = {"name": "W", "scenario": "mate-2v4-0", "kind": "cron", "expression": "0 3 * * 1"}
    assert post(program, "schedules", **weekly).status_code == 409
    run = {"scenario": "mate-2v4-0", "cameras": ["random-camera"], "targets": ["random-target"]}
    each = {"algorithm": "mappo", "steps": 10_000}
    refused = post(program, "psro", name="R", **run, camera_training=each, target_training=each)
    assert refused.status_code == 409, refused.content
    assert (TrainingRun.objects.count(), ApiToken.objects.count(), Schedule.objects.count()) == (1, 1, 0)


def test_what_was_cancelled_is_resumed_within_the_quota_alone(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent], settings: Any
) -> None:
    program = call(alice)
    first = post(program, "trainings", **LESSON).json()["id"]
    assert post(program, f"trainings/{first}/cancel").status_code == 200
    settings.ARENA_QUOTAS = "trainings=1"
    second = post(program, "trainings", **LESSON).json()["id"]
    assert post(program, f"trainings/{first}/resume").status_code == 409
    settings.ARENA_QUOTAS = "trainings=0"  # After the quota is lowered, running work can still be changed.
    assert post(program, f"trainings/{second}/cancel").status_code == 200


def test_the_account_shows_what_is_used_and_allowed(
    visit: Visit, call: Call, alice: User, admin: User, tournament: Tournament, settings: Any
) -> None:
    settings.ARENA_QUOTAS = "tournaments=7"
    page = visit(alice).get("/account/").content.decode()
    assert "Unfinished tournaments" in page and '<td class="n">1</td><td class="n">7</td>' in flatten(page)
    assert "Quotas" not in visit(admin).get("/account/").content.decode()
    told = call(alice).get("/api/v1/account").json()["quotas"]
    assert {"name": "tournaments", "title": "unfinished tournaments", "used": 1, "allowed": 7} in told
    assert {"name": "episodes", "title": "episodes waiting to be played", "used": 12, "allowed": 500_000} in told


def test_quotas_are_read_from_the_setting() -> None:
    assert read_quotas("off") == {}
    assert read_quotas("") == USUAL_QUOTAS
    assert USUAL_QUOTAS.keys() == QUOTAS.keys()
    assert read_quotas("psro=1, tokens=2")["psro"] == 1
