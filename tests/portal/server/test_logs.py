"""Structured logs have one JSON object per line, with the ids of its subject."""

import json
import logging

import pytest
from django.test import Client

from portal.server.logs import JsonLines
from tournament import tracing


def format_one(message: str, error: BaseException | None = None) -> dict[str, str]:
    problem = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("tasks.playing", logging.WARNING, "x.py", 1, message, ("a",), problem)
    text = JsonLines().format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_says_what_it_is_about_while_that_is_bound() -> None:
    with tracing.bound(work="block 7"), tracing.bound(request="r1"):
        line = format_one("lost %s")
    assert (line["message"], line["level"], line["work"], line["request"]) == ("lost a", "warning", "block 7", "r1")
    assert "work" not in format_one("later %s")


def test_an_exception_stays_on_the_line() -> None:
    assert "ValueError: no" in format_one("failed %s", ValueError("no"))["exception"]


@pytest.mark.parametrize(("given", "is_kept"), [("abc-123", True), ("", False), ("x" * 65, False), ("a b", False)])
def test_a_request_has_an_id_and_keeps_that_of_a_proxy(client: Client, db: None, given: str, is_kept: bool) -> None:
    answer = client.get("/status/", headers={"X-Request-ID": given} if given else {})
    assert (answer["X-Request-ID"] == given) is is_kept
    assert answer["X-Request-ID"]
