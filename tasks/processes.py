"""The process that trains. It is alone in its folder. It gets a signal to end when its supervisor dies, and is killed
when the lease on the run is lost.

The supervisor holds a lock on the folder and passes it to the process, so the lock lasts as long as the process. If
another supervisor finds the lock held, the process belongs to a supervisor that died. It asks that process to end, and
kills it if it does not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings

from tasks import bound

LOCK = "process.lock"
LOG = "log.txt"
SCRATCH = "scratch.txt"
ORPHAN_SECONDS = 20.0
"""Seconds that a process whose supervisor died has to write its state before it is killed."""
LOG_LIMIT = 1024 * 1024
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ARENA_ADMIN_PASSWORD")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Variables that limit the threads of libraries. Workers set them to 1; a training chooses by its cores."""


class FolderBusy(Exception):
    """Another process trains in the folder, and this one cannot end it."""


@contextlib.contextmanager
def locked(folder: Path, patience: float = ORPHAN_SECONDS) -> Iterator[int]:
    """Hold the folder's lock; yield its descriptor.

    Raises FolderBusy if an earlier process keeps the lock even after it was signalled.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(lock, time.monotonic() + patience)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, deadline: float) -> None:
    signals = [signal.SIGTERM]
    while not _try(lock):
        if signals:
            _signal_holder(lock, signals.pop())
        if time.monotonic() > deadline:
            _signal_holder(lock, signal.SIGKILL)
            time.sleep(1.0)
            if _try(lock):
                return
            holder = os.pread(lock, 200, 0).decode(errors="replace").strip() or "unknown"
            raise FolderBusy(f"Another process trains in the run's folder and does not end: {holder}.")
        time.sleep(0.1)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal_holder(lock: int, number: signal.Signals) -> None:
    """Send a signal to the group of the process that the lock names, if that process still exists."""
    words = os.pread(lock, 200, 0).decode(errors="replace").split()
    if len(words) == 3 and words[0].isdigit() and identify(int(words[0])) == words:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(int(words[0]), number)


def identify(pid: int) -> list[str]:
    """Return a process's number, start time and machine: the system reuses numbers."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return [str(pid), status.rpartition(")")[2].split()[19], platform.node()]


def describe_logs(logs: Mapping[str, Any]) -> list[str]:
    """Return the options of `python -m training run` for the additional logs of a training.

    Weights & Biases is left out if its library is missing: a missing log must not prevent a training.
    """
    options = ["--tensorboard"] if logs.get("tensorboard") else []
    if logs.get("wandb") and find_spec("wandb") is not None:
        options += ["--wandb", str(logs["wandb"])]
    return options


def logging_mode(logs: Mapping[str, Any]) -> dict[str, str]:
    """Return the environment variables that make Weights & Biases keep its logs in the folder."""
    return {"WANDB_MODE": "offline"} if logs.get("is_offline", True) else {}


class TrainingProcess:
    """A training's process. As a context manager it kills the process at the end, unless `leave` was called."""

    def __init__(self, folder: Path, lock: int, logs: Mapping[str, Any] | None = None) -> None:
        self._is_left = False
        self.scratch = renew_scratch(folder)
        usual = [sys.executable, "-m", "training", "run", *describe_logs(logs or {})]
        command = settings.ARENA_TRAINING_COMMAND or usual
        polite = [sys.executable, "-S", bound.__file__, str(os.getpid()), str(settings.ARENA_TRAINING_NICE)]
        with open(folder / LOG, "ab") as log:
            if log.tell() > LOG_LIMIT:
                log.truncate(0)
            self.process = subprocess.Popen(
                [*polite, *command, str(folder)],
                cwd=settings.BASE_DIR,
                env=environment(os.environ) | logging_mode(logs or {}) | {"TMPDIR": self.scratch},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(lock,),
            )
        os.truncate(lock, 0)
        os.pwrite(lock, " ".join(identify(self.process.pid)).encode(), 0)

    def __enter__(self) -> TrainingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_left:
            self.kill()
            shutil.rmtree(self.scratch, ignore_errors=True)

    def poll(self) -> int | None:
        """Return the exit status; None while the process runs."""
        return self.process.poll()

    def ask_to_end(self) -> None:
        """Ask the process to write its state and end."""
        if self.process.poll() is None:
            self.process.terminate()

    def kill(self) -> None:
        """Kill the process and all others in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def leave(self) -> None:
        """Let the process outlive this one and end by itself."""
        self._is_left = True


def renew_scratch(folder: Path) -> str:
    """Return a new folder for a process's temporary files, after removing the one of an earlier process.

    Its path is short, because paths of sockets are limited.
    """
    note = folder / SCRATCH
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    made = tempfile.mkdtemp(prefix="arena-")
    note.write_text(made)
    return made


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the process, without the portal's secrets and without limits on threads."""
    return {name: value for name, value in ours.items() if name not in (*SECRETS, *THREADS)}


def read_tail(folder: Path, limit: int = 4000) -> str:
    """Return the end of the process's log, as text that every database can store."""
    path = folder / LOG
    if not path.exists():
        return ""
    with open(path, "rb") as log:
        log.seek(max(0, path.stat().st_size - limit))
        return log.read().decode(errors="replace").replace("\0", "").replace("\r", "\n")
