"""Outages of the database: the messages of pages and of the API when it is unavailable."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from portal.server.disk import causes

RETRY_SECONDS = 10
TOO_MANY = {"53300", "53400"}
"""PostgreSQL's codes for "too many connections" and "configuration limit exceeded"."""
FULL = ("too many clients", "too many connections", "connection slots are reserved")
"""PostgreSQL's messages for the same, because a failed connection has no code."""
LOST = ("08", "57P")
"""Prefixes of PostgreSQL's codes for lost connections, and for a server that starts or stops."""


def explain(error: BaseException | None) -> str:
    """Return what is wrong with the database and what to do; empty if the error is no outage.

    A query that fails for another reason, such as a missing table, is no outage.
    """
    for one in causes(error):
        state = getattr(one, "sqlstate", None) or ""
        if state in TOO_MANY or any(words in str(one) for words in FULL):
            return _(
                "The portal's database has no free connection. Try again in a moment. If this lasts, the person who "
                "runs the portal can run fewer workers or web threads, or raise max_connections of PostgreSQL."
            )
        if state.startswith(LOST) or (isinstance(one, OperationalError | InterfaceError) and is_connection(str(one))):
            return _(
                "The portal's database does not answer, so nothing can be shown or saved now. Try again in a moment. "
                "Whatever was playing continues once the database is back."
            )
    return ""


def is_connection(message: str) -> bool:
    """Return whether the message of an error is about a connection. Psycopg has no codes for such errors."""
    words = ("connection", "could not connect", "server closed", "no route", "timeout expired", "name resolution")
    return any(word in message.lower() for word in words)
