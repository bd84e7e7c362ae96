"""Every algorithm learns to play: real games, sampled, learned from, exported and played, better than random agents.

Two cameras stand in the middle of a map, and a slow target in the east. An agent has learned if it faces east.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mate.agents import batched
from mate.episodes import AgentFactory, play
from mate.scenario import Scenario
from policies import Checkpoint
from policies.inference import BatchedPolicy
from training.configuration import check, defaults
from training.private_ray import session
from training.runs import Course

EAST: dict[str, Any] = {
    "max_episode_steps": 60,
    "num_cargoes_per_target": 4,
    "camera": {
        "location": [[0, 0], [0, 400]],
        "min_viewing_angle": 60,
        "max_sight_range": 1500,
        "rotation_step": 10,
        "zooming_step": 5,
    },
    "target": {"location_random_range": [[600, 800, -50, 50]], "step_size": 2, "sight_range": 500},
}
QUICKLY = {
    "hidden_sizes": [32], "memory_size": 8, "message_size": 8, "message_key_size": 8, "message_value_size": 8,
    "levels": 3, "frame_skip": 2, "horizon": 30, "episodes_at_once": 64, "fragment_length": 15, "milestones": 1,
    "coefficient_coverage_rate": 1.0, "coefficient_real_coverage_rate": 0.0, "coefficient_raw_reward": 0.0,
    "reward_scale": 0.5, "gamma": 0.9, "learning_rate": 3e-3, "entropy_coefficient": 0.003, "minibatch_size": 256,
    "learning_starts": 900, "replay_size": 50_000, "target_period": 20, "updates": 24,
    "epsilon": [[0.0, 1.0], [0.5, 0.05], [1.0, 0.05]],
}  # fmt: skip
CONTINUOUS = {"target_period": 1, "target_rate": 0.02, "learning_rate": 1e-3, "updates": 64}
OWN: dict[str, dict[str, Any]] = {"maddpg": CONTINUOUS, "vdn": {"memory": "none"}}


@pytest.fixture(scope="module", autouse=True)
def ray():
    with session(1):
        yield


def train(folder: Path, algorithm: str, steps: int) -> Checkpoint:
    """The last milestone of a short training of cameras."""
    applying = defaults("quick", algorithm, "camera")
    settings = {name: value for name, value in (QUICKLY | OWN.get(algorithm, {})).items() if name in applying}
    configuration = check(
        {
            "scenario": EAST, "team": "camera", "algorithm": algorithm, "steps": steps, "cores": 1, "seed": 1,
            "hyperparameters": settings, "opponents": [{"name": "random"}],
        }
    )  # fmt: skip
    (folder / "configuration.json").write_text(json.dumps(configuration.to_json()))
    course = Course(folder, configuration, 1, ())
    course.go()
    course.algorithm.stop()
    return Checkpoint.load(max((folder / "milestones").glob("*.zip")))


def measure(camera: AgentFactory) -> float:
    """The share of time in which the target is in view."""
    results = play(Scenario.load(EAST), camera, partial(batched.make, "random", "target"), list(range(60)), 60)
    return float(np.mean([one.mean_coverage_rate for one in results]))


@pytest.mark.parametrize("algorithm", ["mappo", "tarmac", "i2c", "iql", "vdn", "qmix", "maddpg"])
def test_an_agent_learns_to_see_its_target(tmp_path: Path, algorithm: str) -> None:
    checkpoint = train(tmp_path, algorithm, 30_000)
    assert measure(partial(batched.make, "random", "camera")) < 0.7
    assert measure(partial(BatchedPolicy, checkpoint)) > 0.9
