"""The environment with the interfaces of other libraries."""

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test, parallel_seed_test

import mate
from mate.interfaces.gymnasium import GymnasiumEnvironment
from mate.interfaces.pettingzoo import ParallelEnvironment


def test_a_single_agent_environment_is_one_of_gymnasiums():
    env = mate.SingleCamera(mate.make("MATE-4v2-9-v0"), mate.NaiveCameraAgent(seed=0), mate.GreedyTargetAgent(seed=0))
    check_env(GymnasiumEnvironment(mate.RescaledObservation(env)), skip_render_check=True)


def test_a_team_is_one_agent_of_gymnasiums_with_joint_actions():
    env = GymnasiumEnvironment(mate.MultiCamera(mate.make("MATE-4v2-9-v0"), mate.GreedyTargetAgent(seed=0)))
    observation, info = env.reset(seed=3)
    assert env.observation_space.contains(observation)
    assert info == {}
    observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert (terminated, truncated) == (False, False)
    assert reward == info["agents"][0]["raw_reward"]
    again, _ = env.reset(seed=3)
    assert np.array_equal(again, env.reset(seed=3)[0])


@pytest.mark.parametrize("delivers_all", [False, True])
def test_an_episode_terminates_with_the_last_cargo_and_is_truncated_at_its_limit(delivers_all):
    with pytest.warns(UserWarning):
        inner = mate.make("MATE-4v2-9-v0", max_episode_steps=1)
    env = GymnasiumEnvironment(mate.MultiCamera(inner, mate.RandomTargetAgent(seed=0)))
    env.reset(seed=0)
    if delivers_all:
        inner.batch.awaiting_cargo_counts[0] = 0
    else:
        env.step(np.zeros((4, 2)))
    _, _, terminated, truncated, _ = env.step(np.zeros((4, 2)))
    assert (terminated, truncated) == (delivers_all, not delivers_all)


def two_teams(max_episode_steps: int) -> ParallelEnvironment:
    with pytest.warns(UserWarning):
        return ParallelEnvironment(mate.make("MATE-4v2-9-v0", max_episode_steps=max_episode_steps))


def test_two_team_environments_are_parallel_environments_of_pettingzoo():
    env = two_teams(20)
    parallel_api_test(env, num_cycles=50)
    env.reset(seed=0)
    assert env.agents == ["camera_0", "camera_1", "camera_2", "camera_3", "target_0", "target_1"]
    assert env.state().shape == (124,)


def test_equal_seeds_give_equal_episodes_in_pettingzoos_own_test():
    parallel_seed_test(lambda: two_teams(20), num_cycles=50)


def test_only_fitting_environments_are_adapted():
    with pytest.raises(AssertionError, match="single-team"):
        GymnasiumEnvironment(mate.make("MATE-4v2-9-v0"))
