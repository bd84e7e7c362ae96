"""Request bodies are limited before anything keeps them, and pages carry their policy."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.models import ApiToken
from portal.server import bodies
from portal.server.bodies import limit_body
from portal.server.receiving import FORM_ALLOWANCE
from portal.server.uploaders import Uploader, bound, find_holder, find_uploader, find_visitor
from tournament.models import Upload

STALLED = b"stalled"
"""Stands for a piece of a body that never arrives."""


async def answer_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads the whole body and then answers."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"read"})


def welcome(scope: Any) -> Uploader:
    return Uploader("somebody")


def find_in_this_thread(scope: Any) -> Uploader:
    """Refuse without a query to the database, which other threads cannot see during a test."""
    return find_holder("") if scope["path"].startswith("/api/") else find_visitor("")


def post(chunks: list[bytes], declared: int | None, path: str = "/uploads/new/", find: Any = welcome) -> list[Any]:
    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    messages: Iterator[dict[str, Any]] = iter(
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        message = next(messages)
        if message["body"] is STALLED:
            await asyncio.Event().wait()
        return message

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with ThreadPoolExecutor() as thread:  # Browser tests of the same process leave a loop running in this one.
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        limited: Any = limit_body(answer_all, find)  # type: ignore[arg-type]
        thread.submit(lambda: asyncio.run(limited(scope, receive, send))).result()
    return sent


def test_a_body_within_the_limit_passes(settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1000
    assert post([b"x" * 1000], 1000)[0]["status"] == 200


def test_a_body_that_declares_too_much_is_refused_unread(settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1000
    assert post([], 2000 + FORM_ALLOWANCE)[0]["status"] == 413


def test_a_body_that_declares_nothing_is_counted(settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1000
    statuses = [message["status"] for message in post([b"x" * FORM_ALLOWANCE] * 3, None) if "status" in message]
    assert statuses == [413]


def test_programs_get_the_refusal_in_their_form(settings: Any) -> None:
    settings.ARENA_UPLOAD_LIMIT = 1000
    body = post([], 2000 + FORM_ALLOWANCE, "/api/v1/uploads")[1]["body"]
    assert json.loads(body)["error"]["code"] == "too_large"


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/tournaments", "/nowhere/", "/admin/login/"])
def test_large_bodies_are_taken_where_uploads_go_and_nowhere_else(path: str) -> None:
    assert post([], 4 * FORM_ALLOWANCE + 1024**2, path)[0]["status"] == 413
    undeclared = post([b"x" * FORM_ALLOWANCE] * 6, None, path)
    assert [message["status"] for message in undeclared if "status" in message] == [413]


@pytest.mark.parametrize(("path", "status"), [("/uploads/new/", 302), ("/api/v1/uploads", 401)])
def test_a_file_of_nobody_is_refused_unread(path: str, status: int, db: None) -> None:
    answer = post([], 1000, path, lambda scope: find_in_this_thread(scope))
    assert answer[0]["status"] == status


def test_a_user_whose_files_take_all_that_one_may_have_is_refused_unread(settings: Any, alice: User) -> None:
    Upload.objects.create(owner=alice, filename="a", size=2000, sha256="0" * 64)
    settings.ARENA_USER_BYTES = 2001
    assert bound(Uploader(alice)).is_welcome
    settings.ARENA_USER_BYTES = 2000
    assert bound(Uploader(alice)).status == 403
    alice.is_staff = True
    assert bound(Uploader(alice)).is_welcome


def test_a_session_and_a_token_are_welcome(client: Client, alice: User) -> None:
    client.force_login(alice)
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    assert find_uploader({"path": "/uploads/new/", "headers": [(b"cookie", cookie)]}).user == alice
    _, key = ApiToken.issue(alice, "laptop")
    holder = {"path": "/api/v1/uploads", "headers": [(b"authorization", f"Bearer {key}".encode())]}
    assert find_uploader(holder).user == alice
    for headers in ([(b"cookie", b"sessionid=forged")], [(b"cookie", b"\xff=;=")], [(b"authorization", b"Bearer x")]):
        assert find_uploader({"path": "/uploads/new/", "headers": headers}).status == 401


@pytest.mark.parametrize("path", ["/uploads/new/", "/sign-in/", "/api/v1/tournaments"])
def test_a_body_that_does_not_come_is_not_waited_for(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.01)
    assert post([b"a", STALLED], 1000, path)[0]["status"] == 408


@pytest.mark.parametrize("path", ["/uploads/new/", "/api/v1/uploads"])
def test_no_file_is_taken_where_the_disk_has_no_room_for_it(path: str, settings: Any) -> None:
    settings.ARENA_FREE_BYTES = 2**60
    assert post([], 1000, path)[0]["status"] == 507
    assert post([b"a=b"], 3, "/sign-in/")[0]["status"] == 200


def test_pages_allow_nothing_from_elsewhere_and_no_inline_scripts(client: Client, db: None) -> None:
    answer = client.get("/help/")
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["script-src"] == "'self'"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
