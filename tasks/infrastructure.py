"""Errors of the infrastructure: the database or the storage does not answer, or a disk is full. They cost no attempt.

Nothing is wrong with the work, and another worker could not do it either. So the worker waits, and says so on the
status page.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.db import InterfaceError, OperationalError
from redis.exceptions import RedisError

from tasks import connecting, leases, workers
from tournament.models import Lease

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
DELAY_SECONDS = 10.0
"""Seconds before work that met such an error can be claimed again."""
COMPLAIN_SECONDS = 60.0
FULL = {errno.ENOSPC, errno.EDQUOT}
AWAY = {
    *(errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOTCONN, errno.ENODEV, errno.EMFILE, errno.ENFILE),
    *(errno.ECONNREFUSED, errno.ECONNRESET, errno.ETIMEDOUT, errno.ENETUNREACH, errno.EHOSTUNREACH),
}
STORAGE = ("botocore", "boto3", "s3transfer", "urllib3")
"""Packages whose exceptions come from the storage."""
_complained: dict[str, float] = {}


def explain(error: BaseException | None) -> str:
    """Return what is wrong with the infrastructure; empty if the error has another cause."""
    return next(filter(None, map(_explain_one, _causes(error))), "")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _explain_one(error: BaseException) -> str:
    if isinstance(error, OperationalError | InterfaceError):
        if getattr(error.__cause__, "sqlstate", None) == "53100" or "is full" in str(error):
            return "The disk of the database is full."
        return "The database does not answer."
    if isinstance(error, RedisError):
        return "Redis does not answer."
    if isinstance(error, OSError) and error.errno in FULL:
        return "The disk of this machine is full."
    if isinstance(error, OSError) and error.errno in AWAY:
        return f"The files cannot be reached: {error.strerror}."
    if type(error).__module__.split(".")[0] in STORAGE:
        return f"The storage of files does not answer: {type(error).__name__}."
    return ""


def insist(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Repeat a call until it meets no error of the infrastructure; return its result.

    Raises `workers.Stopping` if the worker is asked to end meanwhile, and every other error at once.
    """
    while True:
        try:
            return act(*arguments, **named)
        except Exception as error:
            if not (reason := explain(error)):
                raise
            complain(reason, error)
        connecting.drop_broken()
        workers.check_stopping()
        time.sleep(PAUSE_SECONDS)


def unless_lost(act: Callable[..., None], row: Lease, *arguments: Any, **changes: Any) -> None:
    """Change a row that this worker holds; do nothing if the lease is lost or the worker is asked to end."""
    try:
        insist(act, row, *arguments, **changes)
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except workers.Stopping:
        log.warning("%s could not be given back before the end; its lease runs out", row)


def note_success() -> None:
    """Report that the worker no longer waits for the infrastructure."""
    if workers.State.trouble:
        workers.tell("")


def complain(reason: str, error: BaseException) -> None:
    """Report a problem: on the status page without addresses, and in the log with them, at most once a minute."""
    workers.State.trouble = reason
    if time.monotonic() - _complained.get(reason, -COMPLAIN_SECONDS) >= COMPLAIN_SECONDS:
        _complained[reason] = time.monotonic()
        log.warning("%s Work waits for it: %s", reason, error)
