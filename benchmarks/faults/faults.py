"""The faults, each a function. All end by themselves: nobody repairs anything by hand."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.faults.crew import Worker
from benchmarks.faults.servers import Database, Server


@dataclass
class Stage:
    """The processes, hosts and disks that faults can hit."""

    workers: list[Worker]
    database: Database
    redis: Server
    draws: random.Random
    lease_seconds: float
    cut_seconds: float


Fault = Callable[[Stage], str]
"""A function that runs for the duration of the fault and returns a description of it."""


def kill_a_worker(stage: Stage) -> str:
    """Kill a random worker (SIGKILL), whatever it does."""
    worker = stage.draws.choice(stage.workers)
    worker.send(signal.SIGKILL)
    return f"a worker of {worker.host.name} was killed"


def restart_the_database(stage: Stage) -> str:
    """Restart PostgreSQL by a fast shutdown: all connections are lost."""
    stage.database.send(signal.SIGINT)
    return "PostgreSQL was restarted"


def crash_the_database(stage: Stage) -> str:
    """Crash PostgreSQL by an immediate shutdown: it recovers from its log."""
    stage.database.send(signal.SIGQUIT)
    return "PostgreSQL crashed and recovered"


def wipe_redis(stage: Stage) -> str:
    """Kill Redis, which keeps nothing on disk and so loses everything."""
    stage.redis.send(signal.SIGKILL)
    return "Redis lost everything"


def cut_a_host(stage: Stage) -> str:
    """Unplug a host's cable and plug it in again later: no connection is closed."""
    host = stage.workers[0].host
    host.pull_cable()
    time.sleep(stage.cut_seconds)
    host.plug_cable()
    return f"{host.name} was cut off for {stage.cut_seconds:g} s"


def stop_a_worker(stage: Stage) -> str:
    """Stop a worker (SIGSTOP) for longer than its lease lasts, then let it continue as if nothing had happened."""
    worker, seconds = stage.workers[-1], stage.lease_seconds + 10
    process = worker.send(signal.SIGSTOP)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)
    return f"a worker of {worker.host.name} was stopped for {seconds:g} s, its lease lasts {stage.lease_seconds:g} s"


def fill_a_hosts_disk(stage: Stage) -> str:
    """Fill a host's disk, after deleting its copies of stored files and before killing its workers, which need room."""
    workers = [worker for worker in stage.workers if worker.host is stage.workers[1].host]
    host = workers[0].host
    for copy in (host.disk / "cache").rglob("*.zip"):
        copy.unlink(missing_ok=True)

    def kill_all() -> None:
        for worker in workers:
            worker.send(signal.SIGKILL)

    return f"{host.name}: {fill(host.disk, stage.lease_seconds + 10, kill_all)}, and its workers were killed"


def fill_the_databases_disk(stage: Stage) -> str:
    """Fill the disk of PostgreSQL, on which all workers depend."""
    return f"PostgreSQL: {fill(stage.database.disk, 30.0)}"


def fill(disk: Path, seconds: float, once_full: Callable[[], None] = lambda: None) -> str:
    """Leave no free byte on a disk for some seconds."""
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    once_full()
    time.sleep(seconds)
    filler.unlink()
    return f"the disk was full for {seconds:g} s"


def plan(kills: int) -> list[tuple[float, Fault]]:
    """Return all faults with the share of episodes at which each begins."""
    others = [
        (0.04, cut_a_host),
        (0.10, wipe_redis),
        (0.15, stop_a_worker),
        (0.22, restart_the_database),
        (0.30, fill_a_hosts_disk),
        (0.45, fill_the_databases_disk),
        (0.60, wipe_redis),
        (0.70, crash_the_database),
    ]
    return sorted(
        [((number + 0.5) / kills * 0.9, kill_a_worker) for number in range(kills)] + others, key=lambda one: one[0]
    )
