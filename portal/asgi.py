"""The web application, for an ASGI server."""

import multiprocessing
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402
from granian.utils.proxies import wrap_asgi_with_proxy_headers  # noqa: E402

from portal.bodies import limit_body  # noqa: E402
from portal.handling import Handler  # noqa: E402
from portal.lanes import use_lanes  # noqa: E402
from portal.secure import always_https  # noqa: E402
from portal.storage import keep_readable  # noqa: E402

if (server := multiprocessing.parent_process()) is not None and sys.platform == "linux":
    # A process of the web server ends with the server, whatever ended that.
    from portal.launcher.children import bind_to_parent

    bind_to_parent(server.pid or 0)()

held = keep_readable()
application = limit_body(use_lanes(Handler(), settings.ARENA_WEB_THREADS, 1, settings.ARENA_WEB_WAITING))
if settings.IS_HTTPS:
    application = always_https(application)
if settings.FORWARDED_ALLOW_IPS:
    application = wrap_asgi_with_proxy_headers(application, settings.FORWARDED_ALLOW_IPS)
