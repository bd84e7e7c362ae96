"""Admission: whether this process may claim work.

It may not while its storage lacks the portal's files, or while it is quarantined for wrong results. A host that cannot
play would otherwise fail at once, be free again, and so claim most of the work.
"""

from __future__ import annotations

import logging
import math
import time

from tasks import infrastructure, workers
from tournament import storages
from tournament.models import Installation, Worker

log = logging.getLogger(__name__)

LOOK_SECONDS = 10.0
ANSWER_SECONDS = 1800.0


class LastAdmission:
    """The result of the last check of the storage, and its time."""

    looked = -math.inf
    problem = ""


def may_claim() -> bool:
    """Return whether this process may take work; if not, the status page says why.

    The storage is checked every ``LOOK_SECONDS``. A quarantine is looked up on every call, because every block that a
    quarantined worker plays has to be played again.
    """
    if time.monotonic() - LastAdmission.looked > LOOK_SECONDS or (not LastAdmission.problem and find_quarantine()):
        look()
    return not LastAdmission.problem


def may_play() -> bool:
    """Return whether this process may take work. Every ``ANSWER_SECONDS`` it has to reproduce the known episodes."""
    if time.monotonic() - workers.State.answered > ANSWER_SECONDS:
        workers.check_answers()
        LastAdmission.looked = -math.inf
    return may_claim()


def look() -> None:
    """Check the storage now, and report a new problem or the end of one."""
    before = LastAdmission.problem
    LastAdmission.problem, LastAdmission.looked = find_problem(), time.monotonic()
    if LastAdmission.problem and LastAdmission.problem != before:
        log.error("This process takes no work: %s", LastAdmission.problem)
    if LastAdmission.problem != before:
        workers.tell(LastAdmission.problem)


def find_problem() -> str:
    """Return why this process may take no work; empty if it may."""
    if quarantine := find_quarantine():
        return quarantine
    installation = Installation.objects.first()
    if installation is None:  # No portal was set up yet, so there is no identity to compare with.
        return ""
    try:
        return storages.find_problem(installation.identity)
    except Exception as error:
        if reason := infrastructure.explain(error):
            return reason
        raise


def find_quarantine() -> str:
    """Return why this process is quarantined; empty if it is not."""
    ours = Worker.objects.filter(name=workers.State.name).exclude(quarantine="")
    return ours.values_list("quarantine", flat=True).first() or ""
