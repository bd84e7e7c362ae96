"""Probes: addresses for monitoring. They are answered before all other middleware, for any host name.

- `/healthz`: this process answers. Nothing else is checked, so that no other outage restarts web servers.
- `/readyz`: the database and the storage answer. While they do not, requests should go elsewhere.
- `/metrics`: metrics for Prometheus, with the token of ARENA_METRICS_TOKEN.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from portal.server import metrics
from tournament import storages
from tournament.models import Installation

log = logging.getLogger(__name__)


class Probes:
    """Middleware that answers the probes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answers = {"/healthz": check_health, "/readyz": check_readiness, "/metrics": show_metrics}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.answers.get(request.path)
        if answer is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        response = answer(request)
        response["Cache-Control"] = "no-store"
        return response


def check_health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def check_readiness(request: HttpRequest) -> HttpResponse:
    """Return whether database and storage answer.

    Reasons of failures are only logged, because the response is public.
    """
    found = {"database": check(ask_database), "storage": check(ask_storage)}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def check(ask: Callable[[], bool]) -> str:
    try:
        return "ok" if ask() else "failing"
    except Exception as error:
        log.warning("A check of readiness failed: %s", error)
        if isinstance(error, DatabaseError):
            connection.close_if_unusable_or_obsolete()
        return "failing"


def ask_database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def ask_storage() -> bool:
    installation = Installation.objects.first()
    return installation is None or not storages.find_problem(installation.identity)


def show_metrics(request: HttpRequest) -> HttpResponse:
    if not metrics.is_allowed(request):
        return HttpResponse(
            "Metrics need the token that ARENA_METRICS_TOKEN sets.\n", status=403, content_type="text/plain"
        )
    return HttpResponse(metrics.write(), content_type=metrics.CONTENT_TYPE)
