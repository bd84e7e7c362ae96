"""The errors that the client raises."""

from __future__ import annotations

from typing import Any

import httpx


class ArenaError(Exception):
    """The base of all errors of the client. `exit_code` is the exit status of the command line."""

    exit_code = 1


class Unreachable(ArenaError):
    """The portal did not answer, even after the retries."""

    exit_code = 5


class WaitedTooLong(ArenaError):
    """The operation that the client waited for did not end in time."""

    exit_code = 7


class Problem(ArenaError):
    """A problem that the portal answered with (RFC 9457).

    `status` is the HTTP status, `code` the kind of problem, `detail` what is wrong and what to do, `where` the first
    invalid parameter or field, `errors` every reason as `{"where", "message"}`.
    """

    exit_code = 1

    def __init__(
        self, status: int, code: str, detail: str, where: str = "", errors: list[dict[str, str]] | None = None
    ):
        super().__init__(detail)
        self.status, self.code, self.detail, self.where = status, code, detail, where
        self.errors = errors or [{"where": where, "message": detail}]

    @classmethod
    def of(cls, response: httpx.Response) -> Problem:
        """Return the problem of a response, as the class that fits its status."""
        body = _read(response)
        error = body.get("error")
        told = error if isinstance(error, dict) else {}
        code = str(body.get("code") or told.get("code") or "error")
        detail = body.get("detail") or told.get("message") or f"The portal answered {response.status_code}."
        where = str(body.get("where") or told.get("where") or "")
        kind = next((kind for kind in (NotFound, Forbidden, Refused) if response.status_code in kind.statuses), cls)
        return kind(response.status_code, code, str(detail), where, body.get("errors"))


class Refused(Problem):
    """The portal refused the request, which has to be changed."""

    exit_code = 3
    statuses = (400, 405, 409, 412, 413, 415, 422, 429)


class NotFound(Problem):
    """The portal has no object of this name or number."""

    exit_code = 4
    statuses = (404,)


class Forbidden(Problem):
    """The token is missing, expired, lacks a scope, or belongs to somebody else."""

    exit_code = 6
    statuses = (401, 403)


def _read(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
