"""Authentication of uploads before the file is read: by session or by token."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore

from portal.api.errors import NO_TOKEN, UNKNOWN_TOKEN
from portal.models import ApiToken
from portal.people.quotas import bytes_allowed
from portal.server.incoming import bytes_of


@dataclass(frozen=True)
class Uploader:
    """The user of an upload (status 200), or the refusal."""

    user: Any = None
    status: int = 200
    code: str = ""
    message: str = ""
    where: str = ""
    retry_after: int = 0

    @property
    def is_welcome(self) -> bool:
        return self.status == 200


def find_uploader(scope: MutableMapping[str, Any]) -> Uploader:
    """Return the uploader of a request. The API checks the scope of a token later."""
    headers = dict(scope["headers"])
    if scope["path"].startswith("/api/"):
        return bound(find_holder(headers.get(b"authorization", b"").decode("latin1")))
    return bound(find_visitor(headers.get(b"cookie", b"").decode("latin1")))


def find_holder(authorization: str) -> Uploader:
    kind, _, key = authorization.partition(" ")
    if kind.lower() != "bearer":
        return Uploader(status=401, code="token_needed", message=NO_TOKEN, where="Authorization")
    token = ApiToken.find(key.strip())
    if token is None:
        return Uploader(status=401, code="token_needed", message=UNKNOWN_TOKEN, where="Authorization")
    return Uploader(token.user)


def find_visitor(cookies: str) -> Uploader:
    try:
        cookie = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        cookie = None
    request: Any = SimpleNamespace(session=SessionStore(cookie.value if cookie else None))
    user = auth.get_user(request) if cookie else None
    if user is None or not user.is_authenticated:
        return Uploader(status=401, code="sign_in", message="Sign in before you upload a file.")
    return Uploader(user)


def bound(uploader: Uploader) -> Uploader:
    """Return the uploader, or a refusal if the user's files have reached the limit of bytes."""
    if uploader.user is None or uploader.user.is_staff:
        return uploader
    held = bytes_of(uploader.user)
    most = bytes_allowed(uploader.user)
    if most is None or held < most:
        return uploader
    message = (
        f"Your uploads take {held / 2**30:.1f} GiB, and you may have {most / 2**30:g} GiB here. Ask the administrator."
    )
    return Uploader(uploader.user, 403, "quota", message, "file")
