"""Hosts that should do no harm: without the storage, with a wrong clock, of another engine version."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class Stranger:
    """A worker on a host of its own, and what the status page says about it."""

    name: str
    said: str
    """A pattern."""
    environment: Mapping[str, str]
    command: tuple[str, ...] = ()
    may_play: bool = False


def odd(kind: str) -> tuple[str, ...]:
    """The command of a worker that is odd on purpose."""
    return sys.executable, "-m", "benchmarks.faults.odd_worker", kind


def wrong_clock(offset: str) -> dict[str, str]:
    """What makes a process's clock wrong by so much; steady clocks stay right, as on a real machine."""
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1"}  # fmt: skip


STRANGERS = (
    Stranger("no-storage", "storage does not have the portal's files", {"ARENA_FILES": "s3://arena/elsewhere"}),
    Stranger("newer-engine", "waiting for tournaments of engine version next", {}, odd("newer")),
    Stranger("wrong-result", "quarantined", {}, odd("wrong"), may_play=True),
    Stranger("slow-clock", "clock is 4[3-7] s slow", wrong_clock("-45s"), may_play=True),
    Stranger("fast-clock", "clock is 10 min fast", wrong_clock("+600s"), may_play=True),
)
"""Those with a wrong clock play, and must lose nothing; the wrong one plays until it is found."""


def check_machine() -> None:
    """Raise SystemExit where clocks cannot be made wrong."""
    if not FAKETIME.exists():
        raise SystemExit("There is no libfaketime. On Debian: apt install faketime")


def read_rows(page: str) -> dict[str, str]:
    """What a status page says of each host's workers, by the name of the host."""
    found: dict[str, str] = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]*>", " ", row).replace("&#x27;", "'").split())
        if name := re.match(r"worker@([\w-]+)/", words):
            found[name[1]] = f"{found.get(name[1], '')} {words}"
    return found
