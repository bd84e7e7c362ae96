"""Processes that are forked from one which has loaded everything."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.launcher.children import Child
from portal.launcher.installation import CHECKOUT
from portal.launcher.preloading import ForkedChild, Preloader
from tests.portal.test_launcher import FOREVER, is_alive
from tests.waiting import wait_for

REPORT = """
import json, os, sys
private = sum(int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("Private"))
print(json.dumps({"argv": sys.argv, "has_numba": "numba" in sys.modules, "private": private, "session": os.getsid(0)}))
"""


@pytest.fixture(scope="module")
def preloader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Preloader]:
    started = Preloader(tmp_path_factory.mktemp("preloader") / "preloader.log", dict(os.environ))
    started.start()
    wait_for(started.look, started.last_lines())
    yield started
    started.end(0)


@pytest.fixture
def fork(preloader: Preloader, tmp_path: Path) -> Iterator[Callable[..., ForkedChild]]:
    made: list[Child] = []

    def make(program: str, *arguments: str) -> ForkedChild:
        file = tmp_path / "program.py"
        file.write_text(program)
        child = ForkedChild(preloader, "child", [sys.executable, str(file), *arguments], tmp_path / "child.log")
        made.append(child)
        assert child.is_due
        child.start()
        return child

    yield make
    for one in made:
        one.end(0)


def test_a_fork_runs_its_command_with_everything_loaded_in_shared_memory(fork: Callable[..., ForkedChild]) -> None:
    child = fork(REPORT, "--name", "x")
    wait_for(lambda: not child.is_running)
    told = json.loads(child.log.read_text())
    assert child.process is not None and child.process.returncode == 0
    assert told["argv"] == [child.command[1], "--name", "x"]
    assert told["has_numba"] and told["session"] == child.process.pid
    assert told["private"] < 40_000, "kB of its own; a process that loads it all by itself has 110,000"


def test_how_a_fork_ended_is_told_and_its_traceback_is_in_its_log(fork: Callable[..., ForkedChild]) -> None:
    child = fork("raise ValueError('broken')")
    wait_for(lambda: not child.is_running)
    assert "ended with status 1" in (child.note_death() or "")
    assert "ValueError: broken" in child.log.read_text()
    child = fork("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    wait_for(lambda: not child.is_running)
    assert "was ended by SIGKILL" in (child.note_death() or "")


def test_a_fork_can_be_asked_to_end(fork: Callable[..., ForkedChild]) -> None:
    child = fork(
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint('up')\n"
        "while True: time.sleep(1)"
    )
    wait_for(lambda: child.log.exists() and "up" in child.log.read_text())
    child.signal(signal.SIGTERM)
    wait_for(lambda: not child.is_running)
    assert "ended with status 7" in (child.note_death() or "")


def test_forks_outlive_the_preloader_and_others_wait_for_the_next(tmp_path: Path) -> None:
    preloader = Preloader(tmp_path / "preloader.log", dict(os.environ))
    (tmp_path / "program.py").write_text(FOREVER)
    command = [sys.executable, str(tmp_path / "program.py")]
    first, second = (ForkedChild(preloader, name, command, tmp_path / f"{name}.log") for name in ("one", "two"))
    try:
        preloader.start()
        wait_for(preloader.look)
        first.start()
        preloader.signal(signal.SIGKILL)
        wait_for(lambda: not preloader.is_running)
        assert not second.is_due
        assert "preloader was ended by SIGKILL" in (preloader.note_death() or "")
        assert first.is_running
        preloader.start()
        wait_for(lambda: second.is_due)
        second.start()
        assert second.is_running and first.is_running
    finally:
        for child in (first, second, preloader):
            child.end(0)


def test_forks_end_with_a_launcher_that_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "forever.py"
    program.write_text(FOREVER)
    launcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, pathlib, sys, time\n"
            "from portal.launcher.preloading import ForkedChild, Preloader\n"
            f"folder = pathlib.Path({str(tmp_path)!r})\n"
            "preloader = Preloader(folder / 'preloader.log', os.environ)\n"
            "preloader.start()\n"
            "while not preloader.look(): time.sleep(0.02)\n"
            f"child = ForkedChild(preloader, 'c', [sys.executable, {str(program)!r}], folder / 'log')\n"
            "child.start()\n"
            "print(preloader.process.pid, child.process.pid, flush=True)\n" + FOREVER,
        ],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout is not None
    with launcher.stdout:
        pids = [int(word) for word in launcher.stdout.readline().split()]
    assert len(pids) == 2 and all(map(is_alive, pids))
    launcher.kill()
    launcher.wait()
    wait_for(lambda: not any(map(is_alive, pids)))
