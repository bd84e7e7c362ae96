"""Hosts that must do no harm: without the storage, with a wrong clock, another engine version or wrong results."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class Stranger:
    """A worker on a host of its own, and the status page's message about it."""

    name: str
    said: str
    """Regular expression that the status page's message must match."""
    environment: Mapping[str, str]
    command: tuple[str, ...] = ()
    may_play: bool = False


def odd(kind: str) -> tuple[str, ...]:
    """Return the command of a worker that misbehaves on purpose."""
    return sys.executable, "-m", "benchmarks.faults.odd_worker", kind


def wrong_clock(offset: str) -> dict[str, str]:
    """Return environment variables that shift a process's clock; monotonic clocks stay right, as on a real machine."""
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip


STRANGERS = (
    Stranger("no-storage", "storage does not have the portal's files", {"ARENA_FILES": "s3://arena/elsewhere"}),
    Stranger("newer-engine", "waiting for tournaments of engine version next", {}, odd("newer")),
    Stranger("wrong-result", "quarantined", {}, odd("wrong"), may_play=True),
    Stranger("slow-clock", "clock is 4[3-7] s slow", wrong_clock("-45s"), may_play=True),
    Stranger("fast-clock", "clock is 10 min fast", wrong_clock("+600s"), may_play=True),
)
"""The workers with a wrong clock play, and must lose nothing. The one with wrong results plays until it is found."""


def check_machine() -> None:
    """Raise SystemExit if this machine cannot shift clocks."""
    if not FAKETIME.exists():
        raise SystemExit("There is no libfaketime. On Debian: apt install faketime")


def read_rows(page: str) -> dict[str, str]:
    """Return the status page's message about each host's workers, by name of the host."""
    found: dict[str, str] = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]*>", " ", row).replace("&#x27;", "'").split())
        if name := re.match(r"worker@([\w-]+)/", words):
            found[name[1]] = f"{found.get(name[1], '')} {words}"
    return found
