"""Hints: messages that wake workers. They say that there is work, but not which work."""

from __future__ import annotations

import logging
import time

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tasks import leases
from tasks.app import QUEUE, app
from tournament.models import Audit, Block, Tournament, Upload
from tournament.queries import live_workers

log = logging.getLogger(__name__)

TASK = "tasks.work.work"
PATIENCE = 60.0
_complained = -PATIENCE


def send() -> None:
    """Wake workers once the running transaction is committed. Call this after work was added.

    It never fails: if the broker is away, the sweep sends the hints later.
    """
    transaction.on_commit(top_up)


def top_up() -> int:
    """Send hints until as many wait as there is work for, at most one per worker. Return how many were sent."""
    wanted = count_wanted()
    if not wanted:
        return 0
    try:
        with app.pool.acquire(block=True, timeout=2) as connection:
            missing: int = wanted - connection.default_channel.client.llen(QUEUE)
            for _ in range(missing):
                app.send_task(TASK, connection=connection, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        _complain(error)
        return 0
    return max(missing, 0)


def count_wanted() -> int:
    """Return how many workers to wake: one for each block, or all of them if an upload, audit or preparation waits.

    Not every worker may take an upload or audit (`tasks.turns`, `tasks.auditing`), and any worker may get the hint.
    """
    return count_at_most(max(live_workers().count(), 1))


def count_at_most(most: int) -> int:
    """Return for how many workers there is work, at most ``most``: a large tournament has a hundred thousand blocks."""
    kinds = (leases.waiting(Upload), leases.waiting(Audit), Tournament.objects.filter(num_unwritten__gt=0))
    if any(rows.exists() for rows in kinds):
        return most
    return leases.waiting(Block).order_by()[:most].count()


def _complain(error: Exception) -> None:
    """Log that the broker is away, at most once a minute."""
    global _complained
    if time.monotonic() - _complained >= PATIENCE:
        _complained = time.monotonic()
        log.warning("The broker does not answer, hints are sent again later: %s", error)
