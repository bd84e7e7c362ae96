"""Requests behind a proxy that speaks TLS."""

from typing import Any

from portal.lanes import Application


def always_https(application: Application) -> Application:
    """Wrap an ASGI application that is reached over TLS alone, whatever its proxy says of the connection."""

    async def secure(scope: Any, receive: Any, send: Any) -> None:
        await application(scope | {"scheme": "https"} if scope["type"] == "http" else scope, receive, send)

    return secure
