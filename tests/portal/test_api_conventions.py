"""Conventions of all API operations: problems, pages, filters, entity tags, limits, the OpenAPI description."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.api import api
from portal.api.description import EXAMPLES
from portal.models import ApiToken, Scope
from portal.problems import CONTENT_TYPE, KINDS
from portal.server import throttling
from tests.portal.access import find_arguments
from tests.tasks.conftest import broker  # noqa: F401  A fixture.
from tournament.models import Agent, Pairing, PsroIteration, Scenario, Tournament, TrainingRun

Call = Callable[..., Client]
World = dict[str, Any]
V1 = "/api/v1"


# Problems


def test_a_problem_has_the_form_of_the_standard_and_of_the_first_release(client: Client, db: None) -> None:
    answer = client.get(f"{V1}/agents/nobody")
    assert (answer.status_code, answer["Content-Type"]) == (404, CONTENT_TYPE)
    body = answer.json()
    assert (body["status"], body["code"], body["instance"]) == (404, "not_found", f"{V1}/agents/nobody")
    assert body["error"] == {"code": "not_found", "message": body["detail"], "where": body["where"]}
    explained = client.get(body["type"]).json()
    assert (explained["code"], explained["title"]) == ("not_found", body["title"])


def test_a_problem_lists_every_reason_with_its_field(call: Call, alice: User, scenario: Scenario) -> None:
    body = call(alice).post(f"{V1}/tournaments", {"nam": "x", "cameras": 3}, content_type="application/json").json()
    assert {"nam", "cameras", "scenario", "targets"} <= {reason["where"] for reason in body["errors"]}
    assert all(reason["message"] for reason in body["errors"])


def test_what_is_refused_before_an_operation_is_a_problem_too(client: Client, db: None) -> None:
    for answer in (client.get(f"{V1}/nothing"), client.put(f"{V1}/agents"), client.get(f"{V1}/agents?search=%00")):
        assert answer["Content-Type"] == CONTENT_TYPE
        assert answer.json()["status"] == answer.status_code


def test_every_kind_of_problem_is_explained(client: Client) -> None:
    assert {kind["code"] for kind in client.get(f"{V1}/problems").json()} == set(KINDS)
    assert client.get(f"{V1}/problems/none").status_code == 404


# Pages


def walk(client: Client, address: str, **parameters: Any) -> list[Any]:
    """Return all items of a list, page by page."""
    found: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = client.get(address, parameters | ({"cursor": cursor} if cursor else {})).json()
        found += page["items"]
        cursor = page["next"]
    return found


def test_a_cursor_leads_through_every_list(client: Client, world: World) -> None:
    tournament, pairing = world["tournament_id"], world["pairing_id"]
    for address in (
        *("agents", "tournaments", "schedules", "trainings", "psro", "pairings", "scenarios/mate-2v4-0/snapshots"),
        *(f"tournaments/{tournament}/choices", f"pairings/{pairing}/episodes"),
    ):
        whole = client.get(f"{V1}/{address}").json()
        assert walk(client, f"{V1}/{address}", limit=1) == whole["items"]
        assert len(whole["items"]) == whole["count"] > 0


def test_rows_that_are_added_meanwhile_neither_hide_nor_repeat_others(client: Client, played: Tournament) -> None:
    tournaments = [played, *(copy_of(played, f"Cup {number}") for number in range(4))]
    first = client.get(f"{V1}/tournaments", {"limit": 2}).json()
    copy_of(played, "Newer")
    second = client.get(f"{V1}/tournaments", {"limit": 10, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [row.pk for row in reversed(tournaments)]


def copy_of(tournament: Tournament, name: str) -> Tournament:
    return Tournament.objects.create(
        name=name, scenario=tournament.scenario, owner=tournament.owner, engine=tournament.engine
    )


def test_equal_sort_values_do_not_lose_rows(client: Client, agents: dict[str, Agent]) -> None:
    Agent.objects.update(name="Same")
    assert len(walk(client, f"{V1}/agents", limit=1)) == len(agents)


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "W1siaWQiXSxbbnVsbF1d", "W1siaWQiXSxbIjEiLDJdXQ"])
def test_a_cursor_that_is_not_of_the_list_is_refused(client: Client, pairing: Pairing, cursor: str) -> None:
    answer = client.get(f"{V1}/pairings/{pairing.pk}/episodes", {"cursor": cursor})
    assert (answer.status_code, answer.json()["where"]) == (409, "cursor")


def test_what_cannot_be_a_cursor_is_invalid(client: Client, pairing: Pairing) -> None:
    answer = client.get(f"{V1}/pairings/{pairing.pk}/episodes", {"cursor": "é"})
    assert (answer.status_code, answer.json()["where"]) == (422, "cursor")


def test_a_cursor_and_an_offset_are_refused(client: Client, agents: dict[str, Agent]) -> None:
    cursor = client.get(f"{V1}/agents", {"limit": 1}).json()["next"]
    assert client.get(f"{V1}/agents", {"cursor": cursor, "offset": 1}).status_code == 409


# Filters


def test_lists_are_narrowed_by_name_owner_time_and_agent(client: Client, world: World, bob: User) -> None:
    def count(address: str, **parameters: Any) -> int:
        return int(client.get(f"{V1}/{address}", parameters).json()["count"])

    for address, word in (
        ("tournaments", "cup"),
        ("schedules", "week"),
        ("trainings", "learn"),
        ("psro", "grow"),
        ("studies", "study"),
    ):
        assert count(address, search=word.upper(), owner="alice") == 1
        assert count(address, owner="bob") == 0
        assert count(address, created_after="2100-01-01T00:00:00") == 0
        assert count(address, created_before="2100-01-01T00:00:00Z") == (3 if address == "trainings" else 1)
    assert count("tournaments", agent="greedy-camera") == 1
    assert count("tournaments", agent="heuristic-camera") == 0
    assert count("agents", owner="alice") == 1
    assert count("trainings", algorithm="mappo") == 2  # of the study and the attack
    assert count("trainings", algorithm="ippo") == 0


@pytest.mark.django_db
@pytest.mark.parametrize(("moment", "status"), [("2100-01-01", 200), ("0", 422), ("1.5e9", 422), ("today", 422)])
def test_a_time_is_a_date_or_iso_8601_and_no_number(client: Client, moment: str, status: int) -> None:
    assert client.get(f"{V1}/tournaments", {"created_after": moment}).status_code == status


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moment", ["0328-09-22T07:02:52+20:13", "0001-01-01T00:00:00+10:00", "9999-12-31T23:00:00-10:00"]
)
def test_every_time_zone_and_year_can_be_asked_for(client: Client, moment: str) -> None:
    for name in ("created_after", "created_before"):
        assert client.get(f"{V1}/tournaments", {name: moment}).status_code == 200


# Bodies


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_seed": False},
        {"base_seed": "1"},
        {"episodes_per_pairing": True},
        {"rates_remote": 1},
        {"rates_remote": "yes"},
    ],
)
def test_a_value_has_the_type_that_the_description_says(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent], wrong: dict[str, Any]
) -> None:
    body = {"scenario": "mate-2v4-0", "cameras": ["greedy-camera"], "targets": ["greedy-target"]}
    answer = call(alice).post(f"{V1}/tournaments", body | wrong, content_type="application/json")
    assert (answer.status_code, answer.json()["where"]) == (422, next(iter(wrong)))


def test_a_whole_number_may_be_written_as_a_float(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    body = {"scenario": "mate-2v4-0", "cameras": ["greedy-camera"], "targets": ["greedy-target"], "base_seed": 7.0}
    made = call(alice).post(f"{V1}/tournaments", body, content_type="application/json").json()
    assert made["base_seed"] == "7"


# Entity tags


def test_an_answer_that_the_caller_has_is_not_sent_again(
    client: Client, call: Call, bob: User, played: Tournament
) -> None:
    program = call(bob)
    for someone in (client, program):
        for address in ("tournaments", f"tournaments/{played.pk}", "scenarios/mate-2v4-0/leaderboard", "agents"):
            tag = someone.get(f"{V1}/{address}")["ETag"]
            again = someone.get(f"{V1}/{address}", headers={"if-none-match": tag})
            assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    tag = program.get(f"{V1}/tournaments")["ETag"]
    copy_of(played, "Newer")
    assert program.get(f"{V1}/tournaments", headers={"if-none-match": tag}).status_code == 200


# Limits


def test_programs_are_told_how_many_requests_are_left(
    settings: Any, call: Call, alice: User, played: Tournament
) -> None:
    throttling.limiter.cache_clear()
    settings.ARENA_LIMITS_STORE, settings.ARENA_LIMITS = "memory://", "changes=2/hour"
    program = call(alice)
    answers = [program.post(f"{V1}/tournaments/{played.pk}/cancel") for _ in range(3)]
    throttling.limiter.cache_clear()
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert {answer["RateLimit-Limit"] for answer in answers} == {"2"}
    assert 0 < int(answers[2]["RateLimit-Reset"]) == int(answers[2]["Retry-After"])


# Tokens, estimates


def test_a_token_creates_no_stronger_token(call: Call, alice: User) -> None:
    _, key = ApiToken.issue(alice, "weak", [Scope.ACCOUNT, Scope.UPLOADS])
    weak = Client(headers={"authorization": f"Bearer {key}"})

    def create(**body: Any) -> Any:
        return weak.post(f"{V1}/tokens", {"name": "another", **body}, content_type="application/json")

    assert create(scopes=["trainings"]).json()["code"] == "scope_needed"
    made = create(days=3).json()
    assert made["scopes"] == ["uploads", "account"] and made["expires"]
    short = Client(headers={"authorization": f"Bearer {made['key']}"})
    longer = short.post(f"{V1}/tokens", {"name": "longer", "days": 30}, content_type="application/json")
    assert (longer.status_code, longer.json()["where"]) == (409, "days")
    assert short.get(f"{V1}/account").json()["token"]["name"] == "another"
    assert short.delete(f"{V1}/tokens/{made['id']}").status_code == 204
    assert short.get(f"{V1}/account").status_code == 401


def test_an_estimate_counts_what_exists_and_starts_nothing(call: Call, alice: User, played: Tournament) -> None:
    body = {"scenario": "mate-2v4-0", "cameras": ["greedy-camera"], "targets": ["greedy-target", "naive-target"]}
    answer = call(alice).post(
        f"{V1}/tournaments/estimate", body | {"episodes_per_pairing": 5}, content_type="application/json"
    )
    told = answer.json()
    assert (told["pairings"], told["episodes"], told["reused"]) == (2, 10, 3)
    assert Tournament.objects.count() == 1
    assert Pairing.objects.filter(target__slug="naive-target").count() == 0


def test_the_status_counts_what_waits(client: Client, tournament: Tournament) -> None:
    assert client.get(f"{V1}/status").json()["episodes_left"] == 12


# The description


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_of_the_description_is_accepted(
    call: Call, alice: User, world: World, agents: dict[str, Agent], name: str, settings: Any, request: Any
) -> None:
    method, template = name.split(" ")
    if "remote" in template:
        settings.REDIS_URL = request.getfixturevalue("broker").url
    TrainingRun.objects.update(state="finished")
    PsroIteration.objects.update_or_create(run_id=world["psro"], number=0, defaults={"phase": "solved"})
    path = template.format(**find_arguments(world, template, {"slug", "schedule_id", "run_id", "username"}))
    answer = call(alice).generic(method, f"{V1}{path}", json.dumps(EXAMPLES[name]), content_type="application/json")
    assert answer.status_code in (200, 201), answer.content


def test_every_operation_and_parameter_is_described_and_every_body_has_an_example() -> None:
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"]
            for parameter in operation["parameters"]:
                assert parameter.get("description"), f"{method} {path}: {parameter['name']}"
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                assert content["application/json"].get("example"), f"{method} {path} has no example"


def test_errors_are_described_as_problems() -> None:
    for operations in api.get_openapi_schema()["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= 400:
                    assert list(answer["content"]) == [CONTENT_TYPE]
