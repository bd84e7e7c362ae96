"""What a worker process is called, that it lives, and what it does just now."""

from __future__ import annotations

import gc
import logging
import os
import platform
import threading

from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from tasks import leases
from tournament import warm
from tournament.models import Worker

log = logging.getLogger(__name__)

BEAT_SECONDS = 10.0


class Stopping(Exception):
    """The worker was asked to end; what it holds is given back."""


class State:
    """This process as a worker."""

    name = f"{platform.node()}:{os.getpid()}"
    doing = ""
    is_stopping = False
    facts: dict[str, object] = {}
    """What is written down about it besides."""
    stop = threading.Event()


def do(what: str) -> None:
    """Say what the worker does now; shown with its next heartbeat and at once."""
    State.doing = what[:200]
    beat()


def rest() -> None:
    """Say that the worker waits for work."""
    if State.doing:
        do("")


def beat() -> None:
    """Tell the database that the worker lives."""
    told = {"seen": timezone.now(), "doing": State.doing, **State.facts}
    if not Worker.objects.filter(name=State.name).update(**told):
        Worker.objects.update_or_create(name=State.name, defaults=told)


def check_stopping() -> None:
    """Raises Stopping if the worker was asked to end."""
    if State.is_stopping:
        raise Stopping


@celeryd_after_setup.connect
def _take_name(sender: str, **_: object) -> None:
    State.name = sender


@worker_ready.connect
def begin(**_: object) -> None:
    """Free what an earlier process of this name held when it died, and begin to send heartbeats."""
    for model in leases.HELD:
        rows = model.objects.filter(worker=State.name)  # type: ignore[attr-defined]
        if count := leases.reissue(rows, model):
            log.warning("%d leases of an earlier process named %s are free again", count, State.name)
    threading.Thread(target=_beat_on, name="heartbeat", daemon=True).start()


@worker_ready.connect
def get_ready(**_: object) -> None:
    """Load what fits need, SciPy and compiled kernels, when the worker starts, not while a tournament waits for its first one.

    What is loaded by now stays: passing over it spares each full collection of garbage a tenth of a second, amid play.
    """
    warm.warm()
    gc.collect()
    gc.freeze()


def _beat_on() -> None:
    while True:
        try:
            beat()
        except DatabaseError:
            log.warning("A heartbeat could not be written; trying again", exc_info=True)
            close_old_connections()  # One that was lost stays lost.
        if State.stop.wait(BEAT_SECONDS):
            connections.close_all()
            return


@worker_shutting_down.connect
def note_stopping(**_: object) -> None:
    """Let what is being done end soon."""
    State.is_stopping = True


@worker_shutdown.connect
def end(**_: object) -> None:
    """The last thing a worker does."""
    State.stop.set()
    Worker.objects.filter(name=State.name).delete()
