"""Server-sent events: changes of rows, told to everybody who listens, without a thread or a connection for each.

One task looks after all listeners of a process. Once a second, if the database has changed, it reads each subject that
somebody listens to, once, in a thread of its own. https://html.spec.whatwg.org/multipage/server-sent-events.html
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
"""Seconds without an event after which a comment is sent, so that no proxy takes the connection for dead."""
RETRY_SECONDS = 3
"""Seconds after which a browser that lost the connection opens another."""
RETRY_SECONDS_WITHOUT = 1
"""The same where a server without an event loop, such as a developer's, ends every stream after the present state."""

Subject = Hashable


@dataclass(frozen=True)
class ProgressEvent:
    """The state of a subject, as JSON; the last one where the work is over."""

    data: str
    is_over: bool

    @property
    def id(self) -> str:
        """Equal states have equal names, also in other processes."""
        return blake2b(self.data.encode(), digest_size=9).hexdigest()

    def encode(self) -> bytes:
        kind = "end" if self.is_over else "progress"
        return f"id: {self.id}\nevent: {kind}\ndata: {self.data}\n\n".encode()


Read = Callable[[Subject], ProgressEvent | None]
"""Returns the present state; None where there is no such row any more."""


class TooManyStreams(Exception):
    """Somebody has as many streams open as one may, or all have."""


@dataclass
class Feed:
    """What is known of a subject that somebody listens to. Its listeners wait for ``changed``."""

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
    """The streams of one process. All but `admit` runs in its event loop."""

    def __init__(self) -> None:
        self.feeds: dict[Subject, Feed] = {}
        self.num_open = 0
        self.num_open_by: Counter[str] = Counter()
        self.watcher: asyncio.Task[None] | None = None
        self.thread = ThreadPoolExecutor(1, "events")
        self.version: bytes | None = None

    def admit(self, callers: list[str]) -> None:
        """Raise TooManyStreams where one of the callers, or all together, have enough streams open."""
        if self.num_open >= settings.ARENA_STREAMS:
            raise TooManyStreams("The portal has as many event streams open as it can.")
        if any(self.num_open_by[caller] >= settings.ARENA_STREAMS_EACH for caller in callers):
            raise TooManyStreams(
                f"A user or an address may have {settings.ARENA_STREAMS_EACH} event streams open at once."
            )

    @contextlib.contextmanager
    def joined(self, subject: Subject, read: Read, message: ProgressEvent, callers: list[str]) -> Iterator[Feed]:
        """A subject's feed while somebody listens."""
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
        """Yield the state now, unless it is the one that was ``seen``, and every later one until the work is over."""
        with self.joined(subject, read, message, callers) as feed:
            yield retry(RETRY_SECONDS)
            while (found := feed.message) is not None:
                if found.id != seen:
                    yield found.encode()
                    seen = found.id
                if found.is_over:
                    return
                if feed.message is not found:  # It changed while that was sent.
                    continue
                try:
                    await asyncio.wait_for(asyncio.shield(feed.changed), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"

    async def watch(self) -> None:
        """Look after all feeds until there is none."""
        loop = asyncio.get_running_loop()
        self.version = None
        while self.feeds:
            await asyncio.sleep(POLL_SECONDS)
            feeds = dict(self.feeds)
            reads = {subject: feed.read for subject, feed in feeds.items()}
            for subject, message in (await loop.run_in_executor(self.thread, self.read, reads)).items():
                feeds[subject].publish(message)
            if any(feeds.get(subject) is not feed for subject, feed in self.feeds.items()):
                self.version = None  # Somebody came meanwhile, whose subject may have changed since.

    def read(self, reads: Mapping[Subject, Read]) -> dict[Subject, ProgressEvent | None]:
        """Return each subject's state, in the thread; nothing where the database is as it was, or does not answer."""
        close_old_connections()
        try:
            version = database_version()
            if version is not None and version == self.version:
                return {}
            found = {subject: read(subject) for subject, read in reads.items()}
            self.version = version
            return found
        except Exception:  # Whatever it is, listeners of other subjects go on.
            logger.exception("Progress could not be read; it is told later")
            return {}


hub = Hub()


def retry(seconds: int) -> bytes:
    return f"retry: {1000 * seconds}\n\n".encode()


def answer(subject: Subject, read: Read, request: HttpRequest, callers: list[str]) -> HttpResponseBase:
    """Answer with a subject's states, without the one that the caller has seen; 204 if the work ended with that.

    Raises TooManyStreams, and LookupError where there is no such row.
    """
    message, seen = read(subject), request.headers.get("Last-Event-ID", "")
    if message is None:
        raise LookupError(subject)
    if message.is_over and message.id == seen:
        return HttpResponse(status=204)  # On which browsers stop to ask.
    hub.admit(callers)
    events: Any = [retry(RETRY_SECONDS_WITHOUT), b"" if message.id == seen else message.encode()]
    if isinstance(request, ASGIRequest):
        events = hub.listen(subject, read, message, callers, seen)
    response = StreamingHttpResponse(events, content_type=f"{CONTENT_TYPE}; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would keep events until it has many.
    return response
