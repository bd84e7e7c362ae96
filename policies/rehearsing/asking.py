"""The client of the rehearsal program (``policies/rehearsing/stage.py``), which it starts and keeps while needed."""

from __future__ import annotations

import atexit
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from policies.checkpoint import Checkpoint
from policies.importing.limits import DEFAULT_LIMITS, Limits
from policies.rehearsing.playing import Rehearsal, RehearsalFailed

PROGRAM = Path(__file__).with_name("stage.py")
READY_SECONDS = 600.0  # includes the compilation of kernels
_CHUNK = 1 << 20
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"}
_PASSED_ON = ("NUMBA_CACHE_DIR", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")


class Stage:
    """A running rehearsal program, which rehearses one agent at a time."""

    def __init__(self) -> None:
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_ENVIRONMENT | passed_on,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.input, self.output = self.process.stdin, self.process.stdout
        os.set_blocking(self.input.fileno(), False)
        self.owner = os.getpid()
        self.heard = b""
        self.is_ready = False

    def end(self) -> None:
        """Kill the program and the processes that it forked."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.input.close()
        self.output.close()

    def ask(self, request: list[memoryview], seconds: float) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Return the answer to a request, and the report on how its process ended; each is None if it came too late."""
        if not self.is_ready:
            if self._converse([], READY_SECONDS) is None:
                return None, None
            self.is_ready = True
        told = self._converse(request, seconds)
        if told is None or "ended" in told:
            return None, told
        return told, self._converse([], seconds)

    def _converse(self, request: list[memoryview], seconds: float) -> dict[str, Any] | None:
        """Send the parts of a request while reading; return the next line, or None at the end or after the deadline."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.output, selectors.EVENT_READ)
            if request:
                selector.register(self.input, selectors.EVENT_WRITE)
            while b"\n" not in self.heard:
                events = selector.select(max(deadline - time.monotonic(), 0.0))
                if not events:
                    return None
                for key, _ in events:
                    if key.fileobj is self.output:
                        chunk = os.read(self.output.fileno(), _CHUNK)
                        if not chunk:
                            return None
                        self.heard += chunk
                    elif not self._send(request):
                        selector.unregister(self.input)
        line, _, self.heard = self.heard.partition(b"\n")
        return dict(json.loads(line))

    def _send(self, request: list[memoryview]) -> bool:
        """Send a part of a request; return whether there is more."""
        try:
            written = os.write(self.input.fileno(), request[0][:_CHUNK])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        request[0] = request[0][written:]
        if not request[0]:
            del request[0]
        return bool(request)


_stages: list[Stage] = []
_lock = threading.Lock()


def prepare() -> None:
    """Start the program if none is waiting, so that it loads its modules while the file is read."""
    with _lock:
        if not any(stage.owner == os.getpid() and stage.process.poll() is None for stage in _stages):
            _stages.append(Stage())


@atexit.register
def end_all() -> None:
    """End the waiting programs of this process."""
    with _lock:
        while _stages:
            stage = _stages.pop()
            if stage.owner == os.getpid():
                stage.end()


def _take() -> Stage:
    with _lock:
        while _stages:
            stage = _stages.pop()
            if stage.owner != os.getpid():  # it belongs to the process from which this one was forked
                continue
            if stage.process.poll() is None:
                return stage
            stage.end()
    return Stage()


def _give_back(stage: Stage, is_usable: bool) -> None:
    if not is_usable:
        stage.end()
        return
    with _lock:
        _stages.append(stage)


def rehearse(
    checkpoint: Checkpoint, deterministic: bool, seconds: float = 2.0, limits: Limits = DEFAULT_LIMITS
) -> Rehearsal:
    """Rehearse an agent for up to 60 steps against a greedy team, within about ``seconds`` of processor time.

    It plays in a confined process. Raises RehearsalFailed if the agent fails or does not finish its first step in time,
    and RuntimeError if the program fails.
    """
    bounded = replace(limits, cpu_seconds=math.ceil(seconds) + 1)
    head = {"deterministic": deterministic, "seconds": seconds, "limits": asdict(bounded)}
    lines = b"".join(json.dumps(line).encode() + b"\n" for line in (head, checkpoint.recipe.to_json()))
    tensors = [np.ascontiguousarray(tensor, "<f4") for _, tensor in sorted(checkpoint.weights.items())]
    for _ in range(2):  # a waiting program may have just ended
        request = [
            memoryview(lines),
            *(tensor.reshape(-1).data.cast("B") for tensor in tensors),
        ]
        stage = _take()
        was_ready = stage.is_ready
        answer, ended = stage.ask(request, limits.wall_seconds)
        if answer is not None and ended is not None:
            _give_back(stage, is_usable=ended["ended"] == 0)
            return _read(answer)
        stage.end()
        if ended is not None:
            raise _explain(ended["ended"], bounded)
        if not was_ready:
            break
    raise RuntimeError("the program that rehearses agents does not answer")


def _read(answer: dict[str, Any]) -> Rehearsal:
    if "broken" in answer:
        raise RuntimeError(f"an agent could not be rehearsed: {answer['broken']}")
    if "failed" in answer:
        raise RehearsalFailed(answer["failed"])
    return Rehearsal(str(answer["scenario"]), int(answer["steps"]), float(answer["seconds"]))


def _explain(status: int, limits: Limits) -> Exception:
    if status == -signal.SIGXCPU:
        return RehearsalFailed(
            f"It did not play its first step in {limits.cpu_seconds} s of processor time; a smaller network is needed."
        )
    return RuntimeError(f"the process that rehearsed an agent ended with status {status}")
