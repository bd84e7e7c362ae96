"""Identities of processes, unique among all machines, so that no process mistakes another's work for its own."""

from __future__ import annotations

import os
import platform
import secrets
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")
CPU = Path("/proc/cpuinfo")


def make_name(name: str) -> str:
    """Return a unique name for a process: processes started by the same command have the same ``name``."""
    return f"{name[:100]}/{secrets.token_hex(3)}"


def describe_process(pid: int | None = None) -> str:
    """Return a unique description of a process of this machine: boot, namespace, number and start time.

    It is empty if the process has ended, and on systems without `/proc`.
    """
    pid = os.getpid() if pid is None else pid
    try:
        place = f"{BOOT.read_text().strip()}/{NAMESPACE.stat().st_ino}"
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in "ZX" else f"{place}/{pid}/{words[19]}"


def has_ended(process: str) -> bool:
    """Return whether a described process is known to have ended.

    Nothing is known of processes of other machines: for them the answer is False.
    """
    here, parts = describe_process().split("/"), process.split("/")
    if len(here) != 4 or len(parts) != 4 or here[:2] != parts[:2] or not parts[2].isdigit():
        return False
    return describe_process(int(parts[2])) != process


def name_processor() -> str:
    """Return the name of the machine's processor, or its architecture if the system does not tell the name."""
    try:
        lines = CPU.read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names[0] if names else platform.machine())[:120]
