"""The REST API: reading without a token, changes with a token, and one shape of errors."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.api import api
from portal.models import ApiToken
from tests.portal.conftest import make_up
from tests.portal.test_replays import wait
from tournament import queries, replays
from tournament.models import Agent, Episode, Pairing, Scenario, Tournament, TournamentState, Upload, UploadState

Call = Callable[..., Client]
V1 = "/api/v1"


def read_csv(answer: Any) -> list[dict[str, str]]:
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def check_error(answer: Any, status: int, code: str) -> dict[str, str]:
    """Check that an error has the common shape and a message; return it."""
    assert answer.status_code == status, answer.content
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "where"}
    assert error["code"] == code and error["message"]
    return error


# Reading


def test_scenarios_are_listed(client: Client, scenario: Scenario) -> None:
    [found] = client.get(f"{V1}/scenarios").json()
    assert (found["slug"], found["num_cameras"], found["digest"]) == ("mate-2v4-0", 2, scenario.digest)
    whole = client.get(f"{V1}/scenarios/mate-2v4-0").json()
    assert whole.pop("document")["camera"]["max_sight_range"] == 1500
    assert whole == found


def test_agents_are_listed_by_pages(client: Client, agents: dict[str, Agent]) -> None:
    answer = client.get(f"{V1}/agents", {"team": "camera", "limit": 3, "offset": 2}).json()
    cameras = [agent for agent in agents.values() if agent.team == "camera"]
    assert answer["count"] == len(cameras)
    assert len(answer["items"]) == min(3, len(cameras) - 2)


def test_an_agent_is_found_by_slug_and_by_digest(client: Client, played: Tournament, agents: dict[str, Agent]) -> None:
    by_slug = client.get(f"{V1}/agents/greedy-camera").json()
    assert by_slug["standings"][0]["rating"] == 1000
    assert client.get(f"{V1}/agents/{agents['greedy-camera'].digest}").json() == by_slug


def test_pairings_are_found_by_agent_and_tournament(client: Client, played: Tournament) -> None:
    found = client.get(f"{V1}/pairings", {"agent": "random-camera", "tournament": played.pk}).json()
    assert found["count"] == 2
    assert {item["num_episodes"] for item in found["items"]} == {3}


def test_a_pairing_is_summarised(client: Client, pairing: Pairing) -> None:
    summary = client.get(f"{V1}/pairings/{pairing.pk}").json()["summary"]
    assert summary["episodes"] == 3
    assert summary["payoff"]["error"] > 0


def test_episodes_come_by_pages_and_as_csv(client: Client, pairing: Pairing) -> None:
    for seed in range(20):
        make_up(pairing, 2**62 + seed).save()
    page = client.get(f"{V1}/pairings/{pairing.pk}/episodes", {"limit": 10, "offset": 20}).json()
    assert (page["count"], len(page["items"])) == (23, 3)
    assert page["items"][-1]["seed"] == str(2**62 + 19)
    rows = read_csv(client.get(f"{V1}/pairings/{pairing.pk}/episodes", {"format": "csv"}))
    assert len(rows) == 23
    assert {row["digest"] for row in rows} == set(pairing.episodes.values_list("digest", flat=True))


def test_an_episode_says_how_many_messages_each_member_sent(client: Client, real_episode: Episode) -> None:
    found = client.get(f"{V1}/episodes/{real_episode.pk}").json()
    assert found["camera_edges_sent"] == [int(number) for number in real_episode.camera_edges_sent.split()]
    assert sum(found["camera_edges_sent"]) > 0
    assert found["target_edges_sent"] is None


@pytest.mark.one_database
def test_a_replay_is_downloaded(client: Client, real_episode: Episode) -> None:
    answer = wait(lambda: client.get(f"{V1}/episodes/{real_episode.pk}/replay"))
    assert replays.verify(b"".join(answer.streaming_content)).is_same


def test_an_episode_is_verified(call: Call, bob: User, real_episode: Episode) -> None:
    program = call(bob)
    verdict = wait(lambda: program.post(f"{V1}/episodes/{real_episode.pk}/verify")).json()
    assert verdict["is_same"] and verdict["computed_digest"] == real_episode.digest


def test_what_does_not_exist_is_told(client: Client, db: None) -> None:
    for address in ("agents/nobody", "tournaments/9", "pairings/9", "episodes/9", "scenarios/x", "episodes/9/replay"):
        check_error(client.get(f"{V1}/{address}"), 404, "not_found")


def test_a_tournament_tells_what_its_agents_were_trained_under(
    client: Client, played: Tournament, agents: dict[str, Agent]
) -> None:
    Agent.objects.filter(pk=agents["greedy-camera"].pk).update(trained_enhanced_observation="both")
    [note] = client.get(f"{V1}/tournaments/{played.pk}").json()["notes"]
    assert "for both teams; MATE-2v4-0 is played without" in note
    assert note in client.get(f"/tournaments/{played.pk}/").content.decode()


def test_a_parameter_of_the_wrong_kind_is_named(client: Client, pairing: Pairing) -> None:
    error = check_error(client.get(f"{V1}/pairings/{pairing.pk}/episodes", {"limit": "many"}), 422, "invalid")
    assert error["where"] == "limit"
    error = check_error(client.get(f"{V1}/agents", {"team": "referee"}), 422, "invalid")
    assert error["where"] == "team"


@pytest.mark.parametrize("number", ["-1", str(2**63), "9" * 40])
def test_pages_out_of_range_are_refused(client: Client, pairing: Pairing, number: str) -> None:
    for address in ("agents", "pairings", f"pairings/{pairing.pk}/episodes", "tournaments"):
        error = check_error(client.get(f"{V1}/{address}", {"offset": number}), 422, "invalid")
        assert error["where"] == "offset"


def test_numbers_too_large_for_the_database_name_nothing(client: Client, pairing: Pairing) -> None:
    check_error(client.get(f"{V1}/pairings", {"tournament": "9" * 40}), 422, "invalid")
    check_error(client.get(f"{V1}/episodes/{'9' * 40}"), 404, "not_found")


def test_errors_beside_the_endpoints_have_the_same_shape(call: Call, alice: User) -> None:
    program = call(alice)
    check_error(program.get(f"{V1}/nothing"), 404, "not_found")
    answer = program.post(f"{V1}/agents")
    check_error(answer, 405, "wrong_method")
    assert answer["Allow"] == "GET"
    check_error(program.get(f"{V1}/agents?search=a%00b"), 400, "bad_request")
    check_error(program.get(f"{V1}/agents/a%00b"), 400, "bad_request")
    large = program.post(f"{V1}/tournaments", b" " * 2_000_000, content_type="application/json")
    check_error(large, 413, "too_large")
    check_error(program.post(f"{V1}/tournaments", b"{", content_type="application/json"), 400, "bad_request")


def test_an_error_of_ours_has_the_same_shape_and_is_logged(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("the lights went out")

    monkeypatch.setattr(queries, "find_agents", fail)
    client.raise_request_exception = False
    check_error(client.get(f"{V1}/agents"), 500, "our_mistake")
    assert "the lights went out" in caplog.text


# Uploading


def upload(program: Client, content: bytes = b"some bytes", **fields: Any) -> Any:
    return program.post(f"{V1}/uploads", {"file": SimpleUploadedFile("policy.zip", content), **fields})


def test_a_program_uploads_and_polls(call: Call, alice: User, agents: dict[str, Agent]) -> None:
    answer = upload(call(alice), name="Mine", mode="deterministic")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["state"], made["is_over"], made["deterministic"]) == ("waiting", False, True)
    row = Upload.objects.get()
    assert (row.owner, row.name) == (alice, "Mine")
    Upload.objects.update(
        state=UploadState.REFUSED, reason="It is no checkpoint.", steps=[{"name": "Read", "status": "failed"}]
    )
    polled = Client().get(f"{V1}/uploads/{made['id']}").json()
    assert (polled["is_over"], polled["reason"]) == (True, "It is no checkpoint.")
    assert polled["steps"] == [{"name": "Read", "status": "failed", "detail": ""}]


def test_uploading_needs_a_token(call: Call, db: None) -> None:
    check_error(upload(call()), 401, "token_needed")
    assert not Upload.objects.exists()


def test_a_wrong_or_revoked_token_opens_nothing(call: Call, alice: User) -> None:
    program = call(alice)
    ApiToken.objects.all().delete()
    assert "not known here" in check_error(upload(program), 401, "token_needed")["message"]
    check_error(upload(Client(headers={"authorization": "Bearer nonsense"})), 401, "token_needed")


def program_with(user: User, *scopes: str, expires: Any = None) -> Client:
    _, key = ApiToken.issue(user, "narrow", scopes, expires)
    return Client(headers={"authorization": f"Bearer {key}"})


def test_a_token_changes_only_what_its_scopes_name(alice: User, tournament: Tournament) -> None:
    error = check_error(upload(program_with(alice, "agents", "trainings")), 403, "scope_needed")
    assert "'uploads'" in error["message"] and "account page" in error["message"]
    assert not Upload.objects.exists()
    cancel = f"{V1}/tournaments/{tournament.pk}/cancel"
    check_error(program_with(alice, "uploads").post(cancel), 403, "scope_needed")
    assert program_with(alice, "tournaments").post(cancel).status_code == 200


def test_a_token_without_scopes_still_reads(alice: User) -> None:
    reader = program_with(alice)
    assert reader.get(f"{V1}/uploads").status_code == 200
    check_error(upload(reader), 403, "scope_needed")


def test_an_expired_token_says_when_it_ended(alice: User) -> None:
    late = program_with(alice, "uploads", expires=timezone.now() - timedelta(days=40))
    message = check_error(upload(late), 401, "token_expired")["message"]
    assert "expired on" in message and "account page" in message
    check_error(late.get(f"{V1}/uploads"), 401, "token_expired")


def test_a_signed_in_browser_is_no_token(visit: Callable[..., Client], alice: User) -> None:
    """Otherwise a form on another site could upload in the user's name."""
    check_error(upload(visit(alice)), 401, "token_needed")


def test_too_large_empty_and_missing_files_are_refused(call: Call, alice: User, settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1000
    program = call(alice)
    check_error(upload(program, b"x" * 1001), 413, "too_large")
    check_error(upload(program, b""), 400, "empty_file")
    check_error(program.post(f"{V1}/uploads", {"name": "x"}), 400, "no_file")
    check_error(upload(program, mode="sometimes"), 422, "invalid")
    assert not Upload.objects.exists()


def test_a_user_has_few_open_uploads_at_a_time(call: Call, alice: User, settings: Any) -> None:
    settings.ARENA_OPEN_UPLOADS = 1
    program = call(alice)
    assert upload(program, b"x").status_code == 201
    check_error(upload(program, b"x"), 429, "too_many_uploads")
    assert Upload.objects.count() == 1


def test_one_lists_only_ones_own_uploads(call: Call, alice: User, bob: User) -> None:
    upload(call(alice))
    assert call(alice).get(f"{V1}/uploads").json()["count"] == 1
    assert call(bob).get(f"{V1}/uploads").json()["count"] == 0


# Tournaments


def start(program: Client, **changes: Any) -> Any:
    wanted = {
        "name": "Cup", "scenario": "mate-2v4-0", "cameras": ["greedy-camera", "random-camera"],
        "targets": ["greedy-target"], "episodes_per_pairing": 5, "base_seed": 3, **changes,
    }  # fmt: skip
    return program.post(f"{V1}/tournaments", wanted, content_type="application/json")


def test_a_program_starts_and_watches_a_tournament(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    answer = start(call(alice), targets=[agents["greedy-target"].digest])
    assert answer.status_code == 201
    watched = Client().get(f"{V1}/tournaments/{answer.json()['id']}").json()
    assert (watched["owner"], watched["state"], watched["is_over"]) == ("alice", "playing", False)
    assert watched["progress"]["total"] == 10
    assert [agent["slug"] for agent in watched["targets"]] == ["greedy-target"]


def test_tournaments_are_listed(client: Client, played: Tournament) -> None:
    found = client.get(f"{V1}/tournaments", {"state": "finished", "scenario": "mate-2v4-0"}).json()
    assert [item["name"] for item in found["items"]] == ["Alice's cup"]
    assert client.get(f"{V1}/tournaments", {"state": "playing"}).json()["count"] == 0


def test_starting_needs_a_token(call: Call, scenario: Scenario, agents: dict[str, Agent]) -> None:
    check_error(start(call()), 401, "token_needed")
    assert not Tournament.objects.exists()


@pytest.mark.parametrize(
    ("change", "status", "code", "where", "says"),
    [
        ({"scenario": "mars"}, 404, "not_found", "scenario", "mate-2v4-0"),
        ({"cameras": ["nobody"]}, 404, "not_found", "cameras", "nobody"),
        ({"cameras": []}, 409, "refused", "cameras", "camera field is empty"),
        ({"targets": ["greedy-camera"]}, 409, "refused", "targets", "is a camera agent"),
        ({"format": "knockout"}, 409, "refused", "format", "no format 'knockout'"),
        ({"format": "ranking", "cameras": ["greedy-camera"]}, 409, "refused", "cameras", "at least two"),
        ({"settings": {"height": 3}}, 409, "refused", "settings.height", "no setting 'height'"),
        ({"episodes_per_pairing": 0}, 422, "invalid", "episodes_per_pairing", "greater than or equal to 1"),
        ({"episodes_per_pairing": 10**8}, 409, "refused", "settings.episodes", "from 1 to 10,000"),
        ({"base_seed": "x"}, 422, "invalid", "base_seed", "base_seed: is no number; send digits without quotes"),
        ({"episode_per_pairing": 100}, 422, "invalid", "episode_per_pairing", "Did you mean 'episodes_per_pairing'?"),
    ],
)
def test_what_makes_no_tournament_is_refused_with_the_reason(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent],
    change: dict[str, Any], status: int, code: str, where: str, says: str,
) -> None:  # fmt: skip
    error = check_error(start(call(alice), **change), status, code)
    assert says in error["message"] and error["where"] == where
    assert not Tournament.objects.exists()


def test_all_that_is_wrong_with_a_tournament_is_told_with_its_fields(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wrong = {
        "cameras": [],
        "format": "sequential",
        "settings": {"error": 99, "height": 1},
        "episodes_per_pairing": None,
    }
    message = check_error(start(call(alice), **wrong), 409, "refused")["message"]
    for part in ("cameras: The camera field", "settings.height: ", "settings.error: Error probability (error) is 99"):
        assert part in message


def test_the_owner_cancels_by_program(call: Call, alice: User, tournament: Tournament) -> None:
    assert call(alice).post(f"{V1}/tournaments/{tournament.pk}/cancel").json()["state"] == "cancelled"


def test_another_user_cannot_cancel_by_program(call: Call, bob: User, tournament: Tournament) -> None:
    check_error(call(bob).post(f"{V1}/tournaments/{tournament.pk}/cancel"), 403, "not_yours")
    check_error(call().post(f"{V1}/tournaments/{tournament.pk}/cancel"), 401, "token_needed")
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.PLAYING


def test_an_anonymous_program_verifies_nothing(call: Call, real_episode: Episode) -> None:
    check_error(call().post(f"{V1}/episodes/{real_episode.pk}/verify"), 401, "token_needed")


# The reference


def test_the_description_names_every_endpoint_and_the_token(client: Client, db: None) -> None:
    described = client.get(f"{V1}/openapi.json").json()
    assert f"{V1}/episodes/{{episode_id}}/replay" in described["paths"]
    assert described["components"]["securitySchemes"]["TokenAuthentication"]["scheme"] == "bearer"


def test_the_reference_page_loads_nothing_from_other_sites(client: Client, db: None) -> None:
    text = client.get(f"{V1}/docs").content.decode()
    loaded = re.findall(r"<(?:script|link|img|iframe)[^>]* (?:src|href)=\"([^\"]+)", text)
    assert len(loaded) > 2 and all(address.startswith(("/static/", "data:")) for address in loaded)


def test_the_reference_names_the_fields_of_events(client: Client, db: None) -> None:
    text = client.get(f"{V1}/docs").content.decode()
    section = text.split('id="portal_api_events_follow_tournament"')[1].split("</details>")[0]
    assert "Data of an event" in section
    for name in ("is_over", "round", "progress.done", "progress.seconds_left"):
        assert f"<code>{name}</code>" in section


def test_the_reference_is_made_once(client: Client) -> None:
    assert client.get(f"{V1}/openapi.json").json() == client.get(f"{V1}/openapi.json").json()
    assert api.get_openapi_schema() is api.get_openapi_schema()
