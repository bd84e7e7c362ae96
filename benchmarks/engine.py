"""Measure the speed of the bare engine under random actions: ``python -m benchmarks.engine``.

A step takes the actions of both teams, computes the whole state of the game, and returns the observations of both
teams. A reset with sight tables also builds the inner and outer boundary of every camera. Play computes a boundary only
when it is needed. With ``--upstream``, the original runs in alternation with the batch of the default size and with
resets.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks import table, upstream
from benchmarks.clock import measure
from mate import VectorEnv
from mate.engine import Batch
from mate.episodes import BATCH_SIZE
from mate.scenario import Scenario
from mate.streams import derive

WANTED_BEST = {"MATE-4v8-9": 400_000.0, "MATE-8v8-9": 250_000.0}
WANTED_SINGLE = {"MATE-4v8-9": 100_000.0}
WANTED_RESET_MS = {"MATE-4v8-9": 1.0}
WANTED_BYTES = {"MATE-4v8-9": 20_000.0}
ACTION_SETS = 16


def draw_actions(scenario: Scenario, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw random actions over the full range of both teams, for several steps."""
    generator = np.random.default_rng(0)
    turn, zoom = scenario.camera_rotation_step, scenario.camera_zooming_step
    cameras = (ACTION_SETS, size, scenario.num_cameras, 2)
    targets = (ACTION_SETS, size, scenario.num_targets, 2)
    return list(
        zip(
            generator.uniform(-1, 1, cameras) * (turn, zoom),
            generator.uniform(-1, 1, targets) * scenario.target_step_size,
            strict=True,
        )
    )


def step_batch(scenario: Scenario, size: int) -> Callable[[], float]:
    """Return a function that plays ``ACTION_SETS`` steps of a batch with observations."""
    batch, actions = Batch(scenario, size), draw_actions(scenario, size)
    batch.reset([derive(0, slot) for slot in range(size)])

    def work() -> float:
        for camera_actions, target_actions in actions:
            batch.step(camera_actions, target_actions)
            batch.observe()
        if batch.done.any():
            batch.reset([derive(0, slot) for slot in range(size)])
        return ACTION_SETS * size

    return work


def step_vector_env(scenario: Scenario, size: int, dtype: type = np.float64) -> Callable[[], float]:
    """Return a function that does the same through ``mate.VectorEnv``, with observations of this type."""
    env, actions = VectorEnv(scenario, size, dtype=dtype), draw_actions(scenario, size)

    def work() -> float:
        for camera_actions, target_actions in actions:
            env.step(camera_actions, target_actions)
        return ACTION_SETS * size

    return work


def reset_batch(scenario: Scenario, with_tables: bool) -> Callable[[], float]:
    """Return a function that resets one of 16 slots 16 times, with or without the cameras' sight tables."""
    batch, slots = Batch(scenario, 16), [np.array([slot]) for slot in range(16)]
    seeds = [np.array([derive(0, slot)], np.uint64) for slot in range(16)]

    def work() -> float:
        for number in range(16):
            batch.reset(seeds[number], slots[number])
            if with_tables:
                for camera in range(scenario.num_cameras):
                    batch.sight_table(number, camera)
                    batch.sight_table(number, camera, outer=True)
        return 16.0

    return work


def bytes_per_episode(scenario: Scenario) -> float:
    """Return the bytes of a running episode: its state, and both teams' observations and actions."""
    sizes = [_bytes_of(scenario, size) for size in (64, 128)]
    return (sizes[1] - sizes[0]) / 64


def _bytes_of(scenario: Scenario, size: int) -> int:
    batch = Batch(scenario, size)
    buffers = [*batch._buffers, batch.camera_observation, batch.target_observation]
    return sum(buffer.nbytes for buffer in buffers) + 16 * size * (scenario.num_cameras + scenario.num_targets)


def figures_of(name: str, sizes: list[int], repeats: int, loop: upstream.Loop | None) -> Iterator[table.Figure]:
    """Yield all figures of one scenario."""
    scenario = Scenario.load(name)
    timings = {size: measure(step_batch(scenario, size), repeats) for size in sizes}
    best = max(timings, key=lambda size: timings[size].by_processor)
    for size, timing in timings.items():
        wanted = WANTED_BEST.get(name) if size == best else None
        yield table.rate(f"{name}, batch of {size}", "steps/s", timing, wanted=wanted)
    if loop is not None:
        work = step_batch(scenario, BATCH_SIZE)
        timing, beside = upstream.measure_beside(work, repeats, loop, name, "random")
        yield table.rate(f"{name}, batch of {BATCH_SIZE}, in turn with the original", "steps/s", timing, beside)
    single = measure(step_vector_env(scenario, 1), repeats)
    yield table.rate(f"{name}, VectorEnv of 1", "steps/s", single, wanted=WANTED_SINGLE.get(name))
    many = measure(step_vector_env(scenario, best), repeats)
    yield table.rate(f"{name}, VectorEnv of {best}", "steps/s", many)
    small = measure(step_vector_env(scenario, best, np.float32), repeats)
    yield table.rate(f"{name}, VectorEnv of {best}, float32", "steps/s", small)
    for what, with_tables in (("reset", False), ("reset and all sight tables", True)):
        timing, reset = upstream.measure_beside(reset_batch(scenario, with_tables), repeats, loop, name, "reset")
        beside = reset and upstream.Beside(1e3 / reset.value, reset.ratios)
        wanted = WANTED_RESET_MS.get(name) if with_tables else None
        yield table.Figure(f"{name}, {what}", 1e3 * timing.seconds_each, "ms", upstream=beside, wanted=wanted)
    memory = bytes_per_episode(scenario)
    yield table.Figure(f"{name}, an episode in flight", memory, "bytes", wanted=WANTED_BYTES.get(name))


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--scenarios", nargs="+", default=["MATE-4v8-9", "MATE-8v8-9", "MATE-2v4-0"], metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 16, 32, 64, 256], metavar="B", help="batch sizes")
    parser.add_argument("--repeats", type=int, default=5, metavar="N")
    table.add_options(parser)
    upstream.add_options(parser)
    options = parser.parse_args()
    loop = upstream.open_loop(options)
    found = [figure for name in options.scenarios for figure in figures_of(name, options.sizes, options.repeats, loop)]
    if loop is not None:
        loop.end()
    table.report(found, options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
