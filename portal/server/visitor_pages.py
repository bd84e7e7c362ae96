"""A cache of pages for visitors who are not signed in. Pages are valid until the database changes.

Views whose pages are the same for all visitors have the decorator ``@kept_for_visitors``. A cached page is never stale,
since any change of any row invalidates it. It never has another user's data, since requests with a session, a token or
messages bypass the cache.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import wraps
from hashlib import blake2b
from typing import Any, TypeVar, cast

from cachetools import LRUCache
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.translation import get_language_from_request

from portal.server.freshness import database_version

MOST_BYTES = 32 * 1024 * 1024
"""Maximum bytes of pages in the cache of a process. The least recently used pages are dropped first."""
LOCKS = 64
"""Number of locks that all addresses share. They let only one thread at a time render a page."""

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Kept:
    """A cached response with its version of the database and its expiry."""

    version: bytes
    until: float
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + 1024


def kept_for_visitors(seconds: float) -> Callable[[View], View]:
    """Mark a view whose response depends only on the address and the database, and may be ``seconds`` old."""

    def mark(view: View) -> View:
        @wraps(view)
        def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            request.keep_seconds = seconds  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return cast(View, marked)

    return mark


class VisitorPages:
    """Middleware that caches the compressed responses of marked views in the memory of the process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.pages: LRUCache[Hashable, Kept] = LRUCache(MOST_BYTES, getsizeof=lambda kept: kept.size)
        self.lock = threading.Lock()
        self.rendering = [threading.Lock() for _ in range(LOCKS)]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = key_of(request)
        if key is None:
            return self.get_response(request)
        if found := self.find(key, database_version()):
            return answer(request, found)
        if not self.knows(key):  # The page may not be cacheable, so no thread waits for the first rendering.
            return self.render(request, key, database_version())
        with self.rendering[hash(key) % LOCKS]:
            version = database_version()
            return answer(request, found) if (found := self.find(key, version)) else self.render(request, key, version)

    def find(self, key: Hashable, version: bytes | None) -> Kept | None:
        with self.lock:
            kept = self.pages.get(key)
        return kept if kept and kept.version == version and time.monotonic() < kept.until else None

    def knows(self, key: Hashable) -> bool:
        with self.lock:
            return key in self.pages

    def render(self, request: HttpRequest, key: Hashable, version: bytes | None) -> HttpResponse:
        """Render the page and cache it.

        The version was read before, so a change during the rendering invalidates the page.
        """
        response = self.get_response(request)
        seconds = getattr(request, "keep_seconds", None)
        if seconds is None or version is None or not is_for_all(response):
            return response
        response.setdefault("ETag", f'W/"{blake2b(response.content, digest_size=12).hexdigest()}"')
        kept = Kept(
            version, time.monotonic() + seconds, response.status_code, tuple(response.items()), response.content
        )
        if kept.size < MOST_BYTES // 4:
            with self.lock:
                self.pages[key] = kept
        return response


def key_of(request: HttpRequest) -> Hashable | None:
    """Return everything but the database that the response depends on; None if it may depend on the user."""
    if request.method not in ("GET", "HEAD") or "Authorization" in request.headers:
        return None
    if settings.SESSION_COOKIE_NAME in request.COOKIES or "messages" in request.COOKIES:
        return None
    language = get_language_from_request(request)
    encoding = "gzip" in request.headers.get("Accept-Encoding", "")
    part = (request.headers.get("HX-Request", ""), request.headers.get("HX-Target", ""))
    return (
        request.method,
        request.scheme,
        request.headers.get("Host"),
        request.get_full_path(),
        language,
        encoding,
        part,
    )


def is_for_all(response: HttpResponse) -> bool:
    """Return whether other visitors may get the same response."""
    return response.status_code == 200 and not response.streaming and not response.cookies


def answer(request: HttpRequest, kept: Kept) -> HttpResponse:
    """Return the cached response, or 304 if the browser already has it."""
    headers = dict(kept.headers)
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers={"ETag": headers["ETag"], "Vary": headers.get("Vary", "Cookie")})
    return HttpResponse(kept.body, status=kept.status, headers=headers)
