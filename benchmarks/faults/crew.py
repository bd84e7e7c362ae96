"""Workers on hosts, each restarted automatically whenever it ends, as by systemd or Kubernetes."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.faults.hosts import Host, child_of
from portal.launcher import commands


class Worker:
    """A worker on a host, started with the documented command unless another is given."""

    PAUSE_SECONDS = 1.0

    def __init__(self, host: Host, environment: Mapping[str, str], log: Path, command: list[str] | None = None) -> None:
        self.host, self.environment, self.log = host, environment, log
        self.command = command or commands.worker("worker")
        self.is_over = threading.Event()
        self.starts = 0
        self.process = self.start()
        self.keeper = threading.Thread(target=self.keep, daemon=True)
        self.keeper.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        return self.host.start(self.command, self.environment, self.log)

    def keep(self) -> None:
        while not self.is_over.is_set():
            self.process.wait()
            if not self.is_over.wait(self.PAUSE_SECONDS):
                self.process = self.start()

    def send(self, number: signal.Signals) -> int:
        """Send a signal to the worker; return its process id, or 0 if it is being restarted."""
        process = child_of(self.process.pid)
        if process:
            with suppress(ProcessLookupError):
                os.kill(process, number)
        return process

    def end(self) -> None:
        self.is_over.set()
        self.send(signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.keeper.join()
