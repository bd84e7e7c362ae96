"""Errors of the API. All have the same schema, problem details (`portal.problems`)."""

import re
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from mate.errors import UserError
from portal import problems
from portal.people.quotas import QuotaExceeded
from portal.problems import Reasons
from tournament.refusals import RequestRefused


class Refusal(UserError):
    """A refusal with a status and a code; `where` names the wrong parameter or field."""

    def __init__(self, status: int, code: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.where = status, code, where


CODES = {400: "bad_request", 403: "not_yours", 404: "not_found", 405: "wrong_method", 413: "too_large"}


NO_JSON = "The body could not be read as JSON. Send one JSON object in UTF-8, with Content-Type: application/json."
NO_TOKEN = "This needs a token: send the header 'Authorization: Bearer TOKEN' with one from your account page."
UNKNOWN_TOKEN = "This token is not known here: it was revoked, or is incomplete. Make another on your account page."
PYDANTIC_PREFIX = "Value error, "
"""What Pydantic puts before the message of a ValueError."""
LISTS = {
    "Agent": "agents",
    "Scenario": "scenarios",
    "Tournament": "tournaments",
    "Schedule": "schedules",
    "Pairing": "pairings",
    "TrainingRun": "trainings",
    "PsroRun": "psro",
}
WORDS = {"TrainingRun": "training", "PsroRun": "PSRO run", "PsroIteration": "solved iteration"}


def name_place(location: Sequence[Any]) -> str:
    """Return the name of a parameter or field as the caller wrote it, without the prefixes that ninja adds."""
    kind, *path = location
    return ".".join(str(part) for part in (path[1:] if kind == "body" and len(path) > 1 else path)) or str(kind)


def describe_missing(message: str) -> str:
    """Return Django's message about a missing row as a sentence that says where to find the existing rows."""
    found = re.fullmatch(r"No (\w+) matches the given query\.", message)
    if found is None:
        return message or "There is nothing at this address."
    there = LISTS.get(found[1])
    return f"There is no such {WORDS.get(found[1], found[1].lower())} here." + (
        f" GET /api/v1/{there} lists them." if there else ""
    )


def register(api: NinjaAPI) -> None:
    """Register a handler for each kind of error."""

    def answer(
        request: HttpRequest, status: int, code: str, message: str, where: str = "", reasons: Reasons = ()
    ) -> HttpResponse:
        body = problems.describe(status, code, message, where, request.path, reasons)
        return JsonResponse(body, status=status, content_type=problems.CONTENT_TYPE)

    @api.exception_handler(UserError)
    def on_user_error(request: HttpRequest, error: UserError) -> HttpResponse:
        if isinstance(error, Refusal):
            return answer(request, error.status, error.code, str(error), error.where)
        if isinstance(error, QuotaExceeded):
            return answer(request, error.status, error.code, str(error))
        if isinstance(error, RequestRefused):  # All reasons, and the field of the first.
            message = str(error) if len(error.problems) == 1 else error.with_fields
            return answer(request, 409, "refused", message, error.problems[0][0], error.problems)
        return answer(request, 409, "refused", str(error))

    @api.exception_handler(ValidationError)
    def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        where = [name_place(problem["loc"]) for problem in error.errors]
        sentences = [str(problem["msg"]).removeprefix(PYDANTIC_PREFIX) for problem in error.errors]
        reasons = list(zip(where, sentences, strict=True))
        message = "; ".join(f"{place}: {sentence}" for place, sentence in reasons)
        return answer(request, 422, "invalid", message, where[0] if where else "", reasons)

    @api.exception_handler(AuthenticationError)
    def on_unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        has_one = request.headers.get("Authorization", "").lower().startswith("bearer ")
        return answer(request, 401, "token_needed", UNKNOWN_TOKEN if has_one else NO_TOKEN, "Authorization")

    @api.exception_handler(PermissionDenied)
    def on_denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
        return answer(request, 403, "not_yours", str(error) or "Only the owner or an administrator can do that.")

    @api.exception_handler(Http404)
    def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return answer(request, 404, "not_found", describe_missing(str(error)), request.path)

    @api.exception_handler(HttpError)
    def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        message = NO_JSON if "parse request body" in str(error) else str(error)
        return answer(request, error.status_code, CODES.get(error.status_code, "error"), message)
