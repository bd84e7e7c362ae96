"""Playing the trained team against opponents of its own in every episode."""

from functools import partial
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch

from mate.agents import batched
from mate.episodes import play
from mate.scenario import Scenario
from mate.streams import derive
from policies.compatibility import dimensions_of
from policies.inference import BatchedPolicy
from tests.training.runs import configure
from training.experience import Experience
from training.exporting import export
from training.module_classes import module_class_of
from training.modules import TeamModule
from training.opponents import opponents_of
from training.sampling import EPISODES, Sampler

ALGORITHMS = [
    ("hrl-mappo", "camera"),
    ("hrl-ippo", "camera"),
    ("mappo", "camera"),
    ("ippo", "target"),
    ("mappo", "target"),
    ("tarmac", "target"),
    ("hrl-tarmac", "camera"),
    ("i2c", "camera"),
]


def make_module(configuration) -> TeamModule:
    torch.manual_seed(0)
    module = module_class_of(configuration)(
        observation_space=gym.spaces.Box(-1, 1, (1,)),
        action_space=gym.spaces.Discrete(2),
        model_config={"configuration": configuration},
    )
    with torch.no_grad():
        for name, tensor in module.actor.named_parameters():
            if name in ("output.weight", "choice.1.weight"):
                tensor *= 100.0  # decisions that differ
    return module


def make_sampler(configuration, slots: range | None = None) -> Sampler:
    opponents = opponents_of(configuration, Path("."))
    module = make_module(configuration).scenarios[0]
    return Sampler(configuration, module, opponents, slots or range(configuration["episodes_at_once"]))


@pytest.mark.parametrize(("algorithm", "team"), ALGORITHMS)
def test_experience_has_a_row_for_each_episode(algorithm, team) -> None:
    configuration = configure(algorithm=algorithm, team=team)
    experience = make_sampler(configuration).sample()
    members = dimensions_of(configuration.scenario).team_size(team)
    assert experience.arrays["obs"].shape[:3] == (4, members, 5)
    assert experience.decisions == 4 * members * 5 and experience.steps == 4 * 5 * 2
    for name in ("log_probability", "advantages", "value_targets"):
        array = experience.arrays[name]
        assert array.shape == (4, members, 5) and array.dtype == np.float32 and np.isfinite(array).all()


def test_what_a_slot_plays_does_not_depend_on_the_others() -> None:
    configuration = configure(opponents=[{"name": "naive"}, {"name": "greedy"}])
    together = make_sampler(configuration)
    parts = [make_sampler(configuration, slots) for slots in (range(1), range(1, 4))]
    for _ in range(6):
        whole, joined = together.sample(), Experience.join([part.sample() for part in parts])
        assert whole.steps == joined.steps
        for name in ("actions", "mask"):
            assert (whole.arrays[name] == joined.arrays[name]).all()
        assert whole.arrays["advantages"] == pytest.approx(joined.arrays["advantages"], abs=1e-4)


def test_a_run_of_the_same_seed_repeats_and_of_another_differs() -> None:
    first, again, other = (make_sampler(configure(seed=seed)).sample().arrays["obs"] for seed in (1, 1, 2))
    assert (first == again).all() and (first != other).any()


WAYS = {
    "entities that take poses": ("hrl-mappo", "camera", {"architecture": "entity", "selection": "pose"}),
    "one target, seen": ("hrl-ippo", "camera", {"selection": "one", "action_masks": "unseen", "egocentric": "yes"}),
    "relative poses": ("mappo", "camera", {"actions": "pose", "memory": "none"}),
    "numbers": ("mappo", "camera", {"actions": "box", "egocentric": "yes"}),
    "numbers of targets": ("ippo", "target", {"actions": "box"}),
    "entities of targets": ("mappo", "target", {"architecture": "entity", "egocentric": "yes", "pooling": "attention"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_acting_plays_as_its_exported_agent(way) -> None:
    algorithm, team, hyperparameters = WAYS[way]
    compare_with_a_match(algorithm, team, hyperparameters)


@pytest.mark.parametrize(("algorithm", "team"), ALGORITHMS)
def test_training_plays_as_the_exported_agent_does(algorithm, team) -> None:
    compare_with_a_match(algorithm, team, {})


def compare_with_a_match(algorithm, team, changes) -> None:
    """The same seed, the same draws: a whole episode has the same trajectory in training and in a match."""
    scenario = {"max_episode_steps": 20}

    short = Scenario.load("MATE-2v4-0", **scenario)
    hyperparameters = {"horizon": 1000, "fragment_length": 10} | changes
    configuration = configure(algorithm=algorithm, team=team, scenario=short, hyperparameters=hyperparameters)
    sampler = make_sampler(configuration)
    sampler._limits[:] = 1000
    sampler.sample()
    checkpoint = export(sampler.module.module, configuration, {})
    seeds = [derive(configuration.seed, EPISODES, slot, 0) for slot in range(4)]
    trained = partial(BatchedPolicy, checkpoint)
    opponent = partial(batched.make, "greedy", "target" if team == "camera" else "camera")
    pair = (trained, opponent) if team == "camera" else (opponent, trained)
    results = play(short, pair[0], pair[1], seeds)
    assert [one.steps for one in results] == [20] * 4
    coverage = sampler.play.batch.coverage_rate_sum / 20
    assert coverage == pytest.approx([one.mean_coverage_rate for one in results], abs=1e-6)
    rewards = sampler.play.batch.target_team_episode_reward
    assert rewards == pytest.approx([one.target_reward for one in results], abs=1e-3)


def test_an_episode_that_ends_leaves_the_rest_of_its_fragment_empty() -> None:

    short = Scenario.load("MATE-2v4-0", max_episode_steps=6)  # upstream ends after one step more
    sampler = make_sampler(configure(scenario=short))
    sampler._limits[:] = 1000
    experience = sampler.sample()
    assert experience.arrays["mask"].tolist() == [[True] * 4 + [False]] * 4
    assert experience.finished.episodes == experience.finished.complete == 4 and experience.steps == 4 * 7
    assert experience.decisions == 4 * 2 * 4
    again = sampler.sample()
    assert sampler.episodes.tolist() == [2] * 4
    assert not again.arrays["actor_memory"].any() and not again.arrays["critic_memory"].any()


def test_episodes_are_cut_at_the_horizon_and_at_first_at_different_moments() -> None:
    sampler = make_sampler(configure(hyperparameters={"episodes_at_once": 40, "horizon": 20}))
    cut = [sampler.sample().finished.episodes for _ in range(4)]
    assert sum(cut) >= 40 and max(cut) < 40


def test_rewards_are_composed_and_scaled_as_asked() -> None:
    coefficients = {"coefficient_raw_reward": 0, "coefficient_coverage_rate": 0, "coefficient_real_coverage_rate": 0}
    constant = coefficients | {"coefficient_num_tracked": 1e-9, "gamma": 0.0, "gae_lambda": 0.0}
    experience = make_sampler(configure(hyperparameters=constant)).sample()
    assert experience.arrays["value_targets"] == pytest.approx(0.0, abs=1e-6)
    raw = coefficients | {"coefficient_raw_reward": 1, "gamma": 0.0, "gae_lambda": 0.0}
    single, double = (
        make_sampler(configure(hyperparameters=raw | {"reward_scale": scale})).sample().arrays["value_targets"]
        for scale in (1.0, 2.0)
    )
    assert single.any() and double == pytest.approx(2 * single, abs=1e-3)


def test_advantages_are_standardised_over_the_decisions_that_were_made() -> None:
    experience = make_sampler(configure(hyperparameters={"episodes_at_once": 8})).sample()
    experience.arrays["mask"][0, 2:] = False
    experience.standardise_advantages()
    made = experience.arrays["advantages"].transpose(0, 2, 1)[experience.arrays["mask"]]
    assert made.mean() == pytest.approx(0.0, abs=1e-5) and made.std() == pytest.approx(1.0, abs=1e-4)


def test_a_critic_of_individual_rewards_has_a_value_for_each_member() -> None:
    configuration = configure(algorithm="mappo", team="target", hyperparameters={"reduction": "none"})
    module = make_module(configuration)
    assert module.critic.output.out_features == 4
    experience = make_sampler(configuration).sample()
    assert experience.arrays["value_targets"].shape == (4, 4, 5)
