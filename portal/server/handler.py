"""Django's request handler. It runs all middleware and views in one thread, and the server sends the files."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from portal.server.headers import find_headers

PATHSEND = "http.response.pathsend"


class Handler(ASGIHandler):
    """Runs a whole request in one thread.

    Every middleware and view here is synchronous. Django's own handler would switch between the event loop and a thread
    at every middleware that can also be asynchronous.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response)(request)

    def create_request(self, scope: Any, body_file: Any) -> tuple[Any, Any]:
        """Read a request.

        If it is malformed, the response passes no middleware, so it gets its security headers here.
        """
        request, refusal = super().create_request(scope, body_file)
        if refusal is not None:
            for name, value in find_headers().items():
                refusal.headers.setdefault(name, value)
        return request, refusal

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        sends_files = PATHSEND in (scope.get("extensions") or {})
        await super().handle(scope, receive, FileSender(send) if sends_files else send)

    async def send_response(self, response: HttpResponseBase, send: Any) -> None:
        """Send a response. The server sends a file directly from the disk."""
        path = getattr(getattr(response, "file_to_stream", None), "name", None)
        if isinstance(send, FileSender) and isinstance(response, FileResponse) and isinstance(path, str):
            return await send.send_file(response, path)
        await super().send_response(response, send)


class FileSender:
    """The ASGI ``send`` of a server that can send files itself."""

    def __init__(self, send: Any) -> None:
        self.send = send

    async def __call__(self, message: Any) -> None:
        await self.send(message)

    async def send_file(self, response: FileResponse, path: str) -> None:
        headers = [(name.lower().encode("ascii"), value.encode("latin1")) for name, value in response.items()]
        await self.send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        await self.send({"type": PATHSEND, "path": path})
