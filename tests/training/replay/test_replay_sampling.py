"""Playing for a replay buffer: exactly as the exported agent plays, but for the exploration."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from mate.agents import batched
from mate.episodes import play
from mate.scenario import Scenario
from mate.streams import derive
from policies.inference import BatchedPolicy
from tests.training.runs import configure
from training.exporting import export
from training.opponents import opponents_of
from training.replay.maddpg import ActorCriticModule
from training.replay.q_learning import ValueModule
from training.replay.sampling import ReplaySampler
from training.sampling import EPISODES

CASES = [("iql", "target"), ("qmix", "camera"), ("hrl-vdn", "camera"), ("maddpg", "target"), ("maddpg", "camera")]


def make_sampler(configuration, exploration: float) -> ReplaySampler:
    torch.manual_seed(0)
    make = ActorCriticModule if configuration.algorithm == "maddpg" else ValueModule
    module = make(configuration)
    with torch.no_grad():
        if configuration.algorithm == "maddpg":
            module.actor.output.weight *= 100.0  # decisions that differ
    sampler = ReplaySampler(configuration, module, opponents_of(configuration, Path(".")), range(4))
    sampler.exploration = exploration
    sampler._limits[:] = 1000
    return sampler


@pytest.mark.parametrize(("algorithm", "team"), CASES)
def test_without_exploration_training_plays_as_the_exported_agent_does(algorithm, team) -> None:
    short = Scenario.load("MATE-2v4-0", max_episode_steps=20)
    changes = {"horizon": 1000, "fragment_length": 10}
    configuration = configure(algorithm=algorithm, team=team, scenario=short, hyperparameters=changes)
    sampler = make_sampler(configuration, 0.0)
    sampler.sample()
    trained = partial(BatchedPolicy, export(sampler.module, configuration, {}))
    opponent = partial(batched.make, "greedy", "target" if team == "camera" else "camera")
    seeds = [derive(configuration.seed, EPISODES, slot, 0) for slot in range(4)]
    pair = (trained, opponent) if team == "camera" else (opponent, trained)
    results = play(short, pair[0], pair[1], seeds)
    coverage = sampler.play.batch.coverage_rate_sum / 20
    assert coverage == pytest.approx([one.mean_coverage_rate for one in results], abs=1e-6)
    rewards = sampler.play.batch.target_team_episode_reward
    assert rewards == pytest.approx([one.target_reward for one in results], abs=1e-3)


def test_exploration_draws_choices_at_random_or_adds_noise() -> None:
    configuration = configure(algorithm="iql", hyperparameters={"episodes_at_once": 4})
    choices = np.concatenate([make_sampler(configuration, 1.0).sample().arrays["actions"].ravel() for _ in range(1)])
    assert len(set(choices.tolist())) > 10
    configuration = configure(algorithm="maddpg")
    quiet, noisy = (make_sampler(configuration, amount).sample().arrays["actions"] for amount in (0.0, 0.5))
    assert (np.abs(noisy) <= 1.0).all() and np.abs(noisy - quiet).mean() > 0.1


def test_a_fragment_tells_what_follows_and_whether_all_was_delivered() -> None:
    short = Scenario.load("MATE-2v4-0", max_episode_steps=6)
    experience = make_sampler(configure(algorithm="qmix", scenario=short), 1.0).sample()
    arrays = experience.arrays
    assert arrays["mask"].tolist() == [[True] * 4 + [False]] * 4
    assert not arrays["is_terminal"].any(), "the step limit cuts an episode, it does not end the game"
    assert arrays["obs_after"].shape == arrays["obs"][:, :, 0].shape and arrays["state_after"].any()
