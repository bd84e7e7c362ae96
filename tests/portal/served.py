"""A real web server for one test, with its own data folder and port."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from portal.launcher.commands import ONE_THREAD
from portal.launcher.installation import CHECKOUT
from tests.settings import PROCESS

PATIENCE = 120.0
DATABASE = "arena.sqlite3"


class Served:
    """The processes of one web server."""

    def __init__(self, folder: Path, *options: str, has_tables: bool = True, **settings: str) -> None:
        self.data, self.port = folder / "data", find_port()
        self.data.mkdir(exist_ok=True)
        plain = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        names = {
            "ARENA_DATA": str(self.data),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "ARENA_TEST_PROCESS": PROCESS,
        }
        self.environment = plain | names | dict.fromkeys(ONE_THREAD, "1") | settings
        if has_tables and "DATABASE_URL" in settings:
            self.manage("migrate", "--verbosity=0")
        elif has_tables:
            (self.data / DATABASE).write_bytes(migrated_database())
        self.log = open(folder / "web.log", "wb")  # noqa: SIM115  (closed with the server)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.server", f"--port={self.port}", *options],
            cwd=CHECKOUT, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True,
        )  # fmt: skip
        self.wait_until_ready()

    def manage(self, *arguments: str, told: str = "") -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=CHECKOUT, env=self.environment, input=told, capture_output=True, text=True, check=True
        )
        return done.stdout

    def look_up(self, query: str) -> Any:
        """Return the first value of the first row that a query of its SQLite database finds."""
        with closing(sqlite3.connect(self.data / DATABASE, timeout=PATIENCE)) as connection:
            return connection.execute(query).fetchone()[0]

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/help/", timeout=30).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise AssertionError(f"no web server:\n{Path(self.log.name).read_text()}")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def ask(self, head: str, body: bytes = b"") -> bytes:
        """Send one request and read until the server closes the connection."""
        with self.connect() as line:
            line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
            return read_all(line)

    @property
    def children(self) -> list[int]:
        folders = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(word) for folder in folders for word in folder.read_text().split()]

    def open_files(self, word: str) -> list[str]:
        """The files whose names hold a word that the server's processes have open."""
        links = [link for pid in self.children for link in Path(f"/proc/{pid}/fd").iterdir()]
        return [name for link in links if word in (name := read_link(link))]

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


@cache
def migrated_database() -> bytes:
    """Return SQLite's file with all tables and no rows of people. Making it takes seconds, so it is made once."""
    with tempfile.TemporaryDirectory(prefix="arena-") as folder:
        plain = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        names = {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "tests.settings", "ARENA_TEST_PROCESS": PROCESS}
        command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(command, cwd=CHECKOUT, env=plain | names, check=True)
        return (Path(folder) / DATABASE).read_bytes()


@contextmanager
def serve(folder: Path, *options: str, has_tables: bool = True, **settings: str) -> Iterator[Served]:
    server = Served(folder, *options, has_tables=has_tables, **settings)
    try:
        yield server
    finally:
        server.end()


def read_link(link: Path) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def read_all(line: socket.socket) -> bytes:
    received = b""
    while piece := line.recv(65536):
        received += piece
    return received


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
