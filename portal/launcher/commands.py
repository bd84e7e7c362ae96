"""Command lines of all processes of the portal, for `make run` and for containers."""

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from .installation import CHECKOUT, IS_WHEEL, LocalInstallation

# More workers add speed, more threads do not: a second thread per worker would only compete for the same cores.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
STOP_SECONDS = 2
OWN_SETTINGS = ("portal", "tests")
# Modules whose kernels are compiled ahead, besides the game's own.
WARMED = ("policies.warm", "tournament.warm")


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def manage(*arguments: str) -> list[str]:
    return python(str(CHECKOUT / "manage.py"), *arguments)


def web(installation: LocalInstallation) -> list[str]:
    """Return the command of the web server.

    A graceful stop has a time limit, because event streams never end by themselves.
    """
    return python(
        *("-m", "portal.server", "--host", installation.host, "--port", str(installation.port)),
        *("--processes", str(installation.web_processes), "--stop-seconds", str(STOP_SECONDS)),
    )


def worker(name: str) -> list[str]:
    return python("-m", "tasks.worker", name)


def trainer(name: str) -> list[str]:
    return manage("train", "--name", name)


def player(installation: LocalInstallation) -> list[str]:
    """Return the command of the player, which renders replays."""
    return python("-m", "tournament.recorder", str(installation.data))


def sweep() -> list[str]:
    return manage("sweep")


def password() -> list[str]:
    return manage("administrator", "--new-password")


def prepare() -> list[str]:
    return manage("prepare")


def warm(group: str) -> list[str]:
    """Return the command that compiles the kernels of one module."""
    return python("-m", "mate.warm", "--only", group)


def own_packages_first(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with our packages first in PYTHONPATH.

    It can add modules, such as agents, but not replace NumPy.
    """
    more = environment.get("PYTHONPATH")
    path = {"PYTHONPATH": os.pathsep.join([sysconfig.get_paths()["purelib"], more])} if more else {}
    return dict(environment) | path


def child_environment(installation: LocalInstallation, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of every process of the portal. Byte code and compiled kernels are always cached."""
    child = own_packages_first(environment)
    child.pop("PYTHONDONTWRITEBYTECODE", None)
    child |= {"ARENA_DATA": str(installation.data), "PYTHONUNBUFFERED": "1"}
    # The shell may be set up for another Django project.
    if child.get("DJANGO_SETTINGS_MODULE", "").split(".")[0] not in OWN_SETTINGS:
        child["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    for name in ONE_THREAD:
        child.setdefault(name, "1")
    if not child.get("NUMBA_CACHE_DIR") and (IS_WHEEL or not os.access(CHECKOUT, os.W_OK)):
        child["NUMBA_CACHE_DIR"] = str(installation.data / "kernels")
    if installation.redis_url:
        child["REDIS_URL"] = installation.redis_url
    return child


def become(command: list[str], environment: Mapping[str, str], folder: Path = CHECKOUT) -> None:
    """Replace this process by the command, so that the command is the first process of its container."""
    os.chdir(folder)
    os.execve(command[0], command, dict(environment))
