"""Start, supervision and end of the portal's processes."""

import http.client
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from training import installed

from . import broker, commands
from .children import Child, limit_log
from .installation import LaunchRefused, LocalInstallation
from .preloading import ForkedChild, Preloader
from .warming import Warming

READY_SECONDS = 60.0
END_SECONDS = 6.0
ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
WAKING = ENDING | {signal.SIGCHLD}


class Supervisor:
    """Keeps the processes of one installation alive until a signal ends it.

    Signals are blocked, and this class waits for them explicitly, so they never interrupt other steps.
    """

    def __init__(self, installation: LocalInstallation, environment: dict[str, str]) -> None:
        self.installation = installation
        self.children: list[Child] = []
        if installation.redis_url is None:
            private = broker.plan(installation)
            environment = environment | {"REDIS_URL": private.url}
            self.children.append(Child("redis", private.command, self.log_of("redis"), environment))
        self.preloader = Preloader(self.log_of("preloader"), environment)
        self.children.append(self.preloader)
        self.add("web", commands.web(installation))
        self.warming = Warming(installation, environment)
        self.add("player", commands.player(installation), self.has_kernels)
        for number in range(1, installation.workers + 1):
            self.add(f"worker-{number}", commands.worker(f"worker-{number}"), self.has_kernels)
        for number in range(1, installation.trainers + 1):
            self.add(f"trainer-{number}", commands.trainer(f"trainer-{number}"), can_train)
        self.add("sweep", commands.sweep())

    def add(self, name: str, command: list[str], may_start: Callable[[], bool] = lambda: True) -> None:
        self.children.append(ForkedChild(self.preloader, name, command, self.log_of(name), may_start))

    def log_of(self, name: str) -> Path:
        return self.installation.logs / f"{name}.log"

    def has_kernels(self) -> bool:
        """Return whether the kernels are compiled, and loaded by the preloader."""
        return self.warming.is_done and self.preloader.load_kernels()

    def run(self) -> None:
        """Start all processes, print the address, and supervise; return when all processes have ended.

        Raises LaunchRefused if the web server does not start.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING)
        try:
            self.start_all_due()
            if self.wait_for_web():
                self.print_screen()
                self.watch()
        finally:
            self.end()

    def wait_for_web(self) -> bool:
        """Return True as soon as the website answers, or False if a signal to end comes first. Raises LaunchRefused."""
        web = next(child for child in self.children if child.name == "web")
        deadline = time.monotonic() + READY_SECONDS
        while web.process is None or not answers(self.installation):
            self.start_all_due()
            needed = self.preloader if web.process is None else web
            if not needed.is_running or time.monotonic() > deadline:
                raise LaunchRefused(f"The web server did not come up. The end of {needed.log}:\n{needed.last_lines()}")
            if wait(0.2) in ENDING:
                return False
        return True

    def start_all_due(self) -> None:
        for child in self.children:
            if child.is_due:
                child.start()

    def watch(self) -> None:
        """Restart children that die, and compile the kernels that are not compiled yet."""
        while wait(1.0) not in ENDING:
            for line in self.warming.step():
                print(line, flush=True)
            for child in self.children:
                if message := child.note_death():
                    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)
                limit_log(child.log)
            self.start_all_due()

    def end(self) -> None:
        """Ask all processes to end, the broker last. After a few seconds, kill those that still run.

        A kill costs at most a block: its lease expires, and the block is played again with the same result.
        """
        print("\nEnding ...", flush=True)
        self.warming.end()
        deadline = time.monotonic() + END_SECONDS
        others = [child for child in self.children if child.name != "redis"]
        for group in (others, [child for child in self.children if child.name == "redis"]):
            for child in group:
                child.signal(signal.SIGTERM)
            for child in group:
                child.end(deadline)
        print("MATE Arena has ended. The next start goes on where it was.", flush=True)

    def print_screen(self) -> None:
        installation = self.installation
        rows = {
            "Address": installation.address,
            "Administrator": f"{installation.address}admin/ (a new password: make password)",
            "Data": installation.data,
            "Logs": installation.logs,
            "Processes": ", ".join(child.name for child in self.children),
            "Stop": f"Ctrl-C (or: kill {os.getpid()})",
        }
        print("\nMATE Arena is running.\n")
        for name, value in rows.items():
            print(f"  {name:<14} {value}")
        if not self.warming.is_done:
            print("\nCompiling the game (once; one to two minutes). Pages work; matches begin when it is done.")
        if installation.trainers and not can_train():
            print(f"\n{installed.explain(installed.missing())}")
        print(flush=True)


def can_train() -> bool:
    """Return whether the packages for training are installed. A custom trainer command needs none."""
    return bool(os.environ.get("ARENA_TRAINING_COMMAND")) or not installed.missing()


def wait(seconds: float) -> int | None:
    """Return the next signal; None if there is none in time."""
    information = signal.sigtimedwait(WAKING, seconds)
    return information.si_signo if information else None


def answers(installation: LocalInstallation) -> bool:
    """Return whether the website answers without a server error."""
    host = installation.address.removeprefix("http://").rsplit(":", 1)[0]
    connection = http.client.HTTPConnection(host.strip("[]"), installation.port, timeout=10)
    try:
        connection.request("GET", "/status/", headers={"Host": installation.name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
