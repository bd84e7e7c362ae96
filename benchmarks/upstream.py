"""The original beside ours, on the same machine in the same minutes: ``--upstream CHECKOUT`` of the benchmarks.

The original needs gym 0.21 and NumPy 1, so it runs in a process of its own, with an interpreter that the user names.
Both take turns, A B A B; a ratio is of one turn of each, and what is told are the median of the pairs and their range.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.clock import Timing, measure

LOOP = Path(__file__).with_name("upstream_loop.py")
OURS = Path(__file__).resolve().parent.parent
UPSTREAM_SECONDS = 2.0
"""Processor time of a turn of the original: a thousand steps of the slowest agents would take eight."""


@dataclass(frozen=True)
class Beside:
    """What the original does in the same unit, and how many times as fast ours is, pair by pair."""

    value: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the pairs."""
        return median(self.ratios)


class Loop:
    """A process that runs ``benchmarks/upstream_loop.py`` with the `mate` of a checkout."""

    def __init__(self, checkout: Path, python: Path) -> None:
        environment = os.environ | {"PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [str(python), str(LOOP)],
            cwd=checkout,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def measure(self, scenario: str, kind: str, seconds: float = UPSTREAM_SECONDS) -> Timing:
        """Let it run once; rates are units a second."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"scenario": scenario, "kind": kind, "seconds": seconds}) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise SystemExit(
                "The loop of the original ended; its error stands above. docs/performance.md says what it needs."
            )
        found = json.loads(answer)
        rate = found["units"] / found["processor"]
        return Timing(rate, found["units"] / found["wall"], rate, rate)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that name the original."""
    parser.add_argument("--upstream", type=Path, metavar="CHECKOUT", help="run the original in turn and print ratios")
    parser.add_argument(
        *("--upstream-python",), type=Path, metavar="PATH", help="its interpreter (default: CHECKOUT/.venv/bin/python)"
    )


def open_loop(options: argparse.Namespace) -> Loop | None:
    """Start the original's process; None without ``--upstream``."""
    if options.upstream is None:
        return None
    checkout = options.upstream.resolve()
    python = options.upstream_python or checkout / ".venv" / "bin" / "python"
    if not (checkout / "mate" / "__init__.py").is_file() or not python.is_file():
        raise SystemExit(
            f"{checkout} is no checkout of the original, or {python} no interpreter; see docs/performance.md."
        )
    return Loop(checkout, python.absolute())


def open_ours() -> Loop:
    """Start the same loop with our `mate`."""
    return Loop(OURS, Path(sys.executable))


def compare(ours: Callable[[], Timing], upstream: Callable[[], Timing], pairs: int) -> tuple[Timing, Beside]:
    """Measure both in turn; the median of ours, and the original beside it."""
    turns = [(upstream(), ours()) for _ in range(pairs)]
    ratios = tuple(own.by_processor / other.by_processor for other, own in turns)
    rates = [own.by_processor for _, own in turns]
    timing = Timing(median(rates), median(own.by_wall for _, own in turns), min(rates), max(rates))
    return timing, Beside(median(other.by_processor for other, _ in turns), ratios)


def measure_beside(
    work: Callable[[], float], repeats: int, loop: Loop | None, scenario: str, kind: str
) -> tuple[Timing, Beside | None]:
    """Time our work, in turn with the original's of that kind where there is one."""
    if loop is None:
        return measure(work, repeats), None
    work()
    return compare(lambda: measure(work, 1), lambda: loop.measure(scenario, kind), repeats)
