"""Security headers of all responses, and the content security policy of pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.server.middleware import Middleware

View = TypeVar("View", bound=Callable[..., HttpResponse])


def write_policy(*more: str) -> str:
    """Return the content security policy: nothing from other sites, nothing inline, no frames, and the rules `more`."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            *more,
        )
    )


POLICY = write_policy()
EMBED_POLICY = POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
"""The policy of pages that other sites may embed. These pages have no user and change nothing."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def find_headers() -> dict[str, str]:
    """Return the headers for a response that passes no middleware."""
    seconds = settings.SECURE_HSTS_SECONDS
    return HEADERS | ({"Strict-Transport-Security": f"max-age={seconds}"} if seconds else {})


class SecurityHeaders(Middleware):
    """Middleware that adds the headers.

    It is the outermost one, so that it also covers refusals by others, such as for an unknown host.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        if response["Content-Security-Policy"] == EMBED_POLICY:
            del response["X-Frame-Options"]
        return response


def embeddable(view: View) -> View:
    """Decorate a view so that other sites may embed its pages."""

    @wraps(view)
    def framed(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        response.setdefault("Content-Security-Policy", EMBED_POLICY)
        return response

    return framed  # type: ignore[return-value]
