"""Leases on rows of work: taken by a conditional update, kept by renewing, fenced by a token that only grows.

All times are of the database's clock, so that those of workers do not matter.
A worker that lost its lease holds an old token, and every update it tries is conditional on the token: it changes
nothing. A waiting row whose `leased_until` lies ahead is not to be taken before then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models import ExpressionWrapper, F, Q, QuerySet

from tasks import connecting
from tournament.clock import Now, ahead
from tournament.interruptions import Interrupted
from tournament.models import (
    Audit,
    AuditState,
    Block,
    BlockState,
    Lease,
    TrainingRun,
    TrainingState,
    Upload,
    UploadState,
)

log = logging.getLogger(__name__)

WAITING: dict[type[Lease], str] = {
    Block: BlockState.WAITING,
    Audit: AuditState.WAITING,
    Upload: UploadState.WAITING,
    TrainingRun: TrainingState.WAITING,
}
HELD: dict[type[Lease], str] = {
    Block: BlockState.LEASED,
    Audit: AuditState.PLAYING,
    Upload: UploadState.CHECKING,
    TrainingRun: TrainingState.TRAINING,
}


class LeaseLost(Interrupted):
    """Somebody else holds the row now, or it was cancelled; nothing may be written to it any more."""


def waiting(model: type[Lease]) -> QuerySet[Any]:
    """Return the rows that can be claimed now."""
    is_due = Q(leased_until=None) | Q(leased_until__lte=Now())
    return model.objects.filter(is_due, state=WAITING[model])  # type: ignore[attr-defined]


def claim(rows: QuerySet[Any], worker: str, along: Iterable[str] = ()) -> Any | None:
    """Take the first of these waiting rows that nobody else is taking; return None if there is none.

    PostgreSQL skips rows that others have locked, so that each worker gets a row of its own at once. SQLite lets one
    transaction write at a time. `along` names related rows to read with it, in one query.
    """
    with transaction.atomic():
        found = rows.select_related(*along) if along else rows
        row = found.annotate(now=Now()).select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return None
        taken = rows.model.objects.filter(pk=row.pk, token=row.token, state=WAITING[rows.model])
        changes = {
            "state": HELD[rows.model],
            "token": row.token + 1,
            "worker": worker,
            "claimed": row.now,
            "leased_until": row.now + timedelta(seconds=settings.ARENA_LEASE_SECONDS),
            "attempts": row.attempts + 1,
        }
        if not taken.update(**changes):
            return None
    row.previous_worker = row.worker
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def _deadline() -> ExpressionWrapper[Any]:
    return ahead(settings.ARENA_LEASE_SECONDS)


def held(row: Lease) -> QuerySet[Any]:
    """Return the row, as long as the lease that `row` was claimed with lasts; nothing afterwards."""
    model = type(row)
    return model.objects.filter(pk=row.pk, token=row.token, state=HELD[model])  # type: ignore[attr-defined]


def write(row: Lease, **changes: Any) -> None:
    """Write to a held row; values may be expressions.

    Raises LeaseLost, having written nothing, if the lease is lost.
    """
    if not held(row).update(**changes):
        raise LeaseLost(f"{row} is no longer ours (token {row.token})")
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)


def give_back(row: Lease, delay: float = 0.0, **changes: Any) -> None:
    """Let others have a held row, not before `delay` seconds from now. Raises LeaseLost."""
    later = ahead(delay) if delay else None
    write(row, state=WAITING[type(row)], leased_until=later, **changes)


def give_back_untried(row: Lease, delay: float = 0.0, **changes: Any) -> None:
    """Let others have a held row as if it had not been claimed: the attempt does not count. Raises LeaseLost."""
    give_back(row, delay, attempts=max(row.attempts - 1, 0), **changes)


def reissue(rows: QuerySet[Any], model: type[Lease]) -> int:
    """Take rows away from whoever holds them and let others have them; return how many."""
    return rows.filter(state=HELD[model]).update(state=WAITING[model], token=F("token") + 1, leased_until=None)


class Keeper:
    """Renews a lease from a thread of its own while its block runs; `is_lost` turns True when the lease is lost.

    The lease is looked at twice a second, so that a cancelled row is noticed soon. It is renewed for at most `limit`
    seconds: after that the work counts as stuck, and others may have it.
    """

    LOOK_SECONDS = 0.5

    def __init__(self, row: Lease, limit: float = 3600.0) -> None:
        self.row = row
        self.is_lost = False
        self._ends = time.monotonic() + limit
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease of {row}", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._stop.set()
        self._thread.join()

    def check(self) -> None:
        """Raises LeaseLost if the lease was lost."""
        if self.is_lost:
            raise LeaseLost(f"{self.row} is no longer ours (token {self.row.token})")

    def _keep(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._stop.wait(self.LOOK_SECONDS) and time.monotonic() < self._ends:
                try:
                    if not held(self.row).exists():
                        self.is_lost = True
                        return
                    if time.monotonic() - renewed > settings.ARENA_LEASE_SECONDS / 3:
                        held(self.row).update(leased_until=_deadline())
                        renewed = time.monotonic()
                except DatabaseError:
                    log.warning("The lease of %s could not be looked at; trying again", self.row, exc_info=True)
                    connecting.drop_broken()
                connecting.release()
        finally:
            connections.close_all()
