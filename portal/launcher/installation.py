"""Where the portal lives on this machine: its data folder, its address, its numbers of workers and trainers."""

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
"""Whether this is no checkout but what a wheel has installed: a folder that nothing is ever written to."""


PROBE_BYTES = 1024 * 1024
"""Less free space than this, and setting up would end half-way with other words."""


class LaunchRefused(Exception):
    """The portal cannot start as asked. (Not a `mate.errors.UserError`: importing the game costs seconds.)"""


@dataclass(frozen=True)
class LocalInstallation:
    """What the environment variables say, checked.

    `redis_url` is None when no Redis was named: the launcher then starts a private one.
    `name` is one under which the website is reached; it answers to no others.
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
        """Read the variables that the launcher itself needs; `portal.variables` has found that they make sense."""

        def number(name: str, default: int) -> int:
            return int(environment.get(name) or default)

        return cls(
            data=choose_data(environment),
            host=environment.get("ARENA_HOST") or cls.host,
            port=number("ARENA_PORT", cls.port),
            workers=number("ARENA_WORKERS", cls.workers),
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
        """What to type into a browser on this machine."""
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
        """Wait until nobody else sets up this data folder, and keep others waiting meanwhile."""
        with open(self.data / "preparation.lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def lock(self) -> TextIO:
        """Hold the data folder as long as the returned file is open; even SIGKILL gives it back."""
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
    """What to do about a data folder that cannot be used."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on its disk, or set ARENA_DATA to a folder on another."
    return "Set ARENA_DATA to a folder you may write to."


def choose_data(environment: Mapping[str, str]) -> Path:
    """The data folder.

    ARENA_DATA, else `data` in the checkout or, of an installed wheel, the user's own data folder.
    """
    if named := environment.get("ARENA_DATA"):
        return Path(named).resolve()
    if not IS_WHEEL:
        return CHECKOUT / "data"
    users = environment.get("XDG_DATA_HOME") or Path(environment.get("HOME") or Path.home()) / ".local" / "share"
    return Path(users).resolve() / "mate-arena"


def folder_of(package: str) -> Path:
    """Where one of our packages lies: a wheel has the game beside `mate_arena`."""
    folder = CHECKOUT / package
    return CHECKOUT.parent.parent / package if IS_WHEEL and not folder.exists() else folder


def raise_open_files(most: int = 65536) -> None:
    """Allow this process and those it starts as many open files as the system lets them have: a connection is a
    file.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # Some systems name a limit that they do not give.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
