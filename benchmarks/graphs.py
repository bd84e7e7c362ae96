"""Compare networks as operator graphs with the same networks as native checkpoints: ``python -m benchmarks.graphs``.

Both play the same episodes in alternation (A B A B). The benchmark prints the ratio of their processor times for each
pair of runs.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from typing import Any

import numpy as np

import mate
from mate import episodes
from mate.agents import batched
from policies import Action, Architecture, Checkpoint, Dimensions, Recipe
from policies.exporting import pack, to_onnx
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy

ARCHITECTURES = {
    "two layers (512, 256)": Architecture((512, 256)),
    "MAPPO (512, 256, LSTM 256)": Architecture((512, 256), memory="lstm", memory_size=256, skip_connection=True),
}


def make(architecture: Architecture) -> tuple[Checkpoint, Checkpoint]:
    """Return a native checkpoint with random weights, and the same network after a round trip through ONNX's format."""
    recipe = Recipe("camera", architecture, Action("levels", 5), Dimensions(4, 8, 9))
    random = np.random.default_rng(0)
    shapes = recipe.tensor_shapes
    native = Checkpoint(recipe, {name: random.normal(0, 0.05, shapes[name]).astype(np.float32) for name in shapes})
    return native, read_file(io.BytesIO(pack(*to_onnx(native)))).agents[0].checkpoint


def play(checkpoint: Checkpoint, seeds: int, steps: int) -> tuple[float, list[Any]]:
    """Return the seconds of processor time, and the results of the episodes."""
    start = time.process_time()
    results = episodes.play(
        mate.Scenario.load("MATE-4v8-9"),
        lambda scenario, size: BatchedPolicy(checkpoint, scenario, size),
        lambda scenario, size: batched.make("greedy", "target", scenario, size),
        list(range(seeds)),
        64,
        steps,
    )
    return time.process_time() - start, results


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graphs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--episodes", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    for name, architecture in ARCHITECTURES.items():
        native, graph = make(architecture)
        play(native, 2, 2), play(graph, 2, 2)  # warms up: loads and compiles
        ratios = []
        for _ in range(options.pairs):
            (before, own), (after, other) = (play(one, options.episodes, options.steps) for one in (native, graph))
            if [one.digest for one in own] != [one.digest for one in other]:
                print(f"{name}: the episodes differ")
                return 1
            ratios.append(after / before)
            print(f"{name}: native {before:.2f} s, graph {after:.2f} s, ratio {ratios[-1]:.2f}", flush=True)
        print(f"{name}: median ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
