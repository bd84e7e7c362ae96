"""Simulation of Windows or macOS for our own modules, without such a machine; libraries see the real system.

``pretend(system)`` is called in a separate process before any of our modules is imported. From then on the modules of
``mate`` and ``policies`` find no module, function or constant that the other system lacks, and see its name.
"""

from __future__ import annotations

import builtins
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_OURS = (str(ROOT / "mate") + os.sep, str(ROOT / "policies") + os.sep)

_ONLY_LINUX_OS = {
    *("eventfd", "fdatasync", "getrandom", "getresuid", "getxattr", "listxattr", "memfd_create", "pidfd_open", "pipe2"),
    *("posix_fadvise", "posix_fallocate", "sched_getaffinity", "sched_setaffinity", "sched_setscheduler", "setns"),
    *("setresuid", "setxattr", "unshare", "waitid", "O_DIRECT", "O_PATH", "O_TMPFILE"),
}
_ONLY_POSIX_OS = {
    *("WNOHANG", "WIFEXITED", "WIFSIGNALED", "WEXITSTATUS", "WTERMSIG", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW"),
    *(
        "O_NONBLOCK",
        "chown",
        "chroot",
        "ctermid",
        "fchdir",
        "fchmod",
        "fchown",
        "fork",
        "forkpty",
        "getegid",
        "geteuid",
    ),
    *("getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getsid", "getuid", "killpg", "lchown"),
    *("lockf", "mkfifo", "mknod", "nice", "openpty", "posix_spawn", "pread", "pwrite", "register_at_fork", "sendfile"),
    *("setegid", "seteuid", "setgid", "setpgid", "setpriority", "setsid", "setuid", "statvfs", "sync", "sysconf"),
    *("tcgetpgrp", "ttyname", "uname", "wait", "wait3", "wait4"),
}
_WINDOWS_SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
POSIX_MODULES = {
    *("_posixshmem", "_posixsubprocess", "crypt", "fcntl", "grp", "nis", "posix", "pty", "pwd", "readline", "resource"),
    *("spwd", "syslog", "termios", "tty"),
}


class _Shadow(ModuleType):
    """A module without some of its names, and with others replaced."""

    def __init__(self, real: ModuleType, absent: set[str], replaced: dict[str, Any] | None = None) -> None:
        super().__init__(real.__name__)
        self.__dict__.update({name: value for name, value in vars(real).items() if name not in absent})
        self.__dict__.update(replaced or {})


def _no_library(name: str | None, *arguments: Any, **options: Any) -> Any:
    raise TypeError(f"{name!r} is no library of this system")


class _LibraryWithoutLinux:
    """The C library of macOS, which lacks Linux's calls."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")


def _shadows(system: str) -> dict[str, ModuleType]:
    import ctypes
    import select
    import signal
    import socket

    signals = {name for name in vars(signal) if name.startswith("SIG") and name.isupper()}
    timers = {"alarm", "setitimer", "pause", "pthread_sigmask", "pthread_kill", "sigwait", "siginterrupt"}
    if system == "win32":
        return {
            "os": _Shadow(os, _ONLY_LINUX_OS | _ONLY_POSIX_OS, {"name": "nt"}),
            "sys": _Shadow(sys, {"abiflags"}, {"platform": "win32"}),
            "signal": _Shadow(signal, (signals | timers) - _WINDOWS_SIGNALS),
            "socket": _Shadow(socket, {"AF_UNIX"}),
            "select": _Shadow(select, {"poll", "epoll"}),
            "ctypes": _Shadow(ctypes, set(), {"CDLL": _no_library}),
        }
    return {
        "os": _Shadow(os, _ONLY_LINUX_OS),
        "sys": _Shadow(sys, set(), {"platform": "darwin"}),
        "signal": _Shadow(signal, {"SIGPWR", "SIGSTKFLT", "SIGPOLL", "SIGRTMIN", "SIGRTMAX", "sigtimedwait"}),
        "select": _Shadow(select, {"epoll"}),
        "ctypes": _Shadow(ctypes, set(), {"CDLL": lambda *arguments, **options: _LibraryWithoutLinux()}),
    }


def pretend(system: str) -> None:
    """Let our modules see ``win32`` or ``darwin`` from now on."""
    shadows = _shadows(system)
    absent = POSIX_MODULES if system == "win32" else {"nis", "spwd"}
    real_import = builtins.__import__

    def find(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        importer = str((globals or {}).get("__file__", ""))
        if importer.startswith(_OURS) and not level:
            if name.partition(".")[0] in absent:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            if name in shadows:
                return shadows[name]
        return real_import(name, globals, locals, fromlist, level)

    builtins.__import__ = find
