"""The audit log: a row for each change that a user made on the website or with a token."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from portal.models import AuditEntry
from portal.server.middleware import Middleware

READING = ("GET", "HEAD", "OPTIONS")
LEFT_OUT = ("resumable_upload",)
"""Names of URLs whose requests are only parts of a change."""


def is_left_out(match: ResolverMatch, response: HttpResponse) -> bool:
    """Return whether a request is not recorded: it is a part of a change, or it was redirected to the sign-in page."""
    return match.url_name in LEFT_OUT or "login/" in response.get("Location", "")


class AuditLog(Middleware):
    """Middleware that records all successful requests of users that may change something."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = request.user if request.method not in READING else None
        response = self.get_response(request)
        match = request.resolver_match
        if before is None or response.status_code >= 400 or match is None or is_left_out(match, response):
            return response
        user = request.user if request.user.is_authenticated else before
        if user.is_authenticated and user.is_active:
            AuditEntry.objects.create(
                user_id=user.pk,
                username=user.get_username(),
                token=getattr(getattr(request, "token", None), "name", ""),
                action=f"{request.method} {match.view_name}"[:120],
                path=request.path[:200],
                status=response.status_code,
            )
        return response
