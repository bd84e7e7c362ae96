"""The web application, for an ASGI server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django_application = get_asgi_application()

from portal.receiving import limit_body  # noqa: E402  (settings are needed first)

application = limit_body(django_application)
