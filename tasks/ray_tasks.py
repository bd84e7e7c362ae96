"""Play on a Ray cluster (``ARENA_PLAY=ray``): what a worker does while there is work is a Ray task there.

A task is a worker like any other: with a name, heartbeats, leases and a connection to the database of its own. So
nothing else differs, least of all the results. The process that submits the tasks plays nothing itself. The nodes of
the cluster need the portal's packages and its environment variables, and read everything else from the database.
"""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

NAME = "ray@"
POLL_SECONDS = 1.0
TURN_SECONDS = 60.0
"""Maximum seconds of a task, so that others who wait for a core of the cluster get one."""
REST_SECONDS = 5.0
"""Pause after a task that found nothing to do: the waiting work may be for machines of another kind."""
STOP_SECONDS = 20.0
"""Maximum seconds in which tasks write what they have played when the submitting process is asked to end."""


def main() -> int:
    """Submit tasks while there is work, until SIGTERM or SIGINT; return the exit status.

    Raises UserError if the cluster cannot be reached.
    """
    import django

    django.setup()
    from training import private_ray

    private_ray.set_environment()
    import ray

    private_ray.join(ray, private_ray.find_cluster(), cores=0)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        submit_until(stop, ray)
    finally:
        ray.shutdown()
    return 0


def submit_until(stop: threading.Event, ray: Any) -> None:
    """Keep as many tasks running as there is work for, at most ``ARENA_WORKERS``; cancel them in the end."""
    from django.conf import settings

    from tasks import hints

    task = ray.remote(num_cpus=1, max_retries=0)(do_turns)
    running: list[Any] = []
    rests_until = 0.0
    while not stop.wait(POLL_SECONDS):
        ended, running = split(ray, running)
        for one in ended:
            if not has_worked(ray, one):
                rests_until = time.monotonic() + REST_SECONDS
        if time.monotonic() > rests_until:
            wanted = min(look(hints.count_at_most, settings.ARENA_WORKERS), settings.ARENA_WORKERS - len(running))
            running += [task.remote() for _ in range(wanted)]
    for one in running:
        ray.cancel(one)
    if running:
        ray.wait(running, num_returns=len(running), timeout=STOP_SECONDS)


def split(ray: Any, running: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return the tasks that have ended, and those that run or wait for a core."""
    return ray.wait(running, num_returns=len(running), timeout=0) if running else ([], [])


def has_worked(ray: Any, task: Any) -> bool:
    """Return whether an ended task did anything. An error is logged: the leases of a lost task expire by themselves."""
    try:
        return bool(ray.get(task))
    except ray.exceptions.RayError as error:
        log.warning("A Ray task was lost: %s", error)
        return False


def look(count: Any, most: int) -> int:
    """Return how much work waits; 0 while the database is away."""
    from django.db import DatabaseError

    from tasks import connecting

    try:
        return int(count(most))
    except DatabaseError:
        log.warning("The database does not answer; trying again", exc_info=True)
        connecting.drop_broken()
        return 0


def do_turns() -> bool:
    """Be a worker while there is work, at most for ``TURN_SECONDS``; return whether there was any.

    This runs on the cluster.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from tasks import turns, workers

    has_worked = False
    ends = time.monotonic() + TURN_SECONDS
    with being_a_worker():
        while not workers.State.is_stopping and time.monotonic() < ends and turns.do_next():
            has_worked = True
    return has_worked


@contextmanager
def being_a_worker() -> Iterator[None]:
    """Be known as a worker. Ray keeps the process for the next task, which then finds everything loaded.

    Ray cancels a task by SIGINT. As when a worker is asked to end, the finished episodes are written then.
    """
    from tasks import connecting, identity, workers

    state = workers.State
    if not state.name.startswith(NAME):
        connecting.share_one()
        state.name = identity.make_name(f"{NAME}{platform.node()}")
        workers.get_ready()
    before = signal.signal(signal.SIGINT, lambda *_: workers.note_stopping())
    state.is_stopping = False
    workers.begin()
    try:
        yield
    finally:
        workers.end()
        connecting.release()
        signal.signal(signal.SIGINT, before)
