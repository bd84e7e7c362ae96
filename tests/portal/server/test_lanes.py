"""Requests share a fixed number of threads, and those whose clients have left are dropped."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from portal.server import lanes
from portal.server.lanes import use_lanes


class Client:
    """One request: what it has sent, when it leaves, and what it was answered."""

    def __init__(self, path: str = "/", query: bytes = b"") -> None:
        self.scope = {"type": "http", "path": path, "query_string": query, "method": "GET", "headers": []}
        self.left = asyncio.Event()
        self.is_complete = False
        self.sent: list[Any] = []

    async def receive(self) -> Any:
        if not self.is_complete:
            self.is_complete = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return self.sent[0]["status"] if self.sent else 0


def views(work: Callable[[str], None]) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """An application that works in a thread, as Django does, once it has the request's body."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if (await receive())["type"] == "http.disconnect":
            return
        await sync_to_async(work)(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return application


def run(scene: Callable[[], Awaitable[None]]) -> None:
    with ThreadPoolExecutor() as thread:  # Browser tests of the same process leave a loop running in this one.
        thread.submit(lambda: asyncio.run(scene())).result(30)  # type: ignore[arg-type]


def test_as_many_requests_run_at_once_as_there_are_lanes_and_threads_are_kept() -> None:
    threads: list[str] = []
    most, now, lock = 0, 0, threading.Lock()

    def work(path: str) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
            threads.append(threading.current_thread().name)
        with lock:
            now -= 1

    async def scene() -> None:
        application = use_lanes(views(work), 3, 1, 1000)
        clients = [Client() for _ in range(200)]
        await asyncio.gather(*(application(one.scope, one.receive, one.send) for one in clients))
        assert {one.status for one in clients} == {200}

    run(scene)
    assert most <= 3
    assert len(threads) == 200 and len(set(threads)) <= 3


def test_work_for_a_client_that_left_while_it_waited_is_never_begun() -> None:
    begun: list[str] = []
    gate = threading.Event()

    def work(path: str) -> None:
        begun.append(path)
        gate.wait(20)

    async def scene() -> None:
        application = use_lanes(views(work), 1, 1, 1000)
        first, leaver, last = Client("/first"), Client("/leaver"), Client("/last")
        tasks = [asyncio.create_task(application(one.scope, one.receive, one.send)) for one in (first, leaver, last)]
        while not begun:
            await asyncio.sleep(0)
        leaver.left.set()
        await tasks[1]
        gate.set()
        await asyncio.gather(*tasks)
        assert (first.status, leaver.status, last.status) == (200, 0, 200)

    run(scene)
    assert begun == ["/first", "/last"]


def test_who_comes_when_too_many_wait_is_refused_and_told_when_to_come_back() -> None:
    gate = threading.Event()

    async def scene() -> None:
        application = use_lanes(views(lambda path: gate.wait(20) and None), 1, 1, 2)
        clients = [Client() for _ in range(4)]
        tasks = [asyncio.create_task(application(one.scope, one.receive, one.send)) for one in clients]
        await tasks[3]
        assert clients[3].status == 503
        assert (b"retry-after", b"5") in clients[3].sent[0]["headers"]
        gate.set()
        await asyncio.gather(*tasks)
        assert [one.status for one in clients[:3]] == [200] * 3

    run(scene)


def test_who_waits_for_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "PATIENCE", 0.01)
    gate = threading.Event()

    async def scene() -> None:
        application = use_lanes(views(lambda path: gate.wait(20) and None), 1, 1, 100)
        first, second = Client(), Client("/api/v1/agents")
        task = asyncio.create_task(application(first.scope, first.receive, first.send))
        await asyncio.sleep(0)
        await application(second.scope, second.receive, second.send)
        assert second.status == 503
        gate.set()
        await task
        assert first.status == 200

    run(scene)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/v1/scenarios/mate-4v8-9/meta-game", b""),
        ("/api/v1/tournaments/1/episodes", b"format=parquet"),
        ("/api/v1/pairings/1/episodes", b"limit=10&format=csv"),
    ],
)
def test_pages_do_not_wait_for_files_that_take_seconds_to_make(path: str, query: bytes) -> None:
    gate = threading.Event()

    async def scene() -> None:
        application = use_lanes(views(lambda path: path == "/" or (gate.wait(20) and None)), 1, 1, 100)
        files = [Client(path, query) for _ in range(3)]
        tasks = [asyncio.create_task(application(one.scope, one.receive, one.send)) for one in files]
        page = Client()
        await application(page.scope, page.receive, page.send)
        assert page.status == 200
        gate.set()
        await asyncio.gather(*tasks)
        assert {one.status for one in files} == {200}

    run(scene)


def test_a_lane_is_given_back_when_its_work_ends_and_not_when_its_client_leaves() -> None:
    order: list[str] = []
    gate = threading.Event()

    def work(path: str) -> None:
        order.append(f"begin {path}")
        if path == "/first":
            gate.wait(20)
        order.append(f"end {path}")

    async def scene() -> None:
        application = use_lanes(views(work), 1, 1, 100)
        first, second = Client("/first"), Client("/second")
        leaving = asyncio.create_task(application(first.scope, first.receive, first.send))
        while not order:
            await asyncio.sleep(0)
        leaving.cancel()
        waiting = asyncio.create_task(application(second.scope, second.receive, second.send))
        for _ in range(20):
            await asyncio.sleep(0)
        assert order == ["begin /first"]
        gate.set()
        await waiting
        await asyncio.gather(leaving, return_exceptions=True)

    run(scene)
    assert order == ["begin /first", "end /first", "begin /second", "end /second"]
