"""The same episodes in one batch and in separate wrapped environments."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import mate
from mate.engine import Batch
from mate.scenario import Scenario


def play_both(
    scenario: str, wrap: Callable[[Any], Any], seeds: list[int], steps: int
) -> Iterator[tuple[Batch, list[Any]]]:
    """Yield, after each step with random actions, the observed batch and the results of each wrapped environment."""
    batch, envs = Batch(Scenario.load(scenario), len(seeds)), [wrap(mate.make(f"{scenario}-v0")) for _ in seeds]
    batch.reset(np.array(seeds, np.uint64))
    for env, seed in zip(envs, seeds, strict=True):
        env.reset(seed=seed)
    generator = np.random.default_rng(0)
    for _ in range(steps):
        cameras = generator.uniform(-1, 1, batch.camera_location.shape) * [5.0, 2.5]
        targets = generator.uniform(-14, 14, batch.target_location.shape)
        batch.step(cameras, targets)
        batch.observe()
        yield batch, [env.step(pair) for env, pair in zip(envs, zip(cameras, targets, strict=True), strict=True)]
