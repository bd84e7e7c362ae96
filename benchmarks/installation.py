"""A private installation for a benchmark: data folder, database, Redis and workers, all removed at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.launcher import broker, commands
from portal.launcher.broker import find_free_port
from portal.launcher.installation import CHECKOUT, LocalInstallation

PATIENCE = 3600.0  # seconds


@contextmanager
def private_installation(**settings: str) -> Iterator[dict[str, str]]:
    """Run a Redis for an installation in a temporary folder; yield its environment, which includes ``settings``."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "portal.settings"} | settings
        environment.pop("DATABASE_URL", None)
        installation = LocalInstallation(data=Path(folder))
        private = broker.plan(installation)
        environment = commands.child_environment(installation, environment) | {"REDIS_URL": private.url}
        redis = subprocess.Popen(private.command, stdout=subprocess.DEVNULL)
        try:
            yield environment
        finally:
            redis.kill()
            redis.wait()


def set_up_django() -> None:
    """Open the installation of this process's environment; create its database if necessary."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@dataclass(frozen=True)
class LaunchedPortal:
    """A portal that `make run` has started: its launcher, its address, and the file with the launcher's output."""

    launcher: subprocess.Popen[bytes]
    address: str
    screen: Path

    @property
    def is_running(self) -> bool:
        return self.launcher.poll() is None


@contextmanager
def launched_portal(folder: Path, workers: int) -> Iterator[LaunchedPortal]:
    """Start a fresh portal as `make run` does, wait until it is ready, and stop it at the end."""
    port = find_free_port()
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    environment |= {"ARENA_DATA": str(folder / "data"), "ARENA_PORT": str(port), "ARENA_WORKERS": str(workers)}
    environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    screen = folder / "screen"
    with open(screen, "wb") as file:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "portal.launcher", "run"], cwd=CHECKOUT, env=environment, stdout=file, stderr=file
        )
    portal = LaunchedPortal(launcher, f"http://127.0.0.1:{port}", screen)
    try:
        wait_for(lambda: "Ctrl-C" in screen.read_text() or not portal.is_running)
        yield portal
    finally:
        launcher.terminate()
        launcher.wait()


def has_finished(address: str) -> bool:
    """Return whether a tournament of the portal is finished."""
    with urllib.request.urlopen(f"{address}/api/v1/tournaments", timeout=60) as answer:
        return any(row["state"] == "finished" for row in json.load(answer)["items"])


class Crew:
    """The processes of one run."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, command: list[str], name: str) -> None:
        log = Path(os.environ["ARENA_DATA"]) / f"{name}.log"
        with open(log, "ab") as file:
            self.processes[name] = subprocess.Popen(command, cwd=CHECKOUT, stdout=file, stderr=file)

    def start_worker(self, number: int) -> None:
        self.start(commands.worker(f"worker-{number}"), f"worker-{number}")

    def kill_a_busy_worker(self) -> None:
        """Kill a worker that holds a block, and restart it."""
        from tournament.models import Block, BlockState

        def find() -> str:
            if not Block.objects.filter(state__in=(BlockState.WAITING, BlockState.LEASED)).exists():
                raise SystemExit("Everything was played before a worker could be killed; ask for more --episodes.")
            block = Block.objects.filter(state=BlockState.LEASED).order_by("?").first()
            return block.worker.split("@")[0] if block else ""

        name = wait_for(find)
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.start_worker(int(name.split("-")[1]))

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()


def wait_for(condition: Callable[[], Any], every: float = 0.05) -> Any:
    """Poll a condition every ``every`` seconds until its value is true; return the value."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise SystemExit("The run did not end in time.")
        time.sleep(every)
    return found
