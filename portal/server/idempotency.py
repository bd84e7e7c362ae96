"""Idempotent requests: with a header ``Idempotency-Key``, a repeated request creates nothing twice.

The response to the first request is stored in the transaction that creates the row, so both exist or neither does. A
repeated request gets the stored response. (The header is defined in draft-ietf-httpapi-idempotency-key-header of the
IETF.)
"""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.models import ApiToken, StoredAnswer
from portal.server.middleware import Middleware
from portal.server.receiving import was_too_large
from portal.views.errors import refuse

HEADER = "Idempotency-Key"
MOST_LETTERS = 200
KEPT_FOR = timedelta(days=7)
STORED = (200, 201, 204)
KEPT_HEADERS = ("Content-Type", "Location")
WRONG_KEY = (
    f"{HEADER} must have 1 to {MOST_LETTERS} printable ASCII characters. Send a new random UUID for each request."
)
REUSED = (
    f"This {HEADER} was sent before with another request. Send a new key for a new request, and the same key only to "
    f"repeat one."
)


class Idempotency(Middleware):
    """Middleware that answers a repeated POST to the API with the first response.

    It comes last, because it calls the view itself.
    """

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        key = request.headers.get(HEADER)
        if key is None or request.method != "POST" or not request.path.startswith("/api/"):
            return None
        if not 1 <= len(key) <= MOST_LETTERS or not key.isascii() or not key.isprintable():
            return refuse(request, 400, "invalid", WRONG_KEY)
        user = find_user(request)
        if user is None:
            return None  # The operation refuses the request.
        digest = digest_of(request)
        if was_too_large(request):
            return None
        forget_old(user)
        with transaction.atomic():
            stored, is_first = StoredAnswer.objects.get_or_create(user=user, key=key, defaults={"request": digest})
            if not is_first:
                return repeat(request, stored, digest)
            answer: HttpResponse = view(request, *args, **kwargs)
            if answer.status_code >= 400:
                transaction.set_rollback(True)
            elif answer.status_code in STORED and not answer.streaming:
                keep(stored, answer)
            else:
                stored.delete()
            return answer


def find_user(request: HttpRequest) -> Any:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    token = ApiToken.find(key.strip()) if kind.lower() == "bearer" else None
    return token and token.user


def digest_of(request: HttpRequest) -> str:
    """Return a digest of the content of a request.

    The boundaries of multipart forms are left out, because clients choose new ones each time.
    """
    said: list[Any] = [request.method, request.get_full_path()]
    said += [request.headers.get(name, "") for name in ("Upload-Length", "Upload-Metadata")]
    if request.content_type == "multipart/form-data":
        said.append(sorted(request.POST.lists()))
        files: Any = request.FILES
        said.append([(name, file.name, file.size, getattr(file, "sha256", "")) for name, file in files.items()])
    else:
        said.append(sha256(request.body).hexdigest())
    return sha256(json.dumps(said).encode()).hexdigest()


def repeat(request: HttpRequest, stored: StoredAnswer, digest: str) -> HttpResponse:
    """Return the stored response, or a refusal if the key belongs to another request."""
    if stored.request != digest:
        return refuse(request, 422, "key_reused", REUSED)
    return HttpResponse(
        bytes(stored.body), status=stored.status, headers=stored.headers | {"Idempotent-Replayed": "true"}
    )


def keep(stored: StoredAnswer, answer: HttpResponse) -> None:
    stored.status, stored.body = answer.status_code, answer.content
    stored.headers = {name: answer[name] for name in KEPT_HEADERS if name in answer}
    stored.save()


def forget_old(user: Any) -> None:
    """Delete a user's expired responses."""
    StoredAnswer.objects.filter(user=user, created__lt=timezone.now() - KEPT_FOR).delete()
