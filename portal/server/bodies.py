"""Limits on request bodies: their size and their time.

Large bodies are read only at the addresses for uploads, and only from users who are signed in or send a token. Every
other body is a form or a JSON document that fits into memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from django.conf import settings
from django.db import close_old_connections
from django.urls import reverse

from portal.server import disk
from portal.server.protocol import Application, Message, Receive, Scope, Send
from portal.server.receiving import FORM_ALLOWANCE, describe_limit
from portal.server.refusals import refuse
from portal.server.uploaders import Uploader, find_uploader

IDLE_SECONDS = 20.0
"""Maximum seconds between two chunks of a body."""
FIRST_SECONDS, SLOWEST = 30.0, 32 * 1024
"""Time limit of a body: these seconds, plus one second per this number of bytes of its size limit."""

Find = Callable[[Scope], Uploader]


class Unreadable(Exception):
    """A body that is not read to its end, with the status, code and message of the response."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def limit_body(application: Application, find: Find = find_uploader) -> Application:
    """Wrap an ASGI application: refuse bodies that are too large, too slow or anonymous, before Django stores them."""
    door = ThreadPoolExecutor(1, "door")

    async def limited(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await application(scope, receive, send)
        uploads = has_body(scope) and takes_files(scope)
        limit = (settings.ARENA_UPLOAD_LIMIT if uploads else settings.DATA_UPLOAD_MAX_MEMORY_SIZE) + FORM_ALLOWANCE
        body = Body(receive, send, limit, uploads)
        try:
            if declared_length(scope) > limit:
                raise body.too_large()
            if uploads:
                if refusal := disk.refuse_upload(declared_length(scope) or limit):
                    raise Unreadable(507, "disk_full", refusal)
                uploader = await asyncio.get_running_loop().run_in_executor(door, at_the_door, find, scope)
                if not uploader.is_welcome:
                    return await turn_away(scope, send, uploader)
            await application(scope, body.receive, body.send)
        except Unreadable as refusal:
            body.refusal = refusal
        except OSError as error:
            if body.has_answered or not disk.is_full(error):
                raise
            body.refusal = Unreadable(507, "disk_full", str(disk.FULL))
        if body.refusal and not body.has_answered:
            await refuse(
                scope, send, body.refusal.status, body.refusal.code, str(body.refusal), "file" if uploads else ""
            )

    return limited


def at_the_door(find: Find, scope: Scope) -> Uploader:
    """Find the uploader in a dedicated thread, whose database connection is closed here when it is too old."""
    close_old_connections()
    return find(scope)


class Body:
    """The body of one request. Its bytes and its time are counted while it is received."""

    def __init__(self, receive: Receive, send: Send, limit: int, is_upload: bool) -> None:
        self._receive, self._send, self.limit, self.is_upload = receive, send, limit, is_upload
        self.deadline = time.monotonic() + FIRST_SECONDS + limit / SLOWEST
        self.received = 0
        self.is_complete = self.has_answered = False
        self.refusal: Unreadable | None = None

    async def receive(self) -> Message:
        if self.is_complete:
            return await self._receive()
        try:
            left = min(IDLE_SECONDS, self.deadline - time.monotonic())
            message = await asyncio.wait_for(self._receive(), max(left, 0.0))
        except TimeoutError:
            return self.refuse(
                Unreadable(408, "too_slow", "The request came too slowly and was not read. Send it again.")
            )
        self.received += len(message.get("body", b""))
        self.is_complete = not message.get("more_body")
        if self.received > self.limit:
            return self.refuse(self.too_large())
        return message

    def refuse(self, refusal: Unreadable) -> Message:
        """Make the application drop the request. Its response is not sent."""
        self.refusal, self.is_complete = refusal, True
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.refusal is None:
            self.has_answered = True
            await self._send(message)

    def too_large(self) -> Unreadable:
        if self.is_upload:
            sentence = (
                f"The file is larger than this portal accepts ({describe_limit()}). Upload only the checkpoint itself."
            )
        else:
            sentence = (
                "That is more than a form may send, files apart: at most 1 MiB. Files are taken at /uploads/new/ alone."
            )
        return Unreadable(413, "too_large", sentence)


def takes_files(scope: Scope) -> bool:
    """Return whether an address accepts files: the upload page, the API's upload, and resumable uploads."""
    uploads = reverse("api:openapi-json").replace("openapi.json", "uploads")
    path = scope["path"]
    return path in (reverse("upload_create"), uploads) or (
        scope["method"] == "PATCH" and path.startswith(f"{uploads}/resumable/")
    )


def has_body(scope: Scope) -> bool:
    return scope["method"] not in ("GET", "HEAD", "OPTIONS")


def declared_length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def turn_away(scope: Scope, send: Send, uploader: Uploader) -> None:
    """Refuse a file without reading it. Browsers that are not signed in are redirected to the sign-in page."""
    if uploader.status == 401 and not scope["path"].startswith("/api/"):
        there = f"{reverse('sign_in')}?next={quote(scope['path'])}".encode()
        await refuse(scope, send, 302, uploader.code, uploader.message, headers=[(b"location", there)])
        return
    more = [(b"retry-after", str(uploader.retry_after).encode())] if uploader.retry_after else []
    await refuse(scope, send, uploader.status, uploader.code, uploader.message, uploader.where, more)
