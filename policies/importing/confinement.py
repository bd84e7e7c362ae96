"""Giving up, for good, what reading a file does not need: memory, time, files, network.

Called by the reading process on itself once everything is imported. Resource limits always hold; a closed file system
(Landlock, Linux 5.13) and a network namespace of its own are added where the kernel offers them, and the answer says so.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from dataclasses import asdict, dataclass

from policies.importing.limits import Limits

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
_LANDLOCK_CREATE_RULESET_VERSION = 1

# How many of the rights to file systems each version of Landlock knows, and since which version it knows of TCP.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_NEWEST = 16
_TCP_SINCE, _TCP_RIGHTS = 4, 0b11


@dataclass(frozen=True)
class Confinement:
    """What was given up: bytes of memory, seconds of processor time, and whether files and network are out of reach."""

    memory: int
    cpu_seconds: int
    files_closed: bool
    network_closed: bool

    def to_json(self) -> dict[str, int | bool]:
        """As JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        files = "no access to files" if self.files_closed else "no files can grow"
        network = "no network" if self.network_closed else "network not closed by this kernel"
        return f"{self.memory // 2**20:,} MiB of memory, {self.cpu_seconds} s of processor time, {files}, {network}"


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_network() -> bool:
    """Move into an empty network namespace; whether the kernel allowed it. Call while there is a single thread."""
    libc = _libc()
    return libc.unshare(_CLONE_NEWNET) == 0 or libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0


def confine(limits: Limits, network_closed: bool) -> Confinement:
    """Apply the limits to this process. Open descriptors stay usable; no path can be opened afterwards with Landlock."""
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    for kind, bound in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
    ):
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (bound, bound))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    version = _close_files(libc)
    closed = network_closed or version >= _TCP_SINCE
    return Confinement(limits.memory, limits.cpu_seconds, files_closed=version > 0, network_closed=closed)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _close_files(libc: ctypes.CDLL) -> int:
    """Forbid every access to files by path (and to TCP where known); the version of Landlock, 0 where there is none."""
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
