"""Costly files of a published fit are made once and then sent from the disk."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory

from portal.server import kept_files
from tournament.models import Agent, Tournament

BOARD = "/api/v1/scenarios/mate-2v4-0"
FILES = ("episodes?format=csv", "episodes?format=parquet", "episodes", "meta-game?format=csv", "meta-game")


def content_of(answer: HttpResponseBase) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer) if answer.streaming else answer.content  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_published_fit_is_made_once(
    client: Client, played: Tournament, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = content_of(client.get(f"{BOARD}/{name}"))

    def make(*arguments: Any) -> Any:
        raise AssertionError("It is made a second time.")

    monkeypatch.setattr("portal.api.boards.describe_payoffs", make)
    monkeypatch.setattr("portal.api.boards.tables.write", make)
    second = client.get(f"{BOARD}/{name}")
    assert len(first) > 200 and content_of(second) == first
    compressed = client.get(f"{BOARD}/{name}", headers={"accept-encoding": "gzip"})
    assert ("Content-Encoding" in compressed) == ("parquet" not in name)
    content = content_of(compressed)
    assert (gzip.decompress(content) if "Content-Encoding" in compressed else content) == first
    assert client.get(f"{BOARD}/{name}", headers={"if-none-match": second["ETag"]}).status_code == 304


def test_payoffs_are_told_with_the_names_of_today(client: Client, played: Tournament) -> None:
    def names() -> set[str]:
        return {agent["name"] for agent in json.loads(content_of(client.get(f"{BOARD}/meta-game")))["cameras"]}

    assert names() == {"Greedy", "Random"}
    Agent.objects.filter(slug="greedy-camera").update(name="Eager")
    assert names() == {"Eager", "Random"}


def test_ratings_know_of_no_file_and_refusals_make_none(client: Client, played: Tournament, settings: Any) -> None:
    assert client.get(f"{BOARD}/leaderboard").json()["number"] == 1
    assert client.get(f"{BOARD}/episodes?snapshot=9").status_code == 404
    assert not (Path(settings.MEDIA_ROOT) / "exports").exists()


def pieces(count: int = 3) -> Iterator[bytes]:
    yield from (b"x" * 1000 for _ in range(count))


def folder(settings: Any) -> set[str]:
    return {path.name for path in (Path(settings.MEDIA_ROOT) / "exports").iterdir()}


def test_what_was_asked_for_least_recently_makes_room(settings: Any, rf: RequestFactory) -> None:
    settings.ARENA_EXPORT_BYTES = 6500
    for name in ("a", "b"):
        content_of(kept_files.answer(rf.get("/"), name, "application/octet-stream", pieces))
        os.utime(Path(settings.MEDIA_ROOT) / "exports" / name, (1, 1))
    for name in ("a", "c"):
        content_of(kept_files.answer(rf.get("/"), name, "application/octet-stream", pieces))
    assert folder(settings) == {"a", "c"}


def test_an_answer_that_nobody_took_to_its_end_leaves_nothing(settings: Any, rf: RequestFactory) -> None:
    answer = kept_files.answer(rf.get("/"), "a", "application/octet-stream", pieces)
    taken = iter(answer)  # type: ignore[call-overload]
    next(taken)
    answer.close()
    del taken
    assert folder(settings) == set()


def test_a_full_disk_costs_the_file_and_not_the_answer(
    settings: Any, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        monkeypatch.setattr(kept_files, "create", lambda part, is_text: full)
        assert len(content_of(kept_files.answer(rf.get("/"), "a", "application/octet-stream", pieces))) == 3000
