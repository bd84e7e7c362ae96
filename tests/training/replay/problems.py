"""Small problems whose solutions are known, as fragments for a replay learner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.training.runs import configure
from training.configuration import HYPERPARAMETERS
from training.experience import Experience
from training.learners import build
from training.replay.learner import ReplayLearner

LENGTH = 5


def make_learner(algorithm: str, **hyperparameters: Any) -> ReplayLearner:
    """A learner for two cameras that see nothing but what a problem shows them."""
    usual = {"hidden_sizes": [32], "fragment_length": LENGTH, "replay_size": 5000, "updates": 400, "levels": 3}
    usual |= {"learning_rate": 3e-3, "target_period": 20, "minibatch_size": 256, "gradient_clip": 0.0}
    usual = {name: value for name, value in usual.items() if HYPERPARAMETERS[name].applies_to(algorithm, "camera")}
    learner = build(configure(algorithm=algorithm, hyperparameters=usual | hyperparameters), Path("."), 1)
    assert isinstance(learner, ReplayLearner)
    return learner


def play(
    learner: ReplayLearner,
    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray],
    reward: Callable[[np.ndarray, np.ndarray], np.ndarray],
    count: int = 200,
    is_terminal: bool = True,
) -> Experience:
    """Fragments with drawn actions (R, N, T, P); the first entry of an observation is 0 or 1, and in the state.

    ``reward`` of observed entries (R, N, T) and actions gives the members' rewards (R, N, T).
    """
    random = np.random.default_rng(0)
    recipe = learner.team_module.recipe
    members, width, states = learner.team_module.num_members, recipe.observation_size, recipe.dimensions.state_size
    shown = random.integers(0, 2, (count, members, LENGTH + 1))
    obs = np.zeros((count, members, LENGTH + 1, width), np.float32)
    obs[..., 0] = shown
    state = np.zeros((count, LENGTH + 1, states), np.float32)
    state[..., :members] = shown.transpose(0, 2, 1)
    actions = draw(random, (count, members, LENGTH))
    arrays = {
        "obs": obs[:, :, :-1],
        "obs_after": obs[:, :, -1],
        "state": state[:, :-1],
        "state_after": state[:, -1],
        "actions": actions,
        "rewards": reward(shown[:, :, :-1], actions).astype(np.float32),
        "mask": np.ones((count, LENGTH), np.bool_),
        "is_terminal": np.full((count, LENGTH), is_terminal),
        "actor_memory": np.zeros((count, members, learner.team_module.memory_width), np.float32),
    }
    return Experience(arrays, count * LENGTH)
