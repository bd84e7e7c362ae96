"""Reading an uploaded file in a child process, so that nothing in the file can harm the calling process.

The child (``policies/importing/child.py``) is a new interpreter with bounded memory, time, files and network. It gets
the file as an open descriptor and answers through a pipe; its answer is checked again here. If an operating system
enforces fewer bounds (``confinement``), the first step says so. The limit on time holds everywhere.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from policies.checkpoint import Checkpoint
from policies.errors import CheckpointError
from policies.importing.confinement import Confinement
from policies.importing.errors import ImportRefused
from policies.importing.limits import DEFAULT_LIMITS, Limits
from policies.importing.places import opened
from policies.importing.report import ImportReport, Step
from policies.recipe import Recipe

_CHILD = Path(__file__).with_name("child.py")
_CHUNK = 1 << 20
_MAX_LINE = 64 << 20
_MOST_ERRORS = 10_000
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
_NEEDED_BY_WINDOWS = ("SYSTEMROOT",)
# Exit statuses after a signal; Windows has neither signal.
_OUT_OF_TIME = -getattr(signal, "SIGXCPU", 0) or None
_KILLED = -getattr(signal, "SIGKILL", 0) or None

_log = logging.getLogger(__name__)


def read(
    path: str | os.PathLike[str],
    limits: Limits = DEFAULT_LIMITS,
    watch: Callable[[Step], None] | None = None,
    is_alone: bool = False,
) -> ImportReport:
    """Return a report on the file or folder at ``path``, read in a child process under ``limits``.

    ``path`` is an archive, or a checkpoint on disk (``policies.importing.places``). With ``is_alone``, for uploaded
    files, no other file is read. ``watch`` is called with every step of the check when it has ended. Raises
    ImportRefused, with the reason and the steps, if there is no usable checkpoint, and OSError if the path cannot be
    opened.
    """
    if is_alone:
        with open(path, "rb") as file:
            return _read(file, limits, watch)
    with opened(path, limits) as (file, widened):
        return _read(file, widened, watch)


def _read(file: IO[bytes], limits: Limits, watch: Callable[[Step], None] | None) -> ImportReport:
    child = subprocess.Popen(
        [sys.executable, "-I", "-B", str(_CHILD), json.dumps(asdict(limits))],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_ENVIRONMENT | {name: os.environ[name] for name in _NEEDED_BY_WINDOWS if name in os.environ},
        cwd="/",
        start_new_session=True,
    )
    errors = _Errors(child)
    conversation = _Conversation(child, limits, watch or (lambda step: None))
    try:
        return conversation.hear()
    except ImportRefused:
        _end(child)
        errors.log()
        raise
    finally:
        _end(child)


def _kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and all processes that it started; do nothing if it has ended."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
        return
    with suppress(ProcessLookupError):  # it has just ended
        os.killpg(child.pid, signal.SIGKILL)


def _end(child: subprocess.Popen[bytes]) -> None:
    _kill(child)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


class _Errors:
    """The child's standard error, through a pipe, because the confined child cannot make a file grow."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stderr is not None
        self.pipe = child.stderr
        self.kept = b""
        self.thread = threading.Thread(target=self._read, name="reader's errors", daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with self.pipe:
            while piece := os.read(self.pipe.fileno(), _CHUNK):
                self.kept = (self.kept + piece)[-_MOST_ERRORS:]  # The end of a traceback says what happened.

    def log(self) -> None:
        """Log the errors, once the child has ended."""
        self.thread.join(1.0)
        if text := self.kept.decode("utf-8", "replace").strip():
            _log.warning("The process that read an uploaded file said: %s", text)


class _Conversation:
    """The child's answer, read line by line."""

    def __init__(self, child: subprocess.Popen[bytes], limits: Limits, watch: Callable[[Step], None]) -> None:
        assert child.stdout is not None
        self.child, self.output, self.limits, self.watch = child, child.stdout, limits, watch
        # A timer instead of a selector: Windows cannot wait for a pipe with a timeout.
        self.timer = threading.Timer(limits.wall_seconds, self._expire)
        self.has_expired = False
        self.heard = bytearray()
        self.steps: list[Step] = []

    def _expire(self) -> None:
        self.has_expired = True
        _kill(self.child)

    def hear(self) -> ImportReport:
        """Return the report. Raises ImportRefused if there is none."""
        self.timer.daemon = True
        self.timer.start()
        try:
            return self._hear()
        finally:
            self.timer.cancel()

    def _hear(self) -> ImportReport:
        report: dict[str, Any] | None = None
        checkpoints: dict[str, Checkpoint] = {}
        while (line := self._line()) is not None:
            message = json.loads(line)
            if "refused" in message:
                raise self._refuse(str(message["refused"]))
            if "confinement" in message:
                self._note(Step("Start the reader", "ok", str(Confinement(**message["confinement"]))))
            if "step" in message:
                self._note(Step(**message["step"]))
            if "report" in message:
                report = message["report"]
            if "checkpoint" in message:
                checkpoints[message["checkpoint"]] = self._checkpoint(message)
        if self.child.wait() != 0 or report is None:
            raise self._refuse(self._cause())
        report["steps"] = [asdict(step) for step in self.steps]
        return ImportReport.from_json(report, checkpoints.__getitem__)

    def _note(self, step: Step) -> None:
        self.steps.append(step)
        self.watch(step)

    def _refuse(self, reason: str) -> ImportRefused:
        if not self.steps or self.steps[-1].status != "failed":
            self._note(Step("Read the file", "failed", reason))
        return ImportRefused(reason, tuple(self.steps))

    def _checkpoint(self, message: dict[str, Any]) -> Checkpoint:
        """Return the checkpoint of a message: it has the recipe, whose tensors follow in the order that it implies."""
        try:
            recipe = Recipe.from_json(message["recipe"])
            weights = {name: self._tensor(shape) for name, shape in sorted(recipe.tensor_shapes.items())}
            checkpoint = Checkpoint(recipe, weights)
        except CheckpointError as error:
            raise self._refuse(str(error)) from None
        if checkpoint.digest != message["checkpoint"]:
            raise self._refuse("the reader's answer was damaged; upload the file again")
        return checkpoint

    def _tensor(self, shape: tuple[int, ...]) -> np.ndarray:
        tensor = np.empty(shape, "<f4")
        missing = tensor.reshape(-1).data.cast("B")
        while missing:
            if not self.heard and not self._more():
                raise self._refuse(self._cause())
            chunk = self.heard[: len(missing)]
            missing[: len(chunk)] = chunk
            del self.heard[: len(chunk)]
            missing = missing[len(chunk) :]
        tensor.flags.writeable = False
        return tensor

    def _more(self) -> bool:
        """Wait for more output; return False at its end."""
        chunk = os.read(self.output.fileno(), _CHUNK)
        self.heard += chunk
        return bool(chunk)

    def _line(self) -> bytes | None:
        searched = 0
        while (end := self.heard.find(b"\n", searched)) < 0:
            searched = len(self.heard)
            if searched > _MAX_LINE:
                raise self._refuse("the reader's answer has no end")
            if not self._more():
                return None
        return self._cut(end + 1)

    def _cut(self, size: int) -> bytes:
        content = bytes(self.heard[:size])
        del self.heard[:size]
        return content

    def _cause(self) -> str:
        status = self.child.wait()
        if self.has_expired:
            return f"reading it took longer than {self.limits.wall_seconds} s"
        if status == _OUT_OF_TIME:
            return (
                f"reading it took more than {self.limits.cpu_seconds} s of processor time, which no genuine file does"
            )
        if status == _KILLED:
            return "the process that read it was killed, most likely because the machine ran out of memory"
        if status < 0:
            return f"the process that read it crashed ({signal.Signals(-status).name}); nothing else was affected"
        return "the process that read it failed; the server's log says why, and nothing else was affected"
