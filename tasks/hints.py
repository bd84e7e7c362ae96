"""Hints: messages that wake workers. They say that there is work, not which."""

from __future__ import annotations

import logging
import time

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from tasks.app import QUEUE, app
from tournament.models import Block, BlockState, Upload, UploadState
from tournament.queries import live_workers

log = logging.getLogger(__name__)

TASK = "tasks.work.work"
PATIENCE = 60.0
_complained = -PATIENCE


def send() -> None:
    """Wake workers, once the running transaction is committed. To be called after work was added.

    Never fails: where the broker is away, the sweep sends the hints later.
    """
    transaction.on_commit(top_up)


def top_up() -> int:
    """See to it that as many hints wait as there is work for, at most one a worker. Returns how many were sent."""
    wanted = count_wanted()
    if not wanted:
        return 0
    try:
        with app.pool.acquire(block=True, timeout=2) as connection:
            missing = wanted - connection.default_channel.client.llen(QUEUE)
            for _ in range(missing):
                app.send_task(TASK, connection=connection, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        _complain(error)
        return 0
    return max(missing, 0)


def count_wanted() -> int:
    """How many workers are to be woken: one for each piece of work, all of them where an upload waits.

    One of the workers never checks uploads (`tasks.turns`), and may be the one that takes a hint.
    """
    blocks, uploads = _count_blocks_and_uploads()
    alive = max(live_workers().count(), 1)
    return alive if uploads else min(blocks, alive)


def count_waiting() -> int:
    """How many pieces of work a worker could begin now."""
    return sum(_count_blocks_and_uploads())


def _count_blocks_and_uploads() -> tuple[int, int]:
    is_due = Q(leased_until=None) | Q(leased_until__lte=timezone.now())
    blocks = Block.objects.filter(is_due, state=BlockState.WAITING).order_by().count()
    return blocks, Upload.objects.filter(is_due, state=UploadState.WAITING).order_by().count()


def _complain(error: Exception) -> None:
    """Say at most once a minute that the broker is away."""
    global _complained
    if time.monotonic() - _complained >= PATIENCE:
        _complained = time.monotonic()
        log.warning("The broker does not answer, hints are sent again later: %s", error)
