"""Progress as server-sent events, from a real server."""

import asyncio
import json
import sqlite3
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.server.streams import Hub, ProgressEvent, TooManyStreams
from tests.portal.served import Served, serve
from tournament.models import Tournament

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
STREAMS = 500
PATIENCE = 60.0
MAKE = """
from tournament import entries, organising
[scenario, *_] = entries.register_scenarios()
rows = entries.register_builtin_agents()
fields = [[row for row in rows if row.team == team][:1] for team in ("camera", "target")]
request = organising.TournamentRequest("Followed", scenario, *fields, 50)
print(*(organising.create_tournament(request).pk for _ in range(3)))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("streams")
    with serve(folder, ARENA_STREAMS=str(STREAMS + 10), ARENA_STREAMS_EACH=str(STREAMS + 2)) as running:
        yield running


@pytest.fixture(scope="module")
def numbers(server: Served) -> list[str]:
    """Tournaments that wait for workers, one for each test that follows one: the process that makes them is slow."""
    return server.manage("shell", "--no-imports", "--command", MAKE).split()


@pytest.fixture
def path(numbers: list[str]) -> str:
    """The address of the events of a tournament that nobody has followed yet."""
    return f"/api/v1/tournaments/{numbers.pop()}/events"


def change(server: Served, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(server.data / "arena.sqlite3", timeout=30)) as connection, connection:
        connection.execute(statement, values)


def number_of(path: str) -> str:
    return path.split("/")[-2]


class Stream:
    """One open answer, read event by event."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader
        self.head = b""

    async def next(self) -> dict[str, str]:
        """The fields of the next event; empty at the end."""
        while True:
            try:
                block = await asyncio.wait_for(self.reader.readuntil(b"\n\n"), PATIENCE)
            except asyncio.IncompleteReadError:
                return {}
            lines = [line.split(": ", 1) for line in block.decode().splitlines() if ": " in line and line[0] != ":"]
            if (found := dict(lines)).get("event"):
                return found


@asynccontextmanager
async def follow(server: Served, path: str, *headers: str) -> AsyncIterator[Stream]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        stream = Stream(reader)
        stream.head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        yield stream
    finally:
        writer.close()


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run it in a thread: browser tests of the same process leave a loop running in this one."""
    with ThreadPoolExecutor() as thread:
        thread.submit(asyncio.run, coroutine).result()


def threads_of(server: Served) -> int:
    return sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in server.children)


def test_five_hundred_streams_hold_no_threads_and_all_learn_of_each_change(server: Served, path: str) -> None:
    before = threads_of(server)

    async def listen() -> None:
        async with AsyncExitStack() as stack:
            streams = [await stack.enter_async_context(follow(server, path)) for _ in range(STREAMS)]
            assert all(stream.head.startswith(b"HTTP/1.1 200") for stream in streams)
            first = await asyncio.gather(*(stream.next() for stream in streams))
            assert {told["event"] for told in first} == {"progress"}
            assert json.loads(first[0]["data"])["progress"]["done"] == 0
            page = await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{server.port}/tournaments/")
            assert page.status == 200
            page.close()
            assert threads_of(server) <= before + 3
            assert len(server.open_files("arena.sqlite3")) < 40

            change(server, "UPDATE tournament_block SET num_played = 7 WHERE tournament_id = ?", number_of(path))
            second = await asyncio.gather(*(stream.next() for stream in streams))
            assert {json.loads(told["data"])["progress"]["done"] for told in second} == {7}

            change(server, "UPDATE tournament_tournament SET state = 'cancelled' WHERE id = ?", number_of(path))
            last = await asyncio.gather(*(stream.next() for stream in streams))
            assert {told["event"] for told in last} == {"end"}
            await asyncio.gather(*(stream.reader.readuntil(b"0\r\n\r\n") for stream in streams))  # Each answer ends.

    run(listen())


def test_who_comes_back_is_told_only_what_is_new(server: Served, path: str) -> None:
    async def listen() -> None:
        async with follow(server, path) as stream:
            told = await stream.next()
        async with follow(server, path, f"Last-Event-ID: {told['id']}") as stream:
            change(server, "UPDATE tournament_tournament SET state = 'cancelled' WHERE id = ?", number_of(path))
            last = await stream.next()
            assert last["event"] == "end" and json.loads(last["data"])["state"] == "cancelled"
        async with follow(server, path, f"Last-Event-ID: {last['id']}") as stream:
            assert stream.head.startswith(b"HTTP/1.1 204")
        async with follow(server, path) as stream:
            assert (await stream.next())["event"] == "end"

    run(listen())


def test_streams_are_neither_cached_nor_buffered_and_are_given_back(server: Served, path: str) -> None:
    async def listen() -> None:
        for _ in range(3):
            async with AsyncExitStack() as stack:
                streams = [await stack.enter_async_context(follow(server, path)) for _ in range(STREAMS // 2)]
                await asyncio.gather(*(stream.next() for stream in streams))
        head = streams[0].head.lower()
        assert b"content-type: text/event-stream" in head and b"content-encoding" not in head
        assert b"cache-control: no-store" in head and b"x-accel-buffering: no" in head
        assert b"content-security-policy" in head

    run(listen())


def test_an_address_may_have_some_streams_open(settings: Any) -> None:
    settings.ARENA_STREAMS, settings.ARENA_STREAMS_EACH = 3, 2
    hub, one, other = Hub(), ["address 192.0.2.1", "user 1"], ["address 192.0.2.2"]

    async def open_some() -> None:
        with ExitStack() as stack:
            for _ in range(2):
                hub.admit(one)
                stack.enter_context(hub.joined("x", lambda subject: None, ProgressEvent("{}", False), one))
            with pytest.raises(TooManyStreams, match="A user or an address may have 2"):
                hub.admit(one)
            with pytest.raises(TooManyStreams):
                hub.admit(["address 192.0.2.3", "user 1"])
            stack.enter_context(hub.joined("x", lambda subject: None, ProgressEvent("{}", False), other))
            with pytest.raises(TooManyStreams, match="as many event streams open as it can"):
                hub.admit(["address 192.0.2.4"])
        hub.admit(one)

    run(open_some())


def test_who_has_too_many_streams_is_told_to_poll(client: Client, tournament: Tournament, settings: Any) -> None:
    settings.ARENA_STREAMS_EACH = 0
    refused = client.get(f"/api/v1/tournaments/{tournament.pk}/events")
    assert refused.status_code == 429 and refused.json()["code"] == "too_many_streams"
    assert f"poll GET /api/v1/tournaments/{tournament.pk} every few seconds" in refused.json()["detail"]


def test_what_is_not_there_has_no_events(server: Served) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/v1/psro/999/events")
