"""Comparison with the original on the same machine at the same time: ``--upstream CHECKOUT`` of the benchmarks.

The original needs gym 0.21 and NumPy 1, so it runs in a separate process, with an interpreter that the user names. Both
take turns, A B A B. Each pair of turns gives a ratio; the median and the range of these ratios are reported.
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
"""Processor seconds of a turn of the original: a thousand steps of the slowest agents would take eight."""


@dataclass(frozen=True)
class Beside:
    """The original's rate in the same unit, and for each pair of turns how many times as fast ours is."""

    value: float
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
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
        """Run a kind of loop once; rates are in units per second."""
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
    """Add the options that name the original."""
    parser.add_argument(
        "--upstream",
        type=Path,
        metavar="CHECKOUT",
        help="run the original from this folder in alternation, and print ratios",
    )
    parser.add_argument(
        *("--upstream-python",),
        type=Path,
        metavar="PATH",
        help="Python interpreter of the original (default: CHECKOUT/.venv/bin/python)",
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
    """Measure both in turn; return the median of ours, and the comparison with the original."""
    turns = [(upstream(), ours()) for _ in range(pairs)]
    ratios = tuple(own.by_processor / other.by_processor for other, own in turns)
    rates = [own.by_processor for _, own in turns]
    timing = Timing(median(rates), median(own.by_wall for _, own in turns), min(rates), max(rates))
    return timing, Beside(median(other.by_processor for other, _ in turns), ratios)


def measure_beside(
    work: Callable[[], float], repeats: int, loop: Loop | None, scenario: str, kind: str
) -> tuple[Timing, Beside | None]:
    """Time our work, in turn with the original's loop of that kind if there is one."""
    if loop is None:
        return measure(work, repeats), None
    work()
    return compare(lambda: measure(work, 1), lambda: loop.measure(scenario, kind), repeats)
