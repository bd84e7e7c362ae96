"""Confinement of a process: limits on memory and time, and no access to files and network.

The reading process confines itself once it has imported everything. On Linux, resource limits always hold. A closed
file system (Landlock, Linux 5.13) and an empty network namespace are added if the kernel supports them. macOS enforces
some resource limits, Windows none. The result says which limits hold.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import asdict, dataclass

from policies.importing.limits import Limits

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
_LANDLOCK_CREATE_RULESET_VERSION = 1

# Number of file system rights in each version of Landlock's ABI, and the first version with rights for TCP.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_NEWEST = 16
_TCP_SINCE, _TCP_RIGHTS = 4, 0b11


@dataclass(frozen=True)
class Confinement:
    """The limits that hold.

    They are bytes of memory, seconds of processor time (None: not limited), and whether it is forbidden to make files
    grow, to open files and to use the network.
    """

    memory: int | None
    cpu_seconds: int | None
    files_bounded: bool
    files_closed: bool
    network_closed: bool

    def to_json(self) -> dict[str, int | bool | None]:
        """Return the fields by name."""
        return asdict(self)

    def __str__(self) -> str:
        memory = "memory not limited" if self.memory is None else f"{self.memory // 2**20:,} MiB of memory"
        time = "processor time not limited" if self.cpu_seconds is None else f"{self.cpu_seconds} s of processor time"
        files = "no files can grow" if self.files_bounded else "files not closed"
        files = "no access to files" if self.files_closed else files
        network = "no network" if self.network_closed else "network not closed by this kernel"
        return f"{memory}, {time}, {files}, {network}"


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends; only Linux supports this."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_network() -> bool:
    """Move into an empty network namespace; return whether the kernel allowed it. Call this with a single thread."""
    if sys.platform != "linux":
        return False
    libc = _libc()
    return bool(libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def confine(limits: Limits, network_closed: bool) -> Confinement:
    """Apply the limits to this process.

    Open descriptors stay usable. With Landlock, no path can be opened afterwards.
    """
    version = 0
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    kept = _limit_resources(limits)
    if sys.platform == "linux":
        version = _close_files(_libc())
    return Confinement(
        memory=limits.memory if "AS" in kept else None,
        cpu_seconds=limits.cpu_seconds if "CPU" in kept else None,
        files_bounded="FSIZE" in kept,
        files_closed=version > 0,
        network_closed=network_closed or version >= _TCP_SINCE,
    )


if sys.platform == "win32":

    def _limit_resources(limits: Limits) -> set[str]:
        """Return no limits: Windows has none."""
        return set()

else:
    import resource

    def _address_space() -> int:
        """Return the bytes of address space that this process uses already; 0 if the system does not tell."""
        try:
            with open("/proc/self/statm") as file:
                return int(file.read().split()[0]) * resource.getpagesize()
        except OSError:
            return 0

    def _limit_resources(limits: Limits) -> set[str]:
        """Apply resource limits; return the names of those that hold. Raises OSError on Linux, where all must hold."""
        kept: set[str] = set()
        for name, bound in (
            ("AS", _address_space() + limits.memory),
            ("CPU", limits.cpu_seconds),
            ("FSIZE", 0),
            ("CORE", 0),
            ("NOFILE", limits.open_files),
        ):
            kind = getattr(resource, f"RLIMIT_{name}")
            hard = resource.getrlimit(kind)[1]
            bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            # SIGKILL comes a second later, so that SIGXCPU tells the cause.
            last = bound + 1 if name == "CPU" and hard == resource.RLIM_INFINITY else bound
            try:
                resource.setrlimit(kind, (bound, last))
            except (OSError, ValueError):
                if sys.platform == "linux":
                    raise
            else:
                kept.add(name)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        if sys.platform == "darwin":
            kept.discard("AS")  # macOS accepts the limit and does not enforce it
        return kept


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _close_files(libc: ctypes.CDLL) -> int:
    """Forbid all access to files by path, and to TCP if supported; return Landlock's version, 0 if it is missing."""
    version = libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_CREATE_RULESET_VERSION)
    if version <= 0:
        return 0
    attributes = _RulesetAttributes((1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS_NEWEST)) - 1, 0, 0)
    size = 8
    if version >= _TCP_SINCE:
        attributes.handled_access_net, size = _TCP_RIGHTS, 16
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return 0
    is_restricted = libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return version if is_restricted else 0
