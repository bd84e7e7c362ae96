"""A temporary PostgreSQL cluster for the tests, in a temporary folder and only on a Unix socket."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

# A test's database need not survive a power cut.
HASTE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
START_SECONDS = 30


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: Debian's newest, or the one on the PATH, or None."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextlib.contextmanager
def cluster(haste: bool = True) -> Iterator[str]:
    """Run a cluster; yield the DATABASE_URL of an empty database. Without `haste` it syncs as in production.

    The server refuses to run as root, so root runs it as another user. Raises FileNotFoundError without server
    programs.
    """
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("No PostgreSQL server was found. On Debian: apt install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="arena-pg-"))
    as_user = drop_root(folder)
    try:
        options = ["-U", "arena", "--auth=trust", "--no-sync", "-E", "UTF8"]
        initialise = [str(binaries / "initdb"), "-D", str(folder / "data"), *options]
        subprocess.run([*as_user, *initialise], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        server = start(binaries, folder, as_user, HASTE if haste else {"max_connections": "200"})
        try:
            wait_until_ready(binaries, folder, server)
            yield f"postgres://arena@{quote(str(folder), safe='')}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # do not wait for clients
            server.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def drop_root(folder: Path) -> list[str]:
    """Return a prefix that makes a command run as another user than root, who becomes the folder's owner."""
    if os.geteuid() != 0:
        return []
    known = {user.pw_name for user in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def start(binaries: Path, folder: Path, as_user: list[str], chosen: dict[str, str]) -> subprocess.Popen[bytes]:
    settings = [f"-c{name}={value}" for name, value in chosen.items()]
    command = [
        str(binaries / "postgres"),
        "-D",
        str(folder / "data"),
        "-k",
        str(folder),
        "-c",
        "listen_addresses=",
        *settings,
    ]
    with open(folder / "log", "wb") as log:
        return subprocess.Popen([*as_user, *command], cwd=folder, stdout=log, stderr=log)


def wait_until_ready(binaries: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run([binaries / "pg_isready", "-q", "-h", folder]).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.05)


def main() -> int:
    """`python -m tests.postgres COMMAND...`: run a command with DATABASE_URL naming a cluster of its own."""
    with cluster() as url:
        return subprocess.run(sys.argv[1:], env=os.environ | {"DATABASE_URL": url}).returncode


if __name__ == "__main__":
    sys.exit(main())
