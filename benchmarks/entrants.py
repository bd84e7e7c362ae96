"""The agents of benchmarks: built-in agents, and networks of the sizes in MATE's published training.

Genuine checkpoints are read from the folder that ``ARENA_REFERENCE_DATA`` names, if they are there. Otherwise a network
has the genuine architecture and random weights, which cost the same to play.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from mate.agents import batched
from mate.episodes import AgentFactory
from mate.scenario import Scenario
from policies import Action, Architecture, Checkpoint, Dimensions, Preprocessing, Recipe
from policies.importing import read
from policies.inference import BatchedPolicy

Team = Literal["camera", "target"]

ROOT = Path(__file__).resolve().parent.parent
GENUINE = {
    ("mappo", "camera"): "mappo_camera_long_s0.slim.zip",
    ("hrl-mappo", "camera"): "hrl_mappo_camera_s0.slim.zip",
    ("mappo", "target"): "mappo_target_s0.slim.tar.gz",
}
ARCHITECTURE = Architecture((512, 256), "tanh", "lstm", 256, skip_connection=True)
FRAME_SKIP = {"camera": 5, "target": 10}


def builtin(name: str, team: Team) -> AgentFactory:
    """Return a rule-based team."""
    return lambda scenario, size: batched.make(name, team, scenario, size)


def network(kind: str, team: Team) -> AgentFactory:
    """Return a team of networks: the genuine checkpoint if it exists and fits the scenario, else random weights."""
    return lambda scenario, size: BatchedPolicy(checkpoint_for(kind, team, scenario), scenario, size)


def checkpoint_for(kind: str, team: Team, scenario: Scenario) -> Checkpoint:
    """Return the checkpoint of a kind, ``mappo`` or ``hrl-mappo``, for a team in a scenario."""
    dimensions = Dimensions(scenario.num_cameras, scenario.num_targets, scenario.num_obstacles)
    genuine = genuine_checkpoint(kind, team)
    if genuine is not None and genuine.recipe.scenario == dimensions:
        return genuine
    return random_checkpoint(kind, team, dimensions, seed=0)


@cache
def genuine_checkpoint(kind: str, team: Team) -> Checkpoint | None:
    """Return the published checkpoint; None if its file is missing."""
    folder = Path(os.environ.get("ARENA_REFERENCE_DATA") or ROOT.parent / "shared") / "checkpoints" / "public"
    path = folder / GENUINE.get((kind, team), "none")
    return read(path).agents[0].checkpoint if path.is_file() else None


@cache
def random_checkpoint(
    kind: str, team: Team, dimensions: Dimensions, seed: int, architecture: Architecture = ARCHITECTURE
) -> Checkpoint:
    """Return a network with random weights, by default of the genuine architecture."""
    recipe = Recipe(
        team,
        architecture,
        Action("select-many") if kind == "hrl-mappo" else Action("levels", 5),
        dimensions,
        frame_skip=FRAME_SKIP[team],
        preprocessing=Preprocessing(relative_coordinates=True, rescaled=True),
    )
    generator = np.random.default_rng(seed)
    weights = {
        name: generator.normal(0, shape[-1] ** -0.5, shape).astype(np.float32)
        for name, shape in recipe.tensor_shapes.items()
    }
    return Checkpoint(recipe, weights)
