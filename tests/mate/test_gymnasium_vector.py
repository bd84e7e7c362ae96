"""Many episodes of one team as one of Gymnasium's vector environments."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

from mate.agents.batched import make
from mate.batched.team_play import Layers
from mate.engine import Batch
from mate.interfaces.gymnasium_vector import GymnasiumVectorEnvironment
from mate.messages import Team
from mate.scenario import Scenario
from mate.streams import TEAM, derive

GREEDY_TARGETS = partial(make, "greedy", "target")
GREEDY_CAMERAS = partial(make, "greedy", "camera")
SHORT = Scenario.load("MATE-4v2-9", max_episode_steps=3)


def cameras(num_envs: int = 3, scenario: Any = SHORT, **layers: Any) -> GymnasiumVectorEnvironment:
    return GymnasiumVectorEnvironment(scenario, num_envs, "camera", GREEDY_TARGETS, Layers(**layers))


@pytest.mark.parametrize(
    "layers", [{}, {"levels": 5}, {"selection": "many"}, {"selection": "one"}, {"rescaled": True, "frame_skip": 2}]
)
def test_observations_and_actions_are_of_the_declared_spaces(layers: dict[str, Any]) -> None:
    env = cameras(**layers)
    assert isinstance(env, VectorEnv) and env.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    observations, _ = env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(6):
        assert observations in env.observation_space and observations[0] in env.single_observation_space
        actions = env.action_space.sample()
        assert actions[0] in env.single_action_space
        observations, rewards, terminations, truncations, _ = env.step(actions)
        assert rewards.shape == terminations.shape == truncations.shape == (3,)
        assert terminations.dtype == truncations.dtype == bool


def test_a_team_of_targets_is_played_against_cameras() -> None:
    env = GymnasiumVectorEnvironment("MATE-4v2-9", 2, "target", GREEDY_CAMERAS, dtype=np.float32)
    observations, _ = env.reset(seed=0)
    assert observations.shape == (2, 2, env.scenario.target_observation_dim) and observations.dtype == np.float32
    _, rewards, _, _, infos = env.step(np.zeros((2, 2, 2)))
    assert (rewards == infos["raw_reward"]).all() and infos["member_rewards"].shape == (2, 2)


def test_an_episode_that_is_over_begins_anew_at_the_next_step() -> None:
    env = cameras(2)
    first, _ = env.reset(seed=7)
    still = np.zeros((2, 4, 2))
    steps = [env.step(still) for _ in range(5)]
    assert [truncations.tolist() for _, _, _, truncations, _ in steps] == [
        [False] * 2, [False] * 2, [False] * 2, [True] * 2, [False] * 2
    ]  # fmt: skip
    observations, rewards, _, _, infos = steps[-1]
    assert (rewards == 0).all() and not infos["_raw_reward"].any()
    assert not np.array_equal(observations, first)
    again = GymnasiumVectorEnvironment(SHORT, 2, "camera", GREEDY_TARGETS)
    again.play.begin(np.arange(2), np.array([derive(7, slot, 1) for slot in range(2)], np.uint64))
    assert np.array_equal(again.play.observation, observations)


def test_equal_seeds_give_equal_episodes_and_environments_do_not_depend_on_one_another() -> None:
    one, three = cameras(1, "MATE-4v2-9"), cameras(3, "MATE-4v2-9")
    one.reset(seed=[derive(5, 0)])
    seeds = [11, derive(5, 0), 12]
    observations, _ = three.reset(seed=seeds)
    for _ in range(10):
        alone = one.step(np.ones((1, 4, 2)))
        together = three.step(np.ones((3, 4, 2)))
        assert np.array_equal(alone[0][0], together[0][1]) and alone[1][0] == together[1][1]
    assert np.array_equal(three.reset(seed=seeds)[0], observations)
    assert not np.array_equal(three.reset()[0], observations)


def test_some_environments_can_be_reset_alone() -> None:
    env = cameras(3, "MATE-4v2-9")
    env.reset(seed=1)
    env.step(np.zeros((3, 4, 2)))
    env.reset(options={"reset_mask": np.array([False, True, False])})
    assert env.play.batch.episode_step.tolist() == [1, 0, 1]


def test_the_opponent_draws_as_it_does_in_matches() -> None:
    env = cameras(1, "MATE-4v2-9")
    env.reset(seed=[3])
    seed = derive(3, 0, 0)
    batch, opponent = Batch(env.scenario, 1), GREEDY_TARGETS(env.scenario, 1)
    batch.reset([seed])
    batch.observe()
    opponent.reset(
        np.array([0]), np.array([derive(seed, TEAM, Team.TARGET.value)], np.uint64), batch.target_observation
    )
    still, actions = np.zeros((1, 4, 2)), np.zeros((1, 2, 2))
    for _ in range(30):
        opponent.act(batch.target_observation, actions, np.array([True]))
        batch.step(still, actions)
        batch.observe()
        env.step(still)
    assert env.play.batch.digest[0] == batch.digest[0]


def test_gymnasiums_own_wrappers_understand_rewards_ends_and_infos() -> None:
    env = DictInfoToList(RecordEpisodeStatistics(cameras(2, coefficients={"coverage_rate": 1.0}, reduction="mean")))
    env.reset(seed=2)
    total = np.zeros(2)
    for _ in range(4):
        _, rewards, _, truncations, infos = env.step(np.zeros((2, 4, 2)))
        total += rewards
    assert truncations.all()
    assert [info["episode"]["r"] for info in infos] == pytest.approx(total.tolist())
    assert [info["episode"]["l"] for info in infos] == [4, 4]
    assert infos[0]["auxiliary_reward_coverage_rate"].shape == (4,)


def test_individual_rewards_are_averaged_for_the_team() -> None:
    env = cameras(2, coefficients={"num_tracked": 1.0})
    env.reset(seed=2)
    _, rewards, _, _, infos = env.step(np.zeros((2, 4, 2)))
    assert (rewards == infos["member_rewards"].mean(axis=1)).all()


def test_masks_say_which_targets_can_be_selected() -> None:
    env = cameras(2, selection="many")
    _, infos = env.reset(seed=2)
    assert infos["action_mask"].shape == (2, 4, 4) and infos["_action_mask"].all()
    assert (infos["action_mask"][..., 1::2] == env.play.batch.camera_target_view_mask).all()


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="camera or target, not 'red'"):
        GymnasiumVectorEnvironment("MATE-4v2-9", 2, "red", GREEDY_TARGETS)
    with pytest.raises(ValueError, match="one for each of 3 environments, not 2"):
        cameras().reset(seed=[1, 2])
    with pytest.raises(ValueError, match="no cameras"):
        GymnasiumVectorEnvironment("MATE-Navigation", 1, "camera", GREEDY_TARGETS)
    with pytest.raises(AssertionError, match="call reset before"):
        cameras().step(np.zeros((3, 4, 2)))
