"""Deterministic actors and their critics find the known answer to a small problem, and are exported as they are."""

from pathlib import Path

import numpy as np
import pytest
import torch

from policies import Checkpoint
from tests.training.replay.problems import make_learner, play
from training.exporting import export
from training.replay.learner import ReplayLearner


def draw_actions(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.uniform(-1.0, 1.0, (*shape, 2)).astype(np.float32)


def make(**changes) -> ReplayLearner:
    usual = {
        "target_period": 1,
        "target_rate": 0.05,
        "updates": 200,
        "learning_rate": 3e-3,
        "error_clip": 0.0,
        "activation": "relu",
    }
    return make_learner("maddpg", **usual | changes)


def actions_of(learner: ReplayLearner, shown: int) -> np.ndarray:
    """The actions (N, 2) of members who all see the same."""
    module = learner.team_module
    obs = torch.zeros(module.num_members, module.recipe.observation_size)
    obs[:, 0] = shown
    with torch.no_grad():
        return module.act(obs, torch.zeros(module.num_members, 0))[0][:, :2].numpy()


def test_each_member_learns_an_action_of_its_own() -> None:
    learner = make()
    wanted = np.array([[1.0, -1.0], [-1.0, 1.0]])
    learner.remember(play(learner, draw_actions, lambda shown, actions: (actions * wanted[:, np.newaxis]).sum(axis=-1)))
    learner.update()
    for shown in (0, 1):
        assert actions_of(learner, shown) == pytest.approx(wanted, abs=0.2)
    figures = learner.update()
    assert figures["value_loss"] < 0.1, "both critics know what an action is worth"


def test_the_exported_actors_are_those_that_were_trained(tmp_path) -> None:
    learner = make()
    checkpoint = export(learner.team_module, learner.configuration, {})
    checkpoint.save(tmp_path / "agent.zip")
    other = make(hidden_sizes=[32])
    other.team_module.load_actor(Checkpoint.load(Path(tmp_path / "agent.zip")).weights)
    assert np.array_equal(actions_of(other, 1), actions_of(learner, 1))
