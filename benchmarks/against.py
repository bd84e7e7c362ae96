"""Compare the speed of this checkout with that of another one: ``python -m benchmarks.against OTHER``.

OTHER is the folder of another checkout, such as a worktree of an earlier commit. Each checkout has a process of its
own, and the two work in alternation (A B B A), a fifth of a second at a time, so other load on the machine affects
both. A ratio is that of the rates of a pair, in steps per second of processor time; the result is the median. The exit
status is 1 if the bare engine runs at less than 0.98 of the other checkout's rate, or if a match of rule-based teams
runs at less than 0.95 of it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import IO

WANTED = {"engine": 0.98, "greedy": 0.95, "heuristic": 0.95}
PROGRAM = """
import sys, time
from functools import partial
import numpy as np
from mate.agents.batched import make
from mate.engine import Batch
from mate.episodes import play
from mate.scenario import Scenario

scenario = Scenario.load("MATE-4v8-9")

def engine():
    batch, generator = Batch(scenario, 32), np.random.default_rng(0)
    cameras = generator.uniform(-1, 1, (32, 4, 2)) * (5, 2.5)
    targets = generator.uniform(-20, 20, (32, 8, 2))
    batch.reset(range(32))
    for _ in range(4000):
        batch.step(cameras, targets)
        batch.observe()
    return 32 * 4000

def match(name, episodes):
    factories = partial(make, name, "camera"), partial(make, name, "target")
    return sum(result.steps for result in play(scenario, *factories, range(episodes), 32, 500))

works = {"engine": engine, "greedy": partial(match, "greedy", 128), "heuristic": partial(match, "heuristic", 32)}
for work in works.values():
    work()
print("ready", flush=True)
for name in sys.stdin:
    start = time.process_time()
    steps = works[name.strip()]()
    print(steps / (time.process_time() - start), flush=True)
"""


@contextmanager
def open_checkout(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a process that answers the name of a work with its rate. It has compiled what it needs."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        _read(process.stdout)
        yield process


def _read(stream: IO[str] | None) -> str:
    line = stream.readline() if stream else ""
    if not line:
        raise SystemExit("A checkout's process ended early; its error is above.")
    return line


def _measure(process: subprocess.Popen[str], name: str) -> float:
    assert process.stdin is not None
    print(name, file=process.stdin, flush=True)
    return float(_read(process.stdout))


def compare(other: Path, turns: int) -> int:
    """Print the ratios of this checkout's rates to another's. Return 1 if one is less than wanted, else 0."""
    is_slower = False
    with open_checkout(Path(__file__).resolve().parent.parent) as this, open_checkout(other.resolve()) as that:
        for name, wanted in WANTED.items():
            ours: list[float] = []
            theirs: list[float] = []
            for turn in range(turns):
                for process, rates in ((this, ours), (that, theirs)) if turn % 2 else ((that, theirs), (this, ours)):
                    rates.append(_measure(process, name))
            ratios = [one / two for one, two in zip(ours, theirs, strict=True)]
            low, ratio, high = quantiles(ratios, n=4)
            is_slower |= ratio < wanted
            print(
                f"{name:10} {median(ours):12,.0f} steps/s, other {median(theirs):12,.0f}: ratio {ratio:.3f}, wanted "
                f"{wanted}; half of {turns} pairs between {low:.3f} and {high:.3f}",
                flush=True,
            )
    return int(is_slower)


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("other", type=Path, metavar="OTHER")
    parser.add_argument("--turns", type=int, default=40, metavar="N")
    options = parser.parse_args()
    return compare(options.other, options.turns)


if __name__ == "__main__":
    sys.exit(main())
