"""Replay files on demand: made by a short process when first asked for, then kept for a while."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal
from zlib import crc32

from django.conf import settings

from tournament.models import Episode
from tournament.recorder import Order

AT_ONCE = 2  # Processes that may run at the same time, whoever started them; the others wait their turn.
LIMIT_SECONDS = 600.0  # A process that plays for longer is stuck, and others wait for its place.
LOCKS = 256  # Files that are locked while a replay is made; a replay's name chooses one.
KEPT = 500  # Files; the oldest make room.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

Action = Literal["record", "verify"]


@dataclass(frozen=True)
class Answer:
    """`path` when the file is there; else `message` says what is going on, or why it will not come (`has_failed`)."""

    path: Path | None = None
    message: str = ""
    has_failed: bool = False


@dataclass
class Job:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    began: float


_jobs: dict[Path, Job] = {}
"""By the file that each is to make, whose name holds the trajectory's digest."""
_lock = threading.Lock()


def folder() -> Path:
    path = Path(settings.MEDIA_ROOT) / "replays"
    path.mkdir(parents=True, exist_ok=True)
    return path


def path_of(episode: Episode, action: Action) -> Path:
    return folder() / f"{episode.pk}-{episode.digest}.{'replay' if action == 'record' else 'verdict'}"


def ask_replay(episode: Episode) -> Answer:
    """The episode's replay file, or how far it is. Ask again until it is there or has failed."""
    return _ask(episode, "record")


def ask_verdict(episode: Episode) -> Answer:
    """The verdict on the episode, or how far it is; begins to play it where nobody has."""
    return _ask(episode, "verify")


def forget_verdict(episode: Episode) -> None:
    """So that the next question plays the episode anew."""
    path_of(episode, "verify").unlink(missing_ok=True)


def read_verdict(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text())


def _ask(episode: Episode, action: Action) -> Answer:
    path = path_of(episode, action)
    with _lock:
        _clear_up(path)
        job = _jobs.get(path)
        if job is not None and job.process.poll() is not None:
            return _end(path)
        if job is not None:
            return Answer(message="The episode is being played again.")
        if path.exists():
            return Answer(path)
        with ExitStack() as stack:
            held = _hold(stack, [f"file-{crc32(path.name.encode()) % LOCKS}"])
            if held is None:  # Another process of the web server makes it.
                return Answer(message="The episode is being played again.")
            if path.exists():  # It has just been made there.
                return Answer(path)
            place = _hold(stack, [f"place-{number}" for number in range(AT_ONCE)])
            if place is None:
                return Answer(message="Waiting for other replays to be made.")
            _jobs[path] = _start(episode, action, path, (held, place))
    return Answer(message="The episode is being played again.")


def _hold(stack: ExitStack, names: list[str]) -> int | None:
    """Lock the first of some files that nobody holds; return its descriptor, or None.

    The web server has several processes. A lock belongs to whoever has the descriptor: the process that plays the episode gets it, and gives
    it back by ending, however that comes about.
    """
    place = Path(settings.MEDIA_ROOT) / "replay-locks"
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        descriptor = os.open(place / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        stack.callback(os.close, descriptor)
        return descriptor
    return None


def _start(episode: Episode, action: Action, path: Path, held: tuple[int, ...]) -> Job:
    errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed when the job has ended)
    process = subprocess.Popen(
        [sys.executable, "-m", "tournament.recorder", action, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        cwd=settings.BASE_DIR,
        pass_fds=held,
        env=os.environ | ONE_THREAD | {"ARENA_DEVICE": episode.device},
    )
    assert process.stdin is not None
    process.stdin.write(order_of(episode).to_json().encode())
    process.stdin.close()
    return Job(process, errors, time.monotonic())


def _clear_up(asked: Path) -> None:
    """Kill processes that are stuck, and forget those that have ended and whose end nobody asked for in time."""
    old = [path for path, job in _jobs.items() if time.monotonic() - job.began > LIMIT_SECONDS]
    for path in old:
        if _jobs[path].process.poll() is None:
            _jobs[path].process.kill()
        elif path != asked:
            _jobs.pop(path).errors.close()


def _end(path: Path) -> Answer:
    """Read what an ended process left. A failure is told once, and may be tried again."""
    job = _jobs.pop(path)
    with job.errors as errors:
        errors.seek(0)
        told = errors.read().decode(errors="replace").strip()
    if job.process.returncode == 0 and path.exists():
        _make_room()
        return Answer(path)
    if job.process.returncode == 1 and told and "Traceback" not in told:
        return Answer(message=told, has_failed=True)
    message = "The process that plays the episode ended unexpectedly. That is our mistake; trying again may help."
    return Answer(message=message, has_failed=True)


def _make_room() -> None:
    files = sorted(folder().iterdir(), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)


def order_of(episode: Episode) -> Order:
    pairing = episode.pairing
    config = pairing.scenario.config
    return Order(
        scenario=config if isinstance(config, str) else json.dumps(config),
        camera=pairing.camera.spec,
        target=pairing.target.spec,
        names=(pairing.camera.name, pairing.target.name),
        seed=episode.seed,
        engine=episode.engine,
        digest=episode.digest,
        checkpoints=str(Path(settings.MEDIA_ROOT) / "checkpoints"),
    )
