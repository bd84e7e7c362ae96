"""Connections to PostgreSQL: each process of the task floor keeps one, which its threads share.

A thread borrows the connection for a query or a transaction. The threads that renew leases and send heartbeats thus
need no connection of their own. SQLite's connections cost nothing and stay as they are.
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections

WAIT_SECONDS = 20.0
"""Seconds that a thread waits for another to release the connection. A fit of a board holds it for a long time."""


def share_one() -> None:
    """Make this process use one connection from now on. Call this before its first query."""
    facts = connections.settings[DEFAULT_DB_ALIAS]
    if not facts["ENGINE"].endswith("postgresql"):
        return
    connections.close_all()
    pool = {"min_size": 1, "max_size": 1, "timeout": WAIT_SECONDS, "max_lifetime": 24 * 3600.0}
    facts |= {"CONN_MAX_AGE": 0, "OPTIONS": facts["OPTIONS"] | {"pool": pool}}


def release() -> None:
    """Release the connection for other threads, unless this thread is in a transaction."""
    connection = connections[DEFAULT_DB_ALIAS]
    if "pool" in connection.settings_dict["OPTIONS"] and not connection.in_atomic_block:
        connection.close()


def drop_broken() -> None:
    """Close connections that are broken; Django would keep them."""
    close_old_connections()
    release()
