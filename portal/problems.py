"""Errors of the API in the format of RFC 9457 (Problem Details for HTTP APIs)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CONTENT_TYPE = "application/problem+json"
ADDRESS = "/api/v1/problems/"
"""Prefix of the field `type` of a problem. With the code appended, it is the address of an explanation."""


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its HTTP statuses and its meaning."""

    statuses: tuple[int, ...]
    title: str | Promise


KINDS: dict[str, Kind] = {
    "refused": Kind((409,), _("The request was refused")),
    "bad_request": Kind((400,), _("The request could not be read")),
    "no_file": Kind((400,), _("The file is missing")),
    "empty_file": Kind((400,), _("The file is empty")),
    "invalid": Kind((400, 422), _("A parameter or field is invalid")),
    "token_needed": Kind((401,), _("A token is needed")),
    "token_expired": Kind((401,), _("The token has expired")),
    "not_yours": Kind((403,), _("Only the owner or an administrator may do this")),
    "scope_needed": Kind((403,), _("The token lacks a scope")),
    "quota": Kind((403, 409), _("A quota of yours is used up")),
    "not_found": Kind((404,), _("There is nothing at this address")),
    "not_rated_yet": Kind((404,), _("Nothing has been rated yet")),
    "wrong_method": Kind((405,), _("This address does not support the method")),
    "too_slow": Kind((408,), _("The request came too slowly")),
    "cannot_replay": Kind((409,), _("The episode cannot be played again")),
    "wrong_offset": Kind((409,), _("The bytes do not continue the upload")),
    "too_large": Kind((413,), _("The request is too large")),
    "wrong_type": Kind((415,), _("The content type is not supported")),
    "wrong_version": Kind((412,), _("The protocol version is not supported")),
    "key_reused": Kind((422,), _("The idempotency key belongs to another request")),
    "too_many_uploads": Kind((429,), _("Too many open uploads")),
    "too_many_streams": Kind((429,), _("Too many open event streams")),
    "too_many_replays": Kind((429,), _("Too many waiting replays")),
    "too_many": Kind((429,), _("Too many requests")),
    "our_mistake": Kind((500,), _("The portal made a mistake")),
    "busy": Kind((503,), _("The portal is busy")),
    "unavailable": Kind((503,), _("The database is not available")),
    "disk_full": Kind((507,), _("The disk of the portal is full")),
    "error": Kind((), _("The request failed")),
}
"""Kinds by code. A code is stable; titles and details may be reworded and translated."""

Reasons = Sequence[tuple[str, str]]
"""Several reasons, each as (parameter or field, sentence)."""


def describe(
    status: int, code: str, message: str, where: str = "", instance: str = "", reasons: Reasons = ()
) -> dict[str, Any]:
    """Return the body of a problem. `error` repeats it in the form of the API's first release."""
    kind = KINDS.get(code, KINDS["error"])
    listed = reasons or [(where, message)]
    return {
        "type": ADDRESS + (code if code in KINDS else "error"),
        "title": str(kind.title),
        "status": status,
        "detail": message,
        "instance": instance,
        "code": code,
        "where": where,
        "errors": [{"where": place, "message": sentence} for place, sentence in listed],
        "error": {"code": code, "message": message, "where": where},
    }
