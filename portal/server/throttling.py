"""Rate limits for users and IP addresses, counted in Redis by the library ``limits``.

If Redis does not answer, no request is refused; this is counted and logged.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from portal.server.lanes import is_costly
from portal.server.middleware import Middleware
from portal.variables.allowances import read_limits
from portal.views.errors import refuse

logger = logging.getLogger("django.arena")

WORDS = {
    "sign-in": "attempts to sign in",
    "sign-up": "attempts to sign up",
    "mail": "requests for mail",
    "tokens": "new tokens",
    "uploads": "uploads",
    "starts": "new tournaments, trainings, runs and schedules",
    "changes": "changes",
    "files": "large files",
}
PAGES = {
    "sign_in": "sign-in",
    "admin:login": "sign-in",
    **dict.fromkeys(("mfa_authenticate", "account_reauthenticate", "mfa_reauthenticate"), "sign-in"),
    **dict.fromkeys(("account_reset_password", "account_email", "account_email_verification_sent"), "mail"),
    "sign_up": "sign-up",
    "token_create": "tokens",
    "upload_create": "uploads",
    **dict.fromkeys(
        ("tournament_create", "training_create", "psro_create", "schedule_create", "agent_reevaluate"), "starts"
    ),
}
OPERATIONS = {
    **dict.fromkeys(("uploads", "resumable"), "uploads"),
    **dict.fromkeys(("tournaments", "trainings", "psro", "schedules"), "starts"),
}
"""The name of the limit of each operation, by the last segment of its address."""
LOG_SECONDS = 60.0


@dataclass
class Silence:
    """The number of times that Redis did not answer, and the time of the last log message about it."""

    count: int = 0
    logged: float = -math.inf

    def add(self, error: Exception) -> None:
        self.count += 1
        if time.monotonic() - self.logged > LOG_SECONDS:
            self.logged = time.monotonic()
            logger.error("limits are not applied (%d times so far): %s", self.count, error)


silence = Silence()


@cache
def limiter(url: str) -> SlidingWindowCounterRateLimiter:
    address = url.replace("redis+socket://", "redis+unix://").replace("unix://", "redis+unix://", 1)
    address = address.replace("redis+redis+", "redis+")
    more: dict[str, Any] = {} if url.startswith("memory:") else {"socket_timeout": 1, "socket_connect_timeout": 1}
    storage: Any = storage_from_string(address, wrap_exceptions=True, **more)
    return SlidingWindowCounterRateLimiter(storage)


class Throttle(Middleware):
    """Middleware that refuses requests above a rate limit with 429.

    It needs the user, so it comes after the session middleware.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if usage := getattr(request, "usage", None):
            for name, value in usage.headers.items():
                response[name] = value
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        kind = kind_of(request)
        rate = read_limits(settings.ARENA_LIMITS).get(kind) if kind else None
        if rate is None:
            return None
        try:
            usages = [count(rate, kind, who) for who in callers(request)]
        except (StorageError, OSError) as error:
            silence.add(error)
            return None
        tightest = max(usages, key=lambda usage: (usage.is_exceeded, -usage.left, usage.reset))
        request.usage = tightest  # type: ignore[attr-defined]
        return answer(request, kind, rate, tightest.reset) if tightest.is_exceeded else None


def kind_of(request: HttpRequest) -> str:
    """Return the name of the limit for a request; empty if there is none."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        scope = {"path": request.path, "query_string": request.META.get("QUERY_STRING", "").encode()}
        return "files" if is_costly(scope) else ""
    if request.path.startswith("/api/"):
        return OPERATIONS.get(request.path.rstrip("/").rsplit("/", 1)[-1], "changes")
    match = request.resolver_match
    return PAGES.get(match.view_name if match else "", "changes")


def callers(request: HttpRequest) -> list[str]:
    """Return the counted callers of a request: the IP address, and the user or the token."""
    found = [f"address {request.META.get('REMOTE_ADDR', '')}"]
    if request.user.is_authenticated:
        found.append(f"user {request.user.pk}")
    elif "Authorization" in request.headers:
        found.append(f"token {sha256(request.headers['Authorization'].encode()).hexdigest()}")
    return found


@dataclass(frozen=True)
class Usage:
    """The use of a limit: `left` requests remain for the next `reset` seconds."""

    limit: int
    left: int
    reset: float
    is_exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of draft-ietf-httpapi-ratelimit-headers-03, which most clients read."""
        figures = {"Limit": self.limit, "Remaining": self.left, "Reset": math.ceil(self.reset)}
        return {f"RateLimit-{name}": str(figure) for name, figure in figures.items()}


def count(rate: RateLimitItem, kind: str, who: str) -> Usage:
    """Count one more request; return the use of the limit."""
    strategy = limiter(settings.ARENA_LIMITS_STORE or settings.REDIS_URL)
    is_within = strategy.hit(rate, "arena", kind, who)
    stats = strategy.get_window_stats(rate, "arena", kind, who)
    left = max(0, stats.remaining) if is_within else 0
    return Usage(rate.amount, left, max(1.0, stats.reset_time - time.time()), not is_within)


def answer(request: HttpRequest, kind: str, rate: RateLimitItem, wait: float) -> HttpResponse:
    seconds = math.ceil(wait)
    when = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
    span = f"{rate.multiples} {rate.GRANULARITY.name}s" if rate.multiples > 1 else rate.GRANULARITY.name
    message = (
        f"Too many {WORDS[kind]}: at most {rate.amount} in "
        f"{'an' if span == 'hour' else 'a' if rate.multiples == 1 else ''} {span}."
    )
    response = refuse(request, 429, "too_many", f"{' '.join(message.split())} Try again in {when}.")
    response["Retry-After"] = str(seconds)
    response["X-RateLimit-Limit"] = str(rate.amount)
    response["X-RateLimit-Remaining"] = "0"
    return response
