"""Compilation of the game's kernels, group by group, while the portal runs or before it starts."""

import contextlib
import os
import time
from collections.abc import Mapping

from . import commands, preparation
from .children import Child
from .installation import LocalInstallation

# The slowest first, so that two at a time finish earliest.
GROUPS = ("mate.engine", "mate.agents.batched", "tournament.warm", "policies.warm", "mate.batched")
NAMES = {
    "mate.agents.batched": "rule-based agents",
    "tournament.warm": "ratings",
    "policies.warm": "networks",
    "mate.engine": "engine",
    "mate.batched": "wrappers",
}
MOST_AT_ONCE = 2
"""Maximum number of groups that are compiled at once. The slowest group takes as long as all others together."""


class Warming:
    """The compilation: groups that wait, and groups that are being compiled.

    Meanwhile, a file in the data folder has the progress, which pages show. A failed group does not stop the others.
    Its kernels are compiled at their first use, and the next start tries again.
    """

    def __init__(self, installation: LocalInstallation, environment: Mapping[str, str]) -> None:
        self.environment = environment
        installation.logs.mkdir(parents=True, exist_ok=True)
        self.log = installation.logs / "compiling.log"
        self.notice = installation.data / "compiling"
        self.stamp = preparation.warm_stamp(environment)
        self.waiting = [] if self.stamp.exists() else list(GROUPS)
        self.running: list[Child] = []
        self.at_once = min(MOST_AT_ONCE, len(os.sched_getaffinity(0)))
        self.failures = 0
        self.tell()

    @property
    def is_done(self) -> bool:
        return not self.waiting and not self.running

    def step(self) -> list[str]:
        """Start the next groups; return a message for each group that has ended since the last call."""
        ended = [child for child in self.running if not child.is_running]
        self.running = [child for child in self.running if child.is_running]
        for child in ended:
            self.failures += child.process is not None and child.process.returncode != 0
        while self.waiting and len(self.running) < self.at_once:
            self.start(self.waiting.pop(0))
        if ended:
            self.tell()
            if self.is_done and not self.failures:
                preparation.renew(self.stamp)
        return [self.describe(child, len(ended) - number) for number, child in enumerate(ended, 1)]

    def start(self, group: str) -> None:
        child = Child(group, commands.warm(group), self.log, self.environment)
        child.start()
        self.running.append(child)

    def describe(self, child: Child, still_told: int) -> str:
        done = len(GROUPS) - len(self.waiting) - len(self.running) - still_told
        seconds = time.monotonic() - child.started
        assert child.process is not None
        told = "compiled" if child.process.returncode == 0 else f"could not be compiled (see {self.log})"
        return f"  {done} of {len(GROUPS)}: {NAMES[child.name]} {told}, {seconds:.0f} s"

    def tell(self) -> None:
        """Update the file with the progress. If the disk is full, only this notice is lost."""
        with contextlib.suppress(OSError):
            if self.is_done:
                self.notice.unlink(missing_ok=True)
            else:
                done = len(GROUPS) - len(self.waiting) - len(self.running)
                self.notice.write_text(f"{done} {len(GROUPS)}\n")

    def end(self) -> None:
        """Stop at once. Compiled groups stay."""
        for child in self.running:
            child.end(0)
        self.waiting, self.running = [], []
        self.tell()


def warm(installation: LocalInstallation, environment: Mapping[str, str]) -> None:
    """Compile all groups that are not compiled yet; return when all are done."""
    warming = Warming(installation, environment)
    if warming.is_done:
        return
    print("Compiling the game (once; one to two minutes)", flush=True)
    try:
        while not warming.is_done:
            for line in warming.step():
                print(line, flush=True)
            time.sleep(0.1)
    finally:
        warming.end()
