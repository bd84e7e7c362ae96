"""Leases on rows of work: taken by a conditional update, kept by renewal, fenced by a token that only grows.

All times are those of the database's clock, so the workers' clocks do not matter. A worker that lost its lease holds an
old token. Every update is conditional on the token, so such a worker changes nothing. A waiting row whose
`leased_until` lies in the future cannot be claimed before then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

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
L = TypeVar("L", bound=Lease)

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
    """The lease is lost: another worker holds the row, or the work was cancelled. The row must not be written to."""


def waiting(model: type[L]) -> QuerySet[L]:
    """Return the rows that can be claimed now."""
    is_due = Q(leased_until=None) | Q(leased_until__lte=Now())
    return model._default_manager.filter(is_due, state=WAITING[model])


def claim(rows: QuerySet[L], worker: str, along: Iterable[str] = ()) -> L | None:
    """Claim the first of these waiting rows that no other worker is claiming; return None if there is none.

    PostgreSQL skips rows that others have locked, so each worker gets a row of its own at once. SQLite lets one
    transaction write at a time. `along` names related rows that the same query reads.
    """
    with transaction.atomic():
        found = rows.select_related(*along) if along else rows
        row = found.annotate(now=Now()).select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return None
        now: datetime = row.now  # type: ignore[attr-defined]
        taken = rows.model._default_manager.filter(pk=row.pk, token=row.token, state=WAITING[rows.model])
        changes = {
            "state": HELD[rows.model],
            "token": row.token + 1,
            "worker": worker,
            "claimed": now,
            "leased_until": now + timedelta(seconds=settings.ARENA_LEASE_SECONDS),
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


def held(row: L) -> QuerySet[L]:
    """Return a query for the row that is empty once the lease on `row` is lost."""
    model = type(row)
    return model._default_manager.filter(pk=row.pk, token=row.token, state=HELD[model])


def write(row: Lease, **changes: Any) -> None:
    """Change columns of a held row; values may be expressions.

    Raises LeaseLost if the lease is lost; nothing is written then.
    """
    if not held(row).update(**changes):
        raise LeaseLost(f"{row} is no longer ours (token {row.token})")
    for name, value in changes.items():
        if not hasattr(value, "resolve_expression"):
            setattr(row, name, value)


def give_back(row: Lease, delay: float = 0.0, **changes: Any) -> None:
    """Release a held row; it can be claimed again after `delay` seconds. Raises LeaseLost."""
    later = ahead(delay) if delay else None
    write(row, state=WAITING[type(row)], leased_until=later, **changes)


def give_back_untried(row: Lease, delay: float = 0.0, **changes: Any) -> None:
    """Release a held row as if it had not been claimed: the attempt does not count. Raises LeaseLost."""
    give_back(row, delay, attempts=max(row.attempts - 1, 0), **changes)


def reissue(rows: QuerySet[Any], model: type[Lease]) -> int:
    """End the leases on rows, so that they can be claimed again; return how many."""
    return rows.filter(state=HELD[model]).update(state=WAITING[model], token=F("token") + 1, leased_until=None)


class Keeper:
    """Renews a lease from a thread of its own while the block runs; `is_lost` turns True when the lease is lost.

    The thread checks the lease twice a second, so that it notices a cancellation soon. It renews the lease for at most
    `limit` seconds: after that the work counts as stuck, and another worker may claim it.
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
        """Raise LeaseLost if the lease was lost."""
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
