"""Starting, watching and ending the portal's processes."""

import http.client
import os
import signal
import time

from . import broker, commands
from .children import Child, limit_log
from .installation import Installation, LaunchRefused

READY_SECONDS = 60.0
END_SECONDS = 6.0
ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
WAKING = ENDING | {signal.SIGCHLD}


class Supervisor:
    """Keeps one installation's processes alive until it is asked to end.

    Signals are blocked and fetched where this class waits for them, so nothing ever interrupts it half-way.
    """

    def __init__(self, installation: Installation, environment: dict[str, str]) -> None:
        self.installation = installation
        self.children: list[Child] = []
        if installation.redis_url is None:
            private = broker.plan(installation)
            environment = environment | {"REDIS_URL": private.url}
            self.add("redis", private.command, environment)
        self.add("web", commands.web(installation), environment)
        for number in range(1, installation.workers + 1):
            self.add(f"worker-{number}", commands.worker(f"worker-{number}"), environment)
        for number in range(1, installation.trainers + 1):
            self.add(f"trainer-{number}", commands.trainer(f"trainer-{number}"), environment)
        self.add("sweep", commands.sweep(), environment)

    def add(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        self.children.append(Child(name, command, self.installation.logs / f"{name}.log", environment))

    def run(self) -> None:
        """Start everything, say where it is, watch it; return when all of it has ended.

        Raises LaunchRefused if the web server does not come up.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, WAKING)
        try:
            for child in self.children:
                child.start()
            if self.wait_for_web():
                self.print_screen()
                self.watch()
        finally:
            self.end()

    def wait_for_web(self) -> bool:
        """True once the website answers, False if asked to end before."""
        web = next(child for child in self.children if child.name == "web")
        deadline = time.monotonic() + READY_SECONDS
        while not answers(self.installation):
            if not web.is_running or time.monotonic() > deadline:
                raise LaunchRefused(f"The web server did not come up. The end of {web.log}:\n{web.last_lines()}")
            if wait(0.2) in ENDING:
                return False
        return True

    def watch(self) -> None:
        while wait(1.0) not in ENDING:
            for child in self.children:
                if message := child.note_death():
                    print(f"{time.strftime('%H:%M:%S')}  {message}", flush=True)
                if child.process is None and time.monotonic() >= child.start_again:
                    child.start()
                limit_log(child.log)

    def end(self) -> None:
        """Ask all to end, the broker last; whoever takes longer than a few seconds is killed.

        That costs a block at most: its lease runs out and it is played again, to the same result.
        """
        print("\nEnding ...", flush=True)
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
        print(flush=True)


def wait(seconds: float) -> int | None:
    """The next signal, or None when the time is up."""
    information = signal.sigtimedwait(WAKING, seconds)
    return information.si_signo if information else None


def answers(installation: Installation) -> bool:
    """Whether the website answers at all; a server error counts as no."""
    host = installation.address.removeprefix("http://").rsplit(":", 1)[0]
    connection = http.client.HTTPConnection(host.strip("[]"), installation.port, timeout=10)
    try:
        connection.request("GET", "/status/", headers={"Host": installation.name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
