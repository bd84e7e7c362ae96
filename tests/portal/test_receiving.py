"""Request bodies are limited before anything keeps them, and pages carry their policy."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.test import Client

from portal.receiving import FORM_ALLOWANCE, limit_body


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


def post(chunks: list[bytes], declared: int | None, path: str = "/uploads/new/") -> list[dict[str, Any]]:
    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    messages: Iterator[dict[str, Any]] = iter(
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}
        for number, chunk in enumerate(chunks)
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with ThreadPoolExecutor() as thread:  # Browser tests of the same process leave a loop running in this one.
        scope = {"type": "http", "path": path, "headers": headers}
        thread.submit(lambda: asyncio.run(limit_body(answer_all)(scope, receive, send))).result()  # type: ignore[arg-type]
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


def test_pages_allow_nothing_from_elsewhere_and_no_inline_scripts(client: Client, db: None) -> None:
    answer = client.get("/help/")
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["script-src"] == "'self'"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_one_file_of_plotly_is_served_and_no_other() -> None:
    from django.contrib.staticfiles import finders

    assert finders.find("plotly/plotly.min.js")
    assert finders.find("plotly/widgetbundle.js") is None
