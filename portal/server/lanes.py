"""The threads that answer requests: a fixed number of lanes.

A lane is one thread with a persistent database connection. Django itself starts a thread, with its own database
connection, for every request in progress. Here, a request waits in the event loop, at no cost, until its body is
complete and a lane is free. It is dropped if its client disconnects meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

from portal.server.protocol import Application, Message, Receive, Scope, Send
from portal.server.refusals import refuse

COSTLY = re.compile(rb"format=(csv|parquet)")
"""Query strings of files that take seconds to create. They have their own lanes, so that pages never wait for them."""
COSTLY_PATHS = re.compile(r"/api/v1/.*/(episodes|meta-game|comparison)$")
PATIENCE = 30.0
"""Maximum seconds that a request waits for a lane."""
SEND_SECONDS = 60.0
"""Seconds within which a client must receive the next chunk of a streamed response."""
EVENTS = b"text/event-stream"
"""The content type of responses that need no lane after they have begun (`portal.server.streams`)."""


class Lanes:
    """A pool of threads, each for one request at a time.

    The last used are assigned first, since their connections are open.
    """

    def __init__(self, count: int, name: str) -> None:
        self.free: asyncio.LifoQueue[ThreadPoolExecutor] = asyncio.LifoQueue()
        for number in range(count):
            self.free.put_nowait(ThreadPoolExecutor(1, f"{name}-{number + 1}"))
        self.num_waiting = 0


class Visit(Executor):
    """One request. It gets a lane when its body is complete, and runs Django's synchronous code there."""

    def __init__(self, lanes: Lanes, receive: Receive, send: Send) -> None:
        self.lanes, self._receive, self._send = lanes, receive, send
        self.lane: ThreadPoolExecutor | None = None
        self.last: Future[Any] | None = None
        self.departure: asyncio.Future[Message] | None = None
        self.is_refused = False
        self.is_streaming = self.has_left = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.has_left:  # Only the end of an event stream comes here. It closes the response at once.
            done: Future[Any] = Future()
            done.set_result(fn(*args, **kwargs))
            return done
        if self.lane is None:
            raise RuntimeError("No code runs before the request's body is complete.")
        self.last = self.lane.submit(fn, *args, **kwargs)
        return self.last

    async def receive(self) -> Message:
        """Return the next message of the client. The last one of a body is returned only when there is a lane."""
        if self.departure is not None:
            departure, self.departure = self.departure, None
            return await departure
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body") and self.lane is None:
            return await self.enter(message)
        return message

    async def enter(self, message: Message) -> Message:
        if not self.lanes.free.empty():
            self.lane = self.lanes.free.get_nowait()
            return message
        entry = asyncio.ensure_future(self.lanes.free.get())
        self.departure = asyncio.ensure_future(self._receive())
        self.lanes.num_waiting += 1
        try:
            await asyncio.wait({entry, self.departure}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.lanes.num_waiting -= 1
            entry.cancel()  # no effect if it has its lane
        if entry.done() and not entry.cancelled():
            self.lane = entry.result()
        if self.lane is not None and not self.departure.done():
            return message
        if not self.departure.done():  # No lane became free in time.
            self.departure.cancel()
            self.is_refused = True
        self.departure = None
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Forward a message. A streamed response is aborted if its client stops receiving."""
        if not self.is_streaming:
            self.is_streaming = message["type"] == "http.response.body" and bool(message.get("more_body"))
            await self._send(message)
            if message["type"] == "http.response.start" and is_event_stream(message):
                self.leave()
            return
        await asyncio.wait_for(self._send(message), SEND_SECONDS)

    def leave(self) -> None:
        """Return the lane to the pool when its running code has ended, because threads cannot be stopped."""
        if self.departure is not None:
            self.departure.cancel()
        lane, last = self.lane, self.last
        if lane is None:
            return
        self.lane, self.has_left = None, True
        if last is None or last.done():
            self.lanes.free.put_nowait(lane)
            return
        loop = asyncio.get_running_loop()
        last.add_done_callback(lambda _: loop.call_soon_threadsafe(self.lanes.free.put_nowait, lane))


def use_lanes(application: Application, count: int, costly: int, most_waiting: int) -> Application:
    """Wrap an ASGI application: its requests share ``count`` lanes, and costly requests share ``costly`` other lanes.

    If ``most_waiting`` requests already wait for a lane, the next one is refused with 503 and a Retry-After header.
    """
    quick, slow = Lanes(count, "lane"), Lanes(costly, "costly-lane")

    async def admitted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)
        lanes = slow if is_costly(scope) else quick
        if lanes.num_waiting >= most_waiting:
            return await refuse_for_now(scope, send)
        visit = Visit(lanes, receive, send)
        try:
            async with ThreadSensitiveContext(executor=visit):
                await application(scope, visit.receive, visit.send)
        finally:
            visit.leave()
        if visit.is_refused:
            await refuse_for_now(scope, send)

    return admitted


def is_event_stream(start: Message) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(EVENTS) for name, value in start["headers"])


def is_costly(scope: Scope) -> bool:
    return bool(COSTLY.search(scope.get("query_string", b"")) or COSTLY_PATHS.match(scope["path"]))


async def refuse_for_now(scope: Scope, send: Send) -> None:
    message = "The portal is answering as many requests as it can. Try again in a few seconds."
    await refuse(scope, send, 503, "busy", message, headers=[(b"retry-after", b"5")])
