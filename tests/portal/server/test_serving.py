"""The web server as a process: half-sent requests, many clients, few connections and files."""

import contextlib
import os
import resource
import signal
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.launcher.installation import raise_open_files
from tests import postgres
from tests.portal.served import Served, read_all, serve
from tests.portal.test_launcher import is_alive
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
THREADS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    with serve(folder, "--header-seconds=1", ARENA_WEB_THREADS=str(THREADS)) as running:
        yield running


def visit(server: Served, count: int, path: str = "/") -> set[int]:
    """The statuses of so many visits at the same time."""

    def one(_: int) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=100) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(count) as threads:
        return set(threads.map(one, range(count)))


@pytest.mark.parametrize(
    "half", ["GET / HTTP/1.1\r\nHost: localhost\r\n", "POST /sign-in/ HTTP/1.1\r\nHost: loc", ""], ids=str.split
)
def test_half_sent_requests_keep_nobody_out_and_are_ended(server: Served, half: str) -> None:
    with contextlib.ExitStack() as stack:
        lines = [stack.enter_context(server.connect()) for _ in range(300)]
        for line in lines:
            line.sendall(half.encode())
        assert visit(server, 1, "/help/") == {200}
        for line in lines:
            line.settimeout(20)
            assert read_all(line) == b""


@pytest.mark.parametrize("path", ["/sign-in/", "/api/v1/tournaments", "/nowhere/"])
def test_a_large_body_is_refused_before_it_is_sent(server: Served, path: str) -> None:
    head = f"POST {path} HTTP/1.1\nHost: localhost\nContent-Length: {64 * 1024**2}"
    with server.connect() as line:
        line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\nabc")
        assert b"413" in line.recv(4096).split(b"\r\n")[0]


@pytest.mark.parametrize(("path", "status"), [("/uploads/new/", b"302"), ("/api/v1/uploads", b"401")])
def test_a_file_of_nobody_is_not_waited_for(server: Served, path: str, status: bytes) -> None:
    with server.connect() as line:
        line.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n".encode())
        head = line.recv(4096)
    assert status in head.split(b"\r\n")[0]
    assert b"content-security-policy" in head and b"x-content-type-options: nosniff" in head


def test_two_hundred_visitors_are_answered_with_few_open_files(server: Served) -> None:
    assert visit(server, 200) == {200}
    assert len(server.open_files("arena.sqlite3")) <= 3 * (THREADS + 2)  # the database, its log and its index for each


def test_two_hundred_visitors_share_the_connections_of_a_small_postgresql(tmp_path: Path) -> None:
    if postgres.find_binaries() is None:
        pytest.skip("no PostgreSQL server")
    with postgres.cluster() as url, serve(tmp_path, DATABASE_URL=url, ARENA_WEB_THREADS=str(THREADS)) as server:
        assert visit(server, 200) == {200}
        count = (
            "from django.db import connection as c; k = c.cursor(); k.execute('SELECT count(*) FROM pg_stat_activity "
        )
        count += "WHERE backend_type = %s', ['client backend']); print(k.fetchone()[0])"
        assert int(server.manage("shell", "--command", count).splitlines()[-1]) <= THREADS + 3


def test_the_servers_processes_end_with_it_whatever_ended_it(tmp_path: Path) -> None:
    with serve(tmp_path, "--processes=2", has_tables=False) as server:
        wait_for(lambda: len(server.children) >= 2)
        children = server.children
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        wait_for(lambda: not any(map(is_alive, children)))


def test_a_process_that_dies_is_started_again(server: Served) -> None:
    (worker,) = server.children
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: worker not in server.children)
    server.wait_until_ready()
    assert visit(server, 1) == {200}


def test_the_launcher_allows_as_many_open_files_as_the_system_does() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        raise_open_files(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(1000, before[1]), before[1])
        raise_open_files(500)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(1000, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_client_that_says_nothing_holds_no_connection(server: Served) -> None:
    with server.connect() as line:
        line.settimeout(20)
        assert line.recv(1) == b""
    with server.connect() as line:  # nor does one that has been answered and asks for nothing more
        line.sendall(b"GET /help/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
        line.settimeout(20)
        assert read_all(line).startswith(b"HTTP/1.1 200")
