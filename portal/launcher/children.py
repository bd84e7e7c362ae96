"""Child processes. Each has its own session and log file, and is restarted when it dies."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

from .installation import CHECKOUT

LOG_LIMIT = 8 * 1024 * 1024  # bytes; one older file is kept too
PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 30.0  # seconds
STEADY = 60.0  # seconds of running after which the count of deaths is reset

LIBC = ctypes.CDLL(None, use_errno=True)


def bind_to_parent(parent: int) -> Callable[[], None]:
    """Return the function that a child runs before its program.

    The child is then killed when the launcher dies, even by SIGKILL.
    """

    def run() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return run


class Process(Protocol):
    """The interface of processes: the part of `subprocess.Popen` that the launcher uses.

    Forked processes have it too.
    """

    pid: int
    returncode: int | Any  # as `subprocess.Popen` has it

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, sig: int) -> None: ...


@dataclass
class Child:
    """One process of the portal and its history. Times are seconds of the monotonic clock."""

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str]
    process: Process | None = None
    started: float = 0.0
    deaths: int = 0
    start_again: float = field(default=0.0, repr=False)
    may_start: Callable[[], bool] = field(default=lambda: True, repr=False)
    """Called before each start. It returns whether everything that the process needs is ready."""

    @property
    def is_due(self) -> bool:
        """Return whether the process should be started now."""
        return self.process is None and time.monotonic() >= self.start_again and self.may_start()

    def start(self) -> None:
        self.spawn()

    def spawn(self, pass_fds: tuple[int, ...] = ()) -> None:
        with open_log(self.log) as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=CHECKOUT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=bind_to_parent(os.getpid()),
                pass_fds=pass_fds,
            )
        self.started = time.monotonic()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self) -> str | None:
        """If the process has died, schedule its restart and return a message about it; otherwise return None."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        kill_group(self.process.pid)  # and its own children
        now = time.monotonic()
        self.deaths = 1 if now - self.started > STEADY else self.deaths + 1
        pause = min(2.0 ** (self.deaths - 1), LONGEST_PAUSE)
        self.start_again, self.process = now + pause, None
        return f"{self.name} {describe_end(code)}; starting it again in {pause:.0f} s (see {self.log})"

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.is_running:
            os.killpg(self.process.pid, number) if number == signal.SIGKILL else self.process.send_signal(number)

    def end(self, deadline: float) -> None:
        """Wait until the deadline for the process to end, then kill its whole process group."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        kill_group(self.process.pid)
        self.process.wait()
        self.process = None

    def last_lines(self, number: int = 15) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-number:])


def kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def describe_end(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with status {code}"


def open_log(path: Path) -> IO[bytes]:
    limit_log(path)
    return open(path, "ab")


def limit_log(path: Path) -> None:
    """Copy a long log to a second file and truncate it. The file itself stays, because its process appends to it."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        older = path.with_suffix(".log.1")
        older.write_bytes(path.read_bytes())
        os.truncate(path, 0)
