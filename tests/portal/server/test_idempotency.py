"""A request with an idempotency key acts once, however often it is sent and wherever its connection breaks."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from portal.models import StoredAnswer
from tests.portal.served import Served, serve
from tournament.models import Agent, Scenario, Schedule, Tournament, Upload

Call = Callable[..., Client]
V1 = "/api/v1"
CUP = {
    "name": "Once",
    "scenario": "mate-2v4-0",
    "cameras": ["greedy-camera"],
    "targets": ["greedy-target"],
    "episodes_per_pairing": 2,
}


def start(program: Client, key: str = "one", **changes: Any) -> Any:
    return program.post(
        f"{V1}/tournaments", CUP | changes, content_type="application/json", headers={"idempotency-key": key}
    )


def test_a_repeated_request_gets_the_first_answer(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    program = call(alice)
    first, second = start(program), start(program)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first and second["Idempotent-Replayed"] == "true"
    assert start(program, "two").json()["id"] != first.json()["id"]
    assert Tournament.objects.count() == 2


def test_a_key_belongs_to_one_request_of_one_user(
    call: Call, alice: User, bob: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    assert start(call(alice)).status_code == 201
    assert start(call(alice), name="Other").json()["code"] == "key_reused"
    assert start(call(bob), name="Other").status_code == 201
    assert start(Client()).status_code == 401


def test_a_refused_request_may_be_corrected_under_its_key_and_leaves_nothing(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    program = call(alice)
    assert start(program, cameras=["nobody"]).status_code == 404
    assert not StoredAnswer.objects.exists()
    assert start(program).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
def test_a_key_that_is_none_is_refused(call: Call, alice: User, key: str) -> None:
    assert start(call(alice), key).json()["code"] == "invalid"


def test_a_repeated_upload_is_stored_once_whatever_the_boundary_of_its_form(call: Call, alice: User) -> None:
    program = call(alice)

    def upload(content: bytes) -> Any:
        file = SimpleUploadedFile("checkpoint.zip", content)
        return program.post(f"{V1}/uploads", {"file": file}, headers={"idempotency-key": "file"})

    assert upload(b"one").json()["id"] == upload(b"one").json()["id"]
    assert upload(b"two").json()["code"] == "key_reused"
    assert Upload.objects.count() == 1


def test_stored_answers_are_forgotten_after_a_week(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    program = call(alice)
    start(program)
    StoredAnswer.objects.update(created=timezone.now() - timedelta(days=8))
    assert "Idempotent-Replayed" not in start(program)
    assert StoredAnswer.objects.count() == 1


# A real server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("served"), ARENA_WEB_THREADS="4") as running:
        yield running


@pytest.fixture(scope="module")
def token(server: Served) -> str:
    program = (
        "from django.contrib.auth.models import User; from portal.models import ApiToken; from tournament import "
        "entries\n"
        "entries.register_scenario('MATE-2v4-0'); entries.register_builtin_agents()\n"
        "print(ApiToken.issue(User.objects.create_user('cut'), 'tests')[1])"
    )
    return server.manage("shell", "--no-imports", "-c", program).split()[-1]


def write_request(token: str, key: str, name: str) -> bytes:
    body = json.dumps(CUP | {"name": name}).encode()
    head = (
        f"POST {V1}/tournaments HTTP/1.1\nHost: localhost\nConnection: close\nAuthorization: Bearer {token}\n"
        f"Idempotency-Key: {key}\nContent-Type: application/json\nContent-Length: {len(body)}\n\n"
    )
    return head.replace("\n", "\r\n").encode() + body


def send(server: Served, request: bytes, is_cut: bool = False) -> bytes:
    """Send a request; if `is_cut`, close the connection without waiting for the answer."""
    with server.connect() as line:
        line.sendall(request)
        received = b""
        while not is_cut and (piece := line.recv(65536)):
            received += piece
        return received


def count(server: Served, name: str) -> int:
    head = f"GET {V1}/tournaments?search={name} HTTP/1.1\nHost: localhost\nConnection: close"
    return int(json.loads(server.ask(head).split(b"\r\n\r\n", 1)[1])["count"])


def test_requests_whose_lines_are_cut_are_repeated_until_they_are_answered(server: Served, token: str) -> None:
    request = write_request(token, "cut", "Cut")
    for length in (len(request) // 3, len(request) - 5):
        send(server, request[:length], is_cut=True)
    for _ in range(5):
        send(server, request, is_cut=True)
    assert b" 201 " in send(server, request).split(b"\r\n")[0]
    assert count(server, "Cut") == 1


def test_of_simultaneous_requests_one_creates_and_all_get_its_answer(server: Served, token: str) -> None:
    request, answers = write_request(token, "same", "Together"), []
    threads = [threading.Thread(target=lambda: answers.append(send(server, request))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.split(b" ")[1] for answer in answers} == {b"201"}
    assert len({json.loads(answer.split(b"\r\n\r\n", 1)[1])["id"] for answer in answers}) == 1
    assert count(server, "Together") == 1


def test_a_deletion_needs_no_key(call: Call, alice: User, world: dict[str, Any]) -> None:
    program = call(alice)
    statuses = [program.delete(f"{V1}/schedules/{world['schedule_id']}").status_code for _ in range(2)]
    assert statuses == [204, 404]
    assert not Schedule.objects.exists()
