"""Turns of remote agents: long polls that hold no thread and no database connection.

A process with a seat (`portal.api.remotes`) posts the answer to its last turn and waits for the next. Its answer is
forwarded to the worker unread; the worker validates it (`tasks.remotes`).
"""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from portal.server.protocol import Application, Receive, Send
from portal.server.refusals import refuse
from tasks.remotes import KEEP_SECONDS, answers_key, redis_url, turn_key, turns_key

logger = logging.getLogger("django.arena")

PATH = "/api/v1/remote-turns"
WAIT_SECONDS = 20.0
"""Seconds that a request waits for a turn. Then the response is 204, and the process asks again."""
SEAT_SECONDS = 300
"""Seconds without a request after which a seat expires. Its process must then take a new one."""
_MATCH = re.compile(r"[0-9a-f]{32}")


def _session_key(session: str) -> str:
    return f"arena:remote-session:{session}"


def _seat_key(agent: str) -> str:
    return f"arena:remote-seat:{agent}"


def take_seat(agent: str) -> str:
    """Give the seat of an agent to a new session and return the session's secret. The earlier session loses the seat.

    `agent` is the key of the agent's specification.
    """
    session = secrets.token_urlsafe(32)
    with redis.Redis.from_url(redis_url(settings.REDIS_URL), socket_timeout=3.0) as client:
        client.set(_session_key(session), agent, ex=SEAT_SECONDS)
        client.set(_seat_key(agent), session, ex=SEAT_SECONDS)
        client.rpush(turns_key(agent), "")  # wakes the process that held the seat
        client.expire(turns_key(agent), KEEP_SECONDS)
    return session


def serve_turns(application: Application) -> Application:
    """Wrap an ASGI application: answer requests for turns without it."""
    clients: dict[str, Any] = {}

    async def served(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            return await application(scope, receive, send)
        if scope["method"] != "POST":
            return await refuse(scope, send, 405, "method_not_allowed", "Turns are asked for with POST.")
        url = redis_url(settings.REDIS_URL)
        if url not in clients:
            clients[url] = redis.asyncio.Redis.from_url(url, socket_timeout=WAIT_SECONDS + 10)
        try:
            await _answer(clients[url], scope, receive, send)
        except redis.RedisError as error:
            logger.error("Turns of remote agents cannot be passed on: %s", error)
            await refuse(scope, send, 503, "busy", "The portal's broker does not answer. Try again in a few seconds.")

    return served


async def _answer(client: Any, scope: Any, receive: Receive, send: Send) -> None:
    headers = dict(scope["headers"])
    session = headers.get(b"authorization", b"").decode("latin-1").removeprefix("Bearer ")
    agent = await client.get(_session_key(session)) if session else None
    if agent is None:
        return await refuse(scope, send, 410, "seat_forgotten", "This session is not known any more. Take a seat anew.")
    agent = agent.decode()
    if (await client.get(_seat_key(agent)) or b"").decode() != session:
        return await refuse(scope, send, 409, "taken_over", "Another process plays this agent now.")
    await client.expire(_session_key(session), SEAT_SECONDS)
    await client.expire(_seat_key(agent), SEAT_SECONDS)
    content = await _read(receive)
    if content is None:
        return
    match = headers.get(b"x-match", b"").decode("latin-1")
    if content and _MATCH.fullmatch(match):
        await client.rpush(answers_key(match), content)
        await client.expire(answers_key(match), KEEP_SECONDS)
    turn = await _next_turn(client, agent)
    status, kind = (200, b"application/octet-stream") if turn else (204, b"text/plain")
    head = [(b"content-type", kind), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    if turn:
        head.append((b"content-length", str(len(turn)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": turn})


async def _next_turn(client: Any, agent: str) -> bytes:
    """Return the next turn of an agent; empty if there is none in time."""
    found = await client.blpop([turns_key(agent)], WAIT_SECONDS)
    if found is None:
        return b""
    return bytes(await client.get(turn_key(found[1].decode())) or b"")


async def _read(receive: Receive) -> bytes | None:
    """Return the body of a request; None if its client disconnects."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
