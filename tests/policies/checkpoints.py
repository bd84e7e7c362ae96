"""Small native checkpoints with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from policies import Action, Architecture, Checkpoint, Dimensions, Recipe

MAPPO = Architecture((9, 7), memory="lstm", memory_size=5, skip_connection=True)
IPPO = Architecture((9, 7), memory="lstm", memory_size=5)
QMIX = Architecture((6,), "relu", "gru", 6)
IQL = Architecture((9, 7), head="dueling", head_size=5)
SMALL = Dimensions(2, 4, 1)


@dataclass(frozen=True)
class Sizes:
    """What inference reads of a scenario."""

    num_cameras: int = 2
    num_targets: int = 4
    num_obstacles: int = 1
    enhanced_observation: str = "none"


def make_recipe(**changes: Any) -> Recipe:
    """A recipe of a small MAPPO camera, with changes."""
    values: dict[str, Any] = {
        "team": "camera",
        "architecture": MAPPO,
        "action": Action("levels", 5),
        "scenario": SMALL,
    } | changes
    return Recipe(**values)


def make_checkpoint(seed: int = 0, scale: float = 0.4, **changes: Any) -> Checkpoint:
    """A checkpoint with random weights."""
    recipe = make_recipe(**changes)
    generator = np.random.default_rng(seed)
    shapes = recipe.tensor_shapes
    return Checkpoint(recipe, {name: generator.normal(0, scale, shapes[name]).astype(np.float32) for name in shapes})


def make_observations(recipe: Recipe, size: int, seed: int = 0) -> np.ndarray:
    """Plausible raw observations (size, N, D) of a recipe's team."""
    generator = np.random.default_rng(seed)
    dimensions, count = recipe.scenario, recipe.scenario.team_size(recipe.team)
    observations = generator.uniform(-1000, 1000, (size, count, recipe.observation_size))
    observations[..., :3] = dimensions.cameras, dimensions.targets, dimensions.obstacles
    observations[..., 3] = np.arange(count)
    own = observations[..., 13:22] if recipe.team == "camera" else observations[..., 13:27]
    if recipe.team == "camera":
        own[..., 5:] = generator.uniform([30, 1000, 2, 1], [120, 1500, 10, 5], (size, count, 4))
        records = observations[..., 22 : 22 + 5 * dimensions.targets].reshape(size, count, -1, 5)
        records[..., 4] = generator.integers(0, 2, records.shape[:-1])
    else:
        own[..., 4] = generator.uniform(10, 25, (size, count))
    return observations
