"""Compare the speed of this checkout with that of another one: ``python -m benchmarks.against OTHER``.

OTHER is the folder of another checkout, such as a worktree of an earlier commit. The two checkouts are measured in
alternation, so other load on the machine affects both. A rate is the best rate of a process, in steps per second of
processor time. The ratio compares the medians over the turns. The exit status is 1 if the bare engine runs at less than
0.98 of the other checkout's rate, or if a match of greedy teams runs at less than 0.95 of it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

WANTED = {"engine": 0.98, "greedy": 0.95, "heuristic": 0.95}
PROGRAM = """
import json, sys, time
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
    for _ in range(1000):
        batch.step(cameras, targets)
        batch.observe()
    return 32 * 1000

def match(name):
    factories = partial(make, name, "camera"), partial(make, name, "target")
    return sum(result.steps for result in play(scenario, *factories, range(32), 32, 500))

def rate(work):
    best = 0.0
    for _ in range(4):
        start = time.process_time()
        steps = work()
        best = max(best, steps / (time.process_time() - start))
    return best

works = {"engine": engine, "greedy": partial(match, "greedy"), "heuristic": partial(match, "heuristic")}
print(json.dumps({name: rate(work) for name, work in works.items()}))
"""


def measure(checkout: Path) -> dict[str, float]:
    """Return steps per second by name, measured in a process of the checkout."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    parser.add_argument("other", type=Path, metavar="OTHER")
    parser.add_argument("--turns", type=int, default=5, metavar="N")
    options = parser.parse_args()
    checkouts = {"this": Path(__file__).resolve().parent.parent, "other": options.other.resolve()}
    for checkout in checkouts.values():
        measure(checkout)  # compiles the kernels that are not compiled yet
    turns = [[measure(checkout) for checkout in checkouts.values()] for _ in range(options.turns)]
    is_slower = False
    for name, wanted in WANTED.items():
        ours, theirs = (median(turn[place][name] for turn in turns) for place in range(len(checkouts)))
        is_slower |= ours < wanted * theirs
        print(f"{name:10} {ours:12,.0f} steps/s, other {theirs:12,.0f}: ratio {ours / theirs:.3f}, wanted {wanted}")
    return 1 if is_slower else 0


if __name__ == "__main__":
    sys.exit(main())
