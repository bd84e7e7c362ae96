"""The installation on this machine: data folder, address, numbers of workers and trainers."""

import contextlib
import errno
import fcntl
import os
import resource
import socket
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

CHECKOUT = Path(__file__).resolve().parent.parent.parent
IS_WHEEL = CHECKOUT.name == "application" and CHECKOUT.parent.name == "mate_arena"
"""Whether the portal was installed from a wheel. Nothing is ever written to its folder then."""


PROBE_BYTES = 1024 * 1024
"""Minimum number of free bytes. With less, setup would fail later with a less clear message."""


class LaunchRefused(Exception):
    """The portal cannot start. (Not a `mate.errors.UserError`, because importing the game takes seconds.)"""


@dataclass(frozen=True)
class LocalInstallation:
    """The checked settings from the environment variables.

    `redis_url` is None if REDIS_URL is not set; the launcher then starts a private Redis server. `name` is a host name
    that the website accepts.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    trainers: int = 1
    web_processes: int = 1
    redis_url: str | None = None
    name: str = "localhost"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "LocalInstallation":
        """Read the variables that the launcher needs. `portal.variables` has checked them before."""

        def number(name: str, default: int) -> int:
            return int(environment.get(name) or default)

        workers = number("ARENA_WORKERS", cls.workers)  # On a Ray cluster, one process submits the tasks of all.
        return cls(
            data=choose_data(environment),
            host=environment.get("ARENA_HOST") or cls.host,
            port=number("ARENA_PORT", cls.port),
            workers=min(workers, 1) if environment.get("ARENA_PLAY") == "ray" else workers,
            trainers=number("ARENA_TRAINING_SLOTS", cls.trainers),
            web_processes=number("ARENA_WEB_PROCESSES", cls.web_processes),
            redis_url=environment.get("REDIS_URL") or None,
            name=environment.get("ALLOWED_HOSTS", "").split(",")[0].strip(" *.") or cls.name,
        )

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def address(self) -> str:
        """The URL of the website for a browser on this machine."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def make_folders(self) -> None:
        if not str(self.data).isprintable():
            raise LaunchRefused(
                f"The data folder {str(self.data)!r} cannot be used: its path contains a line break or another "
                f"character "
                "that cannot be printed. Set ARENA_DATA to another folder."
            )
        try:
            self.data.mkdir(parents=True, exist_ok=True)
            self.data.chmod(0o700)
            self.logs.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=self.data) as probe:
                probe.write(b"0" * PROBE_BYTES)
        except OSError as error:
            raise LaunchRefused(
                f"The data folder {self.data} cannot be used: {error.strerror}. {advise(error)}"
            ) from error

    @contextlib.contextmanager
    def preparing(self) -> Iterator[None]:
        """Hold the lock on setting up this data folder; wait for it if another process has it."""
        with open(self.data / "preparation.lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def lock(self) -> TextIO:
        """Lock the data folder as long as the returned file is open.

        Even SIGKILL releases the lock. Raises LaunchRefused.
        """
        file = open(self.data / "launcher.lock", "a+")  # noqa: SIM115  (stays open on purpose)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise LaunchRefused(
                f"MATE Arena already runs on {self.data} (process {holder}). End it first, or set ARENA_DATA to "
                f"another folder."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return file

    def check_port(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise LaunchRefused(
                    f"Port {self.port} on {self.host} cannot be used: {error.strerror}. "
                    "End what uses it, or choose another: make run ARENA_PORT=8001"
                ) from error


def advise(error: OSError) -> str:
    """Return what to do about a data folder that cannot be used."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on its disk, or set ARENA_DATA to a folder on another."
    return "Set ARENA_DATA to a folder you may write to."


def choose_data(environment: Mapping[str, str]) -> Path:
    """Return the data folder.

    It is ARENA_DATA, else `data` in the checkout. For an installed wheel, it is in the user's data folder.
    """
    if named := environment.get("ARENA_DATA"):
        return Path(named).resolve()
    if not IS_WHEEL:
        return CHECKOUT / "data"
    users = environment.get("XDG_DATA_HOME") or Path(environment.get("HOME") or Path.home()) / ".local" / "share"
    return Path(users).resolve() / "mate-arena"


def folder_of(package: str) -> Path:
    """Return the folder of one of our packages. A wheel has the packages of the game next to `mate_arena`."""
    folder = CHECKOUT / package
    return CHECKOUT.parent.parent / package if IS_WHEEL and not folder.exists() else folder


def raise_open_files(most: int = 65536) -> None:
    """Raise the limit of open files for this process and its children, because each connection is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # Some systems refuse the limit that they report.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
