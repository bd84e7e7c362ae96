"""Episodes that the program plays, each in a forked process, and whose turn is next."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tournament.recorder.asking import State, partial_of
from tournament.recorder.orders import ACTIONS, Order

LIGHT_PLACES = 4
"""Maximum number of processes that play episodes of rule-based agents and small networks at a time."""
HEAVY_PLACES = 1
HEAVY_BYTES = 4 * 1024**2
"""Maximum size of an order's checkpoints, above which it is heavy: it takes seconds, and has a place of its own."""
MOST_WAITING = 64
MOST_WAITING_EACH = 8
"""Maximum numbers of waiting orders, of all visitors and of one visitor; further orders are refused."""
LIMIT_SECONDS = 600.0
"""Maximum seconds that a process plays; a longer one counts as stuck, and other orders wait for its place."""
FIRST_GLANCE_SECONDS = 0.1
"""Seconds after which the beginning of an unfinished episode is written; later whenever its time has doubled."""
FULL = {errno.ENOSPC, errno.EDQUOT}
NICE = 5
"""Niceness of the processes that play, since pages are more urgent."""


@dataclass
class Job:
    """An order in progress. `step` is the last step to be seen; `failure` is its error, `outcome` the error's kind."""

    path: Path
    action: str
    order: Order
    visitor: str
    is_heavy: bool
    pid: int = 0
    pipe: int = -1
    began: float = 0.0
    step: int = 0
    failure: str = ""
    outcome: State = "failed"
    heard: bytes = field(default=b"", repr=False)

    @property
    def partial(self) -> Path:
        return partial_of(self.path)

    def start(self, close: Callable[[], None]) -> None:
        """Fork the process that plays; in that process, `close` closes what belongs to the parent."""
        self.pipe, writing = os.pipe()
        self.began = time.monotonic()
        self.pid = os.fork()
        if self.pid:
            os.close(writing)
            os.set_blocking(self.pipe, False)
            return
        status = 1
        try:
            close()
            status = carry_out(self, writing)
        finally:
            os._exit(status)

    def hear(self) -> bool:
        """Read the process's messages so far; return whether it goes on."""
        try:
            chunk = os.read(self.pipe, 65536)
        except BlockingIOError:
            return True
        self.heard += chunk
        *lines, self.heard = self.heard.split(b"\n")
        for line in lines:
            kind, _, rest = line.decode(errors="replace").partition(" ")
            if kind == "step":
                self.step = int(rest)
            else:
                self.failure = rest
                self.outcome = "full" if kind == "full" else "failed"
        return bool(chunk)

    def end(self) -> None:
        """Collect the process, which has closed its pipe or is killed now."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)
        self.partial.unlink(missing_ok=True)
        if not self.failure and not self.path.exists():
            self.failure = "The process that plays the episode ended unexpectedly. That is our mistake; try again."


def carry_out(job: Job, pipe: int) -> int:
    """Play the job's episode and write its file; report progress and the reason of a failure on the pipe."""
    from mate.errors import UserError
    from policies.importing import confinement
    from tournament.matches import MatchError

    confinement.die_with_parent()
    os.nice(NICE)
    os.environ["ARENA_DEVICE"] = job.order.device
    try:
        data = ACTIONS[job.action](job.order, Glances(job, pipe) if job.action == "record" else None)
    except (UserError, MatchError) as error:
        os.write(pipe, f"failed {' '.join(str(error).split())[:2000]}\n".encode())
        return 1
    try:
        write_whole(job.path, data)
    except OSError as error:
        if error.errno not in FULL:
            raise
        os.write(pipe, b"full The disk is full.\n")
        return 1
    return 0


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that others see complete or not at all. If it raises OSError, nothing is left behind."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


class Glances:
    """Writes the beginning of an episode: soon after its start, then each time that its duration has doubled."""

    def __init__(self, job: Job, pipe: int) -> None:
        self.job, self.pipe = job, pipe
        self.began = time.monotonic()
        self.due = FIRST_GLANCE_SECONDS

    def __call__(self, step: int, partial: Callable[[], bytes]) -> None:
        if (passed := time.monotonic() - self.began) < self.due:
            return
        self.due = 2 * passed
        with contextlib.suppress(OSError):  # The beginning is optional; only the whole file has to be written.
            write_whole(self.job.partial, partial())
            os.write(self.pipe, f"step {step}\n".encode())


def choose_next(waiting: Iterable[Job], running: Iterable[Job]) -> Job | None:
    """Return the job to start: among the visitors with the fewest running jobs, the job that has waited longest.

    None if no waiting job has a free place.
    """
    kinds: Counter[bool] = Counter(job.is_heavy for job in running)
    busy: Counter[str] = Counter(job.visitor for job in running)
    places = {False: LIGHT_PLACES, True: HEAVY_PLACES}
    free = [job for job in waiting if kinds[job.is_heavy] < places[job.is_heavy]]
    return min(free, key=lambda job: busy[job.visitor], default=None)


def find_refusal(waiting: Iterable[Job], visitor: str) -> State | None:
    """Return the state of an order of this visitor that must be refused, or None."""
    visitors: Counter[Any] = Counter(job.visitor for job in waiting)
    if visitors[visitor] >= MOST_WAITING_EACH:
        return "too many"
    return "busy" if visitors.total() >= MOST_WAITING else None
