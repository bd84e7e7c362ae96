"""What can go wrong between a program and a portal."""

from __future__ import annotations

from typing import Any

import httpx


class ArenaError(Exception):
    """Anything that the client raises. `exit_code` is the command line's."""

    exit_code = 1


class Unreachable(ArenaError):
    """The portal did not answer, also after the retries."""

    exit_code = 5


class WaitedTooLong(ArenaError):
    """What was waited for has not ended in time."""

    exit_code = 7


class Problem(ArenaError):
    """A problem that the portal answered with (RFC 9457).

    `status` is the HTTP status, `code` the kind of problem, `detail` what is wrong and what to do, `where` the first
    parameter or field that is wrong, `errors` every reason as `{"where", "message"}`.
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
    """The portal refused the request: it has to be changed."""

    exit_code = 3
    statuses = (400, 405, 409, 412, 413, 415, 422, 429)


class NotFound(Problem):
    """There is nothing of this name or number."""

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
