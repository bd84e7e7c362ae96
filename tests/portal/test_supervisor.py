"""`python -m portal.launcher run` as a whole, with its real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.launcher.broker import find_server
from portal.launcher.installation import CHECKOUT
from tests.waiting import PATIENCE, wait_for


class Launched:
    """A launcher with its own data folder and port, and what it has printed so far."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.data = folder / "data"
        self.port = find_port()
        self.screen = folder / f"screen-{self.port}"
        plain = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        settings = {"ARENA_DATA": str(self.data), "ARENA_PORT": str(self.port), "ARENA_WORKERS": "1"}
        plain |= {"DJANGO_SETTINGS_MODULE": "portal.settings"} | settings | environment
        with open(self.screen, "wb") as screen:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.launcher", "run"], cwd=CHECKOUT, env=plain, stdout=screen, stderr=screen
            )

    def says(self, pattern: str) -> str:
        """Wait until the launcher has printed something; gives the pattern's first group, or all of it."""

        def look() -> re.Match[str] | None:
            return re.search(pattern, self.screen.read_text())

        wait_for(lambda: look() or self.process.poll() is not None, pattern)
        match = look()
        assert match, f"the launcher ended without saying {pattern!r}:\n{self.screen.read_text()}\n{self.logs()}"
        return match[match.re.groups and 1]

    def logs(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in sorted((self.data / "logs").glob("*.log")))

    def processes(self) -> dict[str, int]:
        """Command line and process number of all that runs on the data folder."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_text().replace("\0", " ")
                environment = (
                    folder / "environ"
                ).read_bytes()  # Processes with a title of their own wrote it over this.
                output = os.readlink(folder / "fd" / "1")
                if command and int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    command = f"launched {command}"  # The web server's own processes have the same command line.
                if command and (
                    f"ARENA_DATA={self.data}\0".encode() in environment
                    or str(self.data) in command
                    or output.startswith(str(self.data))
                ):
                    found[command] = int(folder.name)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return found

    def find(self, word: str) -> int:
        return next(pid for command, pid in self.processes().items() if word in command)

    def find_launched(self, word: str) -> int:
        """The process that the launcher itself started, of those with the word in their command line."""
        return next(pid for line, pid in self.processes().items() if line.startswith("launched ") and word in line)

    def status_of(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return answer.status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    launched: list[Launched] = []

    def start(**environment: str) -> Launched:
        launched.append(Launched(tmp_path, **environment))
        return launched[-1]

    yield start
    for one in launched:
        one.process.kill()
        one.process.wait()


def test_one_command_gives_a_portal_that_heals_ends_and_goes_on(launch: Callable[..., Launched]) -> None:
    first = launch()
    password = first.says(r"Password  (\S+)")
    first.says("Ctrl-C")
    assert len(password) >= 16
    assert first.status_of("/") == first.status_of("/leaderboards/mate-4v8-9/") == 200
    for word in (Path(find_server()).name, "portal.server", "celeryd", "sweep", "tournament.recorder"):
        wait_for(lambda word=word: any(word in line for line in first.processes()), word)

    web = first.find_launched("portal.server")
    os.kill(web, signal.SIGKILL)
    first.says("web was ended by SIGKILL; starting it again")
    wait_for(
        lambda: any(
            line.startswith("launched ") and "portal.server" in line and pid != web
            for line, pid in first.processes().items()
        ),
        "a new web server",
    )

    assert first.stop() == 0
    assert first.processes() == {}

    second = launch()
    second.says("Ctrl-C")
    assert "Password" not in second.screen.read_text()
    assert all(password not in path.read_text(errors="replace") for path in second.data.rglob("*.log"))
    assert password.encode() not in (second.data / "arena.sqlite3").read_bytes()
    assert second.stop(signal.SIGINT) == 0


def test_nothing_outlives_a_launcher_that_is_killed(launch: Callable[..., Launched]) -> None:
    launched = launch()
    launched.says("Ctrl-C")
    launched.stop(signal.SIGKILL)
    wait_for(lambda: launched.processes() == {}, "the end of all processes")


def test_a_shared_redis_is_used_where_one_is_named(launch: Callable[..., Launched]) -> None:
    launched = launch(REDIS_URL=f"redis://127.0.0.1:{find_port()}/0", ARENA_WORKERS="0")
    launched.says("Ctrl-C")
    assert not any(Path(find_server()).name in line for line in launched.processes())
    assert launched.status_of("/status/") == 200
    assert launched.stop() == 0


def test_a_web_server_that_cannot_start_is_reported_with_the_end_of_its_log(launch: Callable[..., Launched]) -> None:
    launched = launch(DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert launched.process.wait(PATIENCE) == 1
    assert "A step of setting up failed" in launched.screen.read_text()
