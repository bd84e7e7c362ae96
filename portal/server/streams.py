"""Server-sent events: changes of rows, sent to all listeners without a thread or a database connection for each.

One task serves all listeners of a process. Once a second, if the database has changed, it reads each subject that has
listeners, in its own thread. https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from portal.server.freshness import database_version

logger = logging.getLogger("django.arena")

CONTENT_TYPE = "text/event-stream"
POLL_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 15.0
"""Seconds without an event after which a comment is sent, so that no proxy closes the connection."""
RETRY_SECONDS = 3
"""Seconds after which a browser reconnects."""
RETRY_SECONDS_WITHOUT = 1
"""The same for servers without an event loop, such as runserver, which end every stream after one event."""

Subject = Hashable


@dataclass(frozen=True)
class ProgressEvent:
    """The state of a subject as JSON. If the work is over, it is the last event."""

    data: str
    is_over: bool

    @property
    def id(self) -> str:
        """The id of the event. Equal states have equal ids in all processes."""
        return blake2b(self.data.encode(), digest_size=9).hexdigest()

    def encode(self) -> bytes:
        kind = "end" if self.is_over else "progress"
        return f"id: {self.id}\nevent: {kind}\ndata: {self.data}\n\n".encode()


Read = Callable[[Subject], ProgressEvent | None]
"""Returns the current state of a subject; None if its row no longer exists."""


class TooManyStreams(Exception):
    """One caller, or all together, have the maximum number of open streams."""


@dataclass
class Feed:
    """The last known state of a subject with listeners. They wait for ``changed``."""

    read: Read
    message: ProgressEvent | None
    changed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    num_listeners: int = 0

    def publish(self, message: ProgressEvent | None) -> None:
        if message != self.message:
            self.message, changed = message, self.changed
            self.changed = asyncio.get_running_loop().create_future()
            changed.set_result(None)


class Hub:
    """The streams of one process. All methods except `admit` and `read` run in its event loop."""

    def __init__(self) -> None:
        self.feeds: dict[Subject, Feed] = {}
        self.num_open = 0
        self.num_open_by: Counter[str] = Counter()
        self.watcher: asyncio.Task[None] | None = None
        self.thread = ThreadPoolExecutor(1, "events")
        self.version: bytes | None = None

    def admit(self, callers: list[str]) -> None:
        """Raise TooManyStreams if one of the callers, or all together, have the maximum number of open streams."""
        if self.num_open >= settings.ARENA_STREAMS:
            raise TooManyStreams("The portal has as many event streams open as it can.")
        if any(self.num_open_by[caller] >= settings.ARENA_STREAMS_EACH for caller in callers):
            raise TooManyStreams(
                f"A user or an address may have {settings.ARENA_STREAMS_EACH} event streams open at once."
            )

    @contextlib.contextmanager
    def joined(self, subject: Subject, read: Read, message: ProgressEvent, callers: list[str]) -> Iterator[Feed]:
        """Yield the feed of a subject and count a listener meanwhile."""
        feed = self.feeds.setdefault(subject, Feed(read, message))
        feed.num_listeners += 1
        self.count(callers, 1)
        if self.watcher is None or self.watcher.done():
            self.watcher = asyncio.create_task(self.watch())
        try:
            yield feed
        finally:
            self.count(callers, -1)
            feed.num_listeners -= 1
            if not feed.num_listeners:
                del self.feeds[subject]

    def count(self, callers: list[str], more: int) -> None:
        self.num_open += more
        for caller in callers:
            self.num_open_by[caller] += more
            if not self.num_open_by[caller]:
                del self.num_open_by[caller]

    async def listen(
        self, subject: Subject, read: Read, message: ProgressEvent, callers: list[str], seen: str
    ) -> AsyncIterator[bytes]:
        """Yield the current state, unless its id is ``seen``, and every later state until the work is over."""
        with self.joined(subject, read, message, callers) as feed:
            yield retry(RETRY_SECONDS)
            while (found := feed.message) is not None:
                if found.id != seen:
                    yield found.encode()
                    seen = found.id
                if found.is_over:
                    return
                if feed.message is not found:  # It has changed during the sending.
                    continue
                try:
                    await asyncio.wait_for(asyncio.shield(feed.changed), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"

    async def watch(self) -> None:
        """Update all feeds until there are none."""
        loop = asyncio.get_running_loop()
        self.version = None
        while self.feeds:
            await asyncio.sleep(POLL_SECONDS)
            feeds = dict(self.feeds)
            reads = {subject: feed.read for subject, feed in feeds.items()}
            for subject, message in (await loop.run_in_executor(self.thread, self.read, reads)).items():
                feeds[subject].publish(message)
            if any(feeds.get(subject) is not feed for subject, feed in self.feeds.items()):
                self.version = None  # A new feed, whose subject may have changed since.

    def read(self, reads: Mapping[Subject, Read]) -> dict[Subject, ProgressEvent | None]:
        """Return the state of each subject.

        Return nothing if the database has not changed or does not answer. It runs in the thread.
        """
        close_old_connections()
        try:
            version = database_version()
            if version is not None and version == self.version:
                return {}
            found = {subject: read(subject) for subject, read in reads.items()}
            self.version = version
            return found
        except Exception:  # Listeners of other subjects must go on.
            logger.exception("Progress could not be read; it is told later")
            return {}


hub = Hub()


def retry(seconds: int) -> bytes:
    return f"retry: {1000 * seconds}\n\n".encode()


def answer(subject: Subject, read: Read, request: HttpRequest, callers: list[str]) -> HttpResponseBase:
    """Return a stream of a subject's states, without the state that the caller has seen; 204 if that was the last one.

    Raises TooManyStreams, and LookupError if there is no such row.
    """
    message, seen = read(subject), request.headers.get("Last-Event-ID", "")
    if message is None:
        raise LookupError(subject)
    if message.is_over and message.id == seen:
        return HttpResponse(status=204)  # Browsers then stop reconnecting.
    hub.admit(callers)
    events: Any = [retry(RETRY_SECONDS_WITHOUT), b"" if message.id == seen else message.encode()]
    if isinstance(request, ASGIRequest):
        events = hub.listen(subject, read, message, callers, seen)
    response = StreamingHttpResponse(events, content_type=f"{CONTENT_TYPE}; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # Otherwise, nginx would buffer events.
    return response
