"""A live portal with a worker, and a client that uses it."""

import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from mate_arena import ArenaClient
from portal.models import ApiToken
from tasks import checking, playing
from tests.client.cutting import Line, line_to
from tests.policies.checkpoints import make_checkpoint
from tests.portal.conftest import (  # noqa: F401  Fixtures.
    agents,
    alice,
    bob,
    own_files,
    pairing,
    played,
    real_episode,
    real_replay,
    scenario,
    tournament,
)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Use a private configuration folder, and no portal from the environment."""
    for name in ("ARENA_URL", "ARENA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path / "settings"


@pytest.fixture
def token(alice: User) -> str:  # noqa: F811
    return ApiToken.issue(alice, "tests")[1]


@pytest.fixture
def arena(live_server: Any, token: str) -> Iterator[ArenaClient]:
    with ArenaClient(live_server.url, token) as client:
        yield client


@pytest.fixture
def line(live_server: Any) -> Iterator[Line]:
    with line_to(live_server.thread.host, live_server.thread.port) as line:
        yield line


@pytest.fixture
def worker(live_server: Any, settings: Any) -> Iterator[None]:
    """A worker in a thread of this process. Its death fails the test, which would wait for it for ever."""
    settings.ARENA_BLOCK_SIZE = 4
    is_over = threading.Event()
    deaths: list[str] = []

    def labour() -> None:
        try:
            while not is_over.is_set():
                if not (checking.check_next() or playing.play_next()):
                    is_over.wait(0.05)
        except BaseException:
            deaths.append(traceback.format_exc())
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
        finally:
            connections.close_all()

    def report(*unused: Any) -> None:
        pytest.fail(f"The worker died:\n{deaths.pop()}", pytrace=False)

    before = signal.signal(signal.SIGUSR1, report)
    thread = threading.Thread(target=labour)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A small checkpoint that can play in MATE-2v4-0."""
    from policies import Dimensions

    path = tmp_path / "checkpoint.zip"
    path.write_bytes(make_checkpoint(scenario=Dimensions(2, 4, 0)).to_bytes())
    return path


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    live_server: Any, token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command line against the live portal; return its exit code and what it printed on both streams."""
    from mate_arena.cli import run

    monkeypatch.setenv("ARENA_URL", live_server.url)
    monkeypatch.setenv("ARENA_TOKEN", token)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return command
