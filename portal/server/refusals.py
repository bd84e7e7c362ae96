"""Refusals before Django, of requests that are not read: as problem details for the API, else as a line of text."""

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from portal import problems
from portal.server import metrics
from portal.server.headers import find_headers


async def refuse(
    scope: MutableMapping[str, Any],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    status: int,
    code: str,
    message: str,
    where: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> None:
    """Refuse a request and close its connection. Programs get the API's problem details. Metrics count the refusal."""
    metrics.RESPONSES.labels(metrics.NO_VIEW, status).inc()
    kind = b"text/plain; charset=utf-8"
    text = message
    if scope["path"].startswith("/api/"):
        text = json.dumps(problems.describe(status, code, message, where or scope["path"], scope["path"]))
        kind = problems.CONTENT_TYPE.encode()
    security = [(name.lower().encode(), value.encode()) for name, value in find_headers().items()]
    sent = [(b"content-type", kind), (b"connection", b"close"), (b"cache-control", b"no-store"), *security, *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": text.encode()})
