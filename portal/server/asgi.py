"""The web application, for an ASGI server."""

import multiprocessing
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from granian.utils.proxies import wrap_asgi_with_proxy_headers  # noqa: E402

from portal.server.bodies import limit_body  # noqa: E402
from portal.server.disk import keep_readable  # noqa: E402
from portal.server.handler import Handler  # noqa: E402
from portal.server.lanes import use_lanes  # noqa: E402
from portal.server.protocol import Application  # noqa: E402
from portal.server.remotes import serve_turns  # noqa: E402

if (server := multiprocessing.parent_process()) is not None and sys.platform == "linux":
    # A process of the web server ends with the server, however the server ended.
    from portal.launcher.children import bind_to_parent

    bind_to_parent(server.pid or 0)()


def always_https(application: Application) -> Application:
    """Wrap an application so that all its requests count as HTTPS, whatever the proxy's headers say."""

    async def secure(scope: Any, receive: Any, send: Any) -> None:
        await application(scope | {"scheme": "https"} if scope["type"] == "http" else scope, receive, send)

    return secure


held = keep_readable()
pages = use_lanes(Handler(), settings.ARENA_WEB_THREADS, 1, settings.ARENA_WEB_WAITING)
application = limit_body(serve_turns(pages))
if settings.IS_HTTPS:
    application = always_https(application)
if settings.FORWARDED_ALLOW_IPS:
    application = wrap_asgi_with_proxy_headers(application, settings.FORWARDED_ALLOW_IPS)
