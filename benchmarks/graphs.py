"""Compare networks as operator graphs with the same networks as native checkpoints: ``python -m benchmarks.graphs``.

Both play the same episodes in alternation (A B A B), and both compute the same rows of observations alone. The
benchmark prints the median and the range of the ratios of their processor times. The exit status is 1 if they play
differently, or if the layers alone take more than ``MOST`` times as long.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import mate
from mate import episodes
from mate.agents import batched
from policies import Action, Architecture, Checkpoint, Dimensions, Recipe
from policies.exporting import pack, to_onnx
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy
from policies.networks import network_of

SCENARIO = "MATE-4v8-9"
LAYERS = "two layers (512, 256)"
ARCHITECTURES = {
    LAYERS: Architecture((512, 256)),
    "MAPPO (512, 256, LSTM 256)": Architecture((512, 256), memory="lstm", memory_size=256, skip_connection=True),
}
MOST = 1.5
"""Maximum ratio of the layers alone."""


def make(architecture: Architecture) -> tuple[Checkpoint, Checkpoint]:
    """Return a native checkpoint with random weights, and the same network after a round trip through ONNX's format."""
    recipe = Recipe("camera", architecture, Action("levels", 5), Dimensions(4, 8, 9))
    random = np.random.default_rng(0)
    shapes = recipe.tensor_shapes
    native = Checkpoint(recipe, {name: random.normal(0, 0.05, shapes[name]).astype(np.float32) for name in shapes})
    return native, read_file(io.BytesIO(pack(*to_onnx(native)))).agents[0].checkpoint


def play(checkpoint: Checkpoint, size: int, seeds: int, steps: int) -> list[int]:
    """Play episodes in batches of ``size``. Return their digests."""
    results = episodes.play(
        mate.Scenario.load(SCENARIO),
        lambda scenario, size: BatchedPolicy(checkpoint, scenario, size),
        lambda scenario, size: batched.make("greedy", "target", scenario, size),
        list(range(seeds)),
        size,
        steps,
    )
    return [one.digest for one in results]


def compute(checkpoint: Checkpoint, size: int, decisions: int) -> list[bytes]:
    """Compute the decisions of the camera teams of ``size`` episodes. Return the last outputs and states."""
    network = network_of(checkpoint, Dimensions(4, 8, 9))
    rows = np.random.default_rng(1).uniform(-1, 1, (4 * size, checkpoint.recipe.input_size)).astype(np.float32)
    memory = np.zeros((len(rows), network.memory_size), np.float32)
    for _ in range(decisions):
        outputs = network.forward(rows, memory)
    return [outputs.tobytes(), memory.tobytes()]


def compare(work: Callable[[Checkpoint], Any], pair: Sequence[Checkpoint], turns: int) -> list[float] | None:
    """Return the ratios of the processor times of graph and native, in turn; None if their results differ."""
    ratios = []
    for turn in range(turns + 1):  # the first one warms up
        seconds, found = [], []
        for checkpoint in reversed(pair) if turn % 2 else pair:
            start = time.process_time()
            found.append(work(checkpoint))
            seconds.append(time.process_time() - start)
        if found[0] != found[1]:
            return None
        ratios.append(seconds[0] / seconds[1] if turn % 2 else seconds[1] / seconds[0])
    return ratios[1:]


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graphs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--sizes", nargs="+", type=int, default=[32, 64], metavar="B", help="batch sizes")
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    failed = False
    for name, architecture in ARCHITECTURES.items():
        pair = make(architecture)
        for size in options.sizes:
            works = {
                "alone": lambda one, size=size: compute(one, size, 12_800 // size),
                "matches": lambda one, size=size: play(one, size, options.episodes, options.steps),
            }
            for what, work in works.items():
                ratios = compare(work, pair, options.pairs)
                if ratios is None:
                    print(f"{name}, {what}, batches of {size}: the results differ")
                    return 1
                ratio = statistics.median(ratios)
                failed |= name == LAYERS and what == "alone" and ratio > MOST
                print(
                    f"{name}, {what}, batches of {size}: graph takes {ratio:.2f} times as long as native "
                    f"({min(ratios):.2f} to {max(ratios):.2f})",
                    flush=True,
                )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
