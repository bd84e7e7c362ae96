"""Identities of worker processes, their heartbeats, and their current work."""

from __future__ import annotations

import gc
import logging
import math
import os
import platform
import signal
import threading
import time
from typing import Any

from celery.signals import celeryd_after_setup, celeryd_init, worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from tasks import answers, connecting, identity, leases
from tournament import leaderboards, warm
from tournament.clock import Now
from tournament.interruptions import Interrupted
from tournament.models import Worker

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
STOP_SECONDS = 5.0
"""Maximum seconds that the end of a worker waits for a heartbeat in progress."""


class Stopping(Interrupted):
    """The worker was asked to end; it releases its leases."""


class State:
    """The state of this worker process."""

    name = identity.make_name(f"{platform.node()}:{os.getpid()}")
    doing = ""
    answered = -math.inf
    """Time at which it last played the known episodes, by its monotonic clock."""
    trouble = ""
    """The problem of the infrastructure that it waits for."""
    clock_error = 0.0
    """Seconds by which its clock is ahead of the database's."""
    is_stopping = False
    has_played = False
    """Whether it has played a block."""
    facts: dict[str, object] = {}
    """Further columns of its row."""
    stop = threading.Event()
    heart: threading.Thread | None = None
    """The thread that sends heartbeats."""


def do(what: str) -> None:
    """Report what the worker does now, at once and with each heartbeat."""
    State.doing = what[:200]
    beat()


def rest() -> None:
    """Report that the worker waits for work."""
    if State.doing:
        do("")


def tell(trouble: str) -> None:
    """Report a problem that the worker waits for, at once; empty when the problem is over."""
    State.trouble = trouble
    beat()


def beat() -> None:
    """Send a heartbeat: record in the database that the worker is alive."""
    told: dict[str, Any] = {
        "seen": Now(), "doing": State.doing, "trouble": State.trouble, "clock_error": State.clock_error
    }  # fmt: skip
    if not Worker.objects.filter(name=State.name).update(**told):
        Worker.objects.update_or_create(name=State.name, defaults=told | describe() | State.facts)


def compare_clocks() -> None:
    """Record by how much this machine's clock differs from the database's.

    Only the status page uses the difference: leases do not depend on it. Call this after `beat`, while the thread
    already has the connection.
    """
    asked = timezone.now()
    theirs = Worker.objects.filter(name=State.name).annotate(now=Now()).values_list("now", flat=True).first()
    if theirs is not None:
        State.clock_error = (asked + (timezone.now() - asked) / 2 - theirs).total_seconds()


def describe() -> dict[str, Any]:
    """Return the columns that describe the worker's process and machine."""
    return {
        "process": identity.describe_process(),
        "engine": leaderboards.engine_version(),
        "device": leaderboards.DEVICE,
        "processor": identity.name_processor(),
        "machine_cores": len(os.sched_getaffinity(0)),
        "labels": settings.ARENA_LABELS,
    }


def check_stopping() -> None:
    """Raise Stopping if the worker was asked to end."""
    if State.is_stopping:
        raise Stopping


@celeryd_init.connect
def _share_connection(**_: object) -> None:
    connecting.share_one()


@celeryd_after_setup.connect
def _take_name(sender: str, **_: object) -> None:
    State.name = identity.make_name(sender)


@worker_ready.connect
def begin(**_: object) -> None:
    """Start sending heartbeats, and free the leases of this machine's ended processes.

    Closing the terminal does not end the worker: nobody may be there to start it again.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    State.stop.clear()
    State.heart = threading.Thread(target=_beat_on, name="heartbeat", daemon=True)
    State.heart.start()


@worker_ready.connect
def get_ready(**_: object) -> None:
    """Load what fits need (SciPy and compiled kernels) at the start, so that no tournament waits for it.

    The garbage collector then ignores all objects that exist now, which saves a tenth of a second in each full
    collection during play.
    """
    warm.warm()
    check_answers()
    gc.collect()
    gc.freeze()


def check_answers() -> None:
    """Play the known episodes; a worker that finds other digests quarantines itself."""
    wrong = answers.find_wrong()
    State.answered = time.monotonic()
    if wrong:
        log.error(wrong)
        beat()
        Worker.objects.filter(name=State.name).update(quarantine=wrong[:300])


def free_ended() -> int:
    """Free the leases of processes of this machine that have ended; return how many.

    Leases of other machines' processes expire by themselves: this machine cannot see whether those have ended.
    """
    freed = 0
    for name, process in Worker.objects.exclude(process="").values_list("name", "process"):
        if identity.has_ended(process):
            models: tuple[type[Any], ...] = tuple(leases.HELD)
            freed += sum(leases.reissue(model.objects.filter(worker=name), model) for model in models)
            Worker.objects.filter(name=name).delete()
    if freed:
        log.warning("%d leases of ended processes of this machine are free again", freed)
    return freed


def _beat_on() -> None:
    is_new = True
    while True:
        try:
            if is_new:
                free_ended()
                is_new = False
            beat()
            compare_clocks()
        except DatabaseError:
            log.warning("A heartbeat could not be written; trying again", exc_info=True)
            connecting.drop_broken()
        connecting.release()
        if State.stop.wait(BEAT_SECONDS):
            connections.close_all()
            return


@worker_shutting_down.connect
def note_stopping(**_: object) -> None:
    """Ask the current work to end soon."""
    State.is_stopping = True


@worker_shutdown.connect
def end(**_: object) -> None:
    """Record that the worker has ended, as its last action.

    If the database is away, its row stays until the sweep deletes it. So does that of a quarantined worker: the status
    page goes on to say why, and a process that Ray gives its next task is still quarantined.
    """
    State.stop.set()
    if State.heart is not None:
        State.heart.join(STOP_SECONDS)
    try:
        Worker.objects.filter(name=State.name, quarantine="").delete()
    except DatabaseError:
        log.warning("The end of the worker could not be written", exc_info=True)
