"""A real broker and real worker processes, on the test's own database."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.db import connection
from kombu import pools

from portal.launcher import commands
from portal.launcher.broker import find_server
from tasks.app import app
from tests.trials import builtins, make_tournament, scenario  # noqa: F401  Fixtures.
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lose_connections() -> Callable[[], None]:
    """Ends all other connections to the database, as its server does when it is started again."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections that could be lost")

    def lose() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    return lose


class Broker:
    """A Redis server of the test's own; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"redis+socket://{folder}/redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = f'port 0\nunixsocket {self.folder}/redis.sock\nunixsocketperm 700\nsave ""\ndir {self.folder}\n'
        (self.folder / "redis.conf").write_text(options)
        self.process = subprocess.Popen([find_server(), self.folder / "redis.conf"], stdout=subprocess.DEVNULL)
        wait_for(self.answers, "the broker")

    def answers(self) -> bool:
        try:
            return bool(redis.Redis(unix_socket_path=f"{self.folder}/redis.sock").ping())
        except redis.ConnectionError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A running broker, which this process's application sends its hints to."""
    folder = Path(tempfile.mkdtemp(prefix="arena-"))  # A socket's path must be short.
    broker = Broker(folder)
    broker.start()
    before = app.conf.broker_url
    app.conf.broker_url = broker.url
    reset_pool()
    try:
        yield broker
    finally:
        app.conf.broker_url = before
        reset_pool()
        broker.kill()
        shutil.rmtree(folder, ignore_errors=True)


def reset_pool() -> None:
    """Let the application connect anew."""
    pools.reset()
    app._pool = None
    app.amqp._producer_pool = None


def database_url() -> str:
    """The test's database, for other processes."""
    facts = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{facts['NAME']}"
    host = quote(str(facts["HOST"]), safe="")
    return f"postgres://{facts['USER']}:{facts['PASSWORD']}@{host}:{facts['PORT']}/{facts['NAME']}"


class Workers:
    """Worker processes of the test's own."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        return self.run(commands.worker(name), name, environment)

    def start_sweep(self) -> subprocess.Popen[bytes]:
        return self.run([sys.executable, "manage.py", "sweep", "--every", "0.3"], "sweep", {})

    def run(self, command: list[str], name: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment | environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def workers(broker: Broker, tmp_path: Path, transactional_db: None) -> Iterator[Workers]:
    """Starts workers and sweeps that use the test's database and broker; all are ended with the test."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "REDIS_URL": broker.url,
        "ARENA_DATA": str(settings.DATA_DIR),
        "ARENA_LEASE_SECONDS": "2",
        "OMP_NUM_THREADS": "1",
    }
    started = Workers(environment, tmp_path)
    try:
        yield started
    finally:
        started.end()
