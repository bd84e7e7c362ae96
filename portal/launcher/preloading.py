"""The launcher's side of `portal.preload`, which forks web server, workers, trainers and sweep."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .children import LIBC, Child, limit_log

PR_SET_CHILD_SUBREAPER = 36
FORK_SECONDS = 10.0
"""Seconds to wait for a fork, which usually takes milliseconds. Then the preloader is killed and restarted."""


class Forked:
    """A child process that `subprocess` did not start. It has the interface `Process`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Preloader(Child):
    """The process that loads the libraries and forks on request.

    If it dies, it is restarted; its forks go on running.
    """

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__("preloader", [], log, environment)
        self.orders: socket.socket | None = None
        self.received = b""
        self.is_ready = self.has_kernels = False

    def start(self) -> None:
        if self.orders is not None:
            self.orders.close()
        self.orders, theirs = socket.socketpair()
        self.received = b""
        self.is_ready = self.has_kernels = False
        self.command = [sys.executable, "-m", "portal.preload", str(theirs.fileno())]
        with theirs:
            self.spawn(pass_fds=(theirs.fileno(),))

    def look(self) -> bool:
        """Return whether the process is ready for requests."""
        if not self.is_ready and self.orders is not None and self.is_running:
            with contextlib.suppress(OSError):  # It has just ended; `note_death` will notice.
                self.is_ready = self.answer(0.0) is not None
        return self.is_ready and self.is_running

    def load_kernels(self) -> bool:
        """Make the process load the compiled kernels; return whether they are loaded."""
        if self.look() and not self.has_kernels:
            with contextlib.suppress(OSError):
                self.order({"kernels": True})
            self.has_kernels, self.is_ready = True, False
        return self.look() and self.has_kernels

    def fork(self, command: list[str], log: Path) -> Forked:
        """Start a command as a fork.

        Raises OSError if the preloader does not answer; the preloader is then restarted.
        """
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)
        try:
            self.order({"command": command, "log": str(log)})
            if (answer := self.answer(FORK_SECONDS)) is None:
                raise OSError
            return Forked(answer["pid"])
        except OSError:
            self.is_ready = False
            self.signal(signal.SIGKILL)
            raise
        finally:
            LIBC.prctl(PR_SET_CHILD_SUBREAPER, 0)

    def order(self, content: dict[str, Any]) -> None:
        assert self.orders is not None
        self.orders.settimeout(FORK_SECONDS)
        self.orders.sendall(json.dumps(content).encode() + b"\n")

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """Return the answer to the last request.

        Return None if there is none in time. Raises OSError if the process has ended.
        """
        assert self.orders is not None
        self.orders.settimeout(seconds)
        while not self.received.endswith(b"\n"):
            try:
                piece = self.orders.recv(4096)
            except (BlockingIOError, TimeoutError):
                return None
            if not piece:
                raise OSError("The preloader has ended.")
            self.received += piece
        line, self.received = self.received, b""
        return dict(json.loads(line))


class ForkedChild(Child):
    """A child that the preloader forks, as soon as the preloader is ready."""

    def __init__(
        self,
        preloader: Preloader,
        name: str,
        command: list[str],
        log: Path,
        may_start: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(name, command, log, preloader.environment, may_start=may_start)
        self.preloader = preloader

    @property
    def is_due(self) -> bool:
        return super().is_due and self.preloader.look()

    def start(self) -> None:
        limit_log(self.log)
        with contextlib.suppress(OSError):  # The preloader is restarted first, then this child.
            self.process = self.preloader.fork(self.command, self.log)
            self.started = time.monotonic()
