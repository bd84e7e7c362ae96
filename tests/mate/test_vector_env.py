"""Many environments behind arrays."""

import numpy as np
import pytest

from mate.engine import Batch, InvalidAction
from mate.scenario import Scenario
from mate.streams import derive
from mate.vector_env import VectorEnv


def idle(env: VectorEnv) -> tuple[np.ndarray, np.ndarray]:
    scenario = env.scenario
    return np.zeros((env.num_envs, scenario.num_cameras, 2)), np.zeros((env.num_envs, scenario.num_targets, 2))


def test_each_environment_plays_episodes_of_its_own_seeds():
    env = VectorEnv("MATE-2v2-9", 3, seed=5)
    batch = Batch(Scenario.load("MATE-2v2-9"), 3)
    batch.reset([derive(5, i, 0) for i in range(3)])
    np.testing.assert_array_equal(env.reset(5)[1], batch.observe()[1])


def test_a_finished_environment_starts_again_at_the_next_step():
    env = VectorEnv(Scenario.load("MATE-2v2-0", max_episode_steps=2), 2, seed=1)
    env.reset(1)
    ends = [env.step(*idle(env)).done.tolist() for _ in range(4)]
    assert ends == [[False] * 2, [False] * 2, [True] * 2, [False] * 2]
    fresh = Batch(env.scenario, 2)
    fresh.reset([derive(1, i, 1) for i in range(2)])
    np.testing.assert_array_equal(env.batch.target_location, fresh.target_location)
    assert (env.batch.episode_step == 0).all()
    assert (env.batch.target_reward == 0.0).all()


def test_resetting_with_a_seed_repeats_the_episodes():
    env = VectorEnv("MATE-2v2-9", 2, seed=9)
    first = env.reset(9)[0].copy()
    assert not np.array_equal(env.reset()[0], first)
    np.testing.assert_array_equal(env.reset(9)[0], first)


def test_a_transition_holds_both_teams():
    env = VectorEnv("MATE-4v2-9", 2)
    camera_observation, target_observation, camera_reward, target_reward, done = env.step(*idle(env))
    assert camera_observation.shape == (2, 4, env.scenario.camera_observation_dim)
    assert target_observation.shape == (2, 2, env.scenario.target_observation_dim)
    np.testing.assert_array_equal(camera_reward, -target_reward)
    assert done.dtype == bool


def test_float32_observations_are_the_rounded_float64_ones():
    exact, rounded = (VectorEnv("MATE-4v2-9", 3, seed=2, dtype=dtype) for dtype in (np.float64, np.float32))
    for env in (exact, rounded):
        env.step(*idle(env))
    for name in ("camera_observation", "target_observation"):
        observations = [getattr(env.step(*idle(env)), name) for env in (exact, rounded)]
        assert [observation.dtype for observation in observations] == [np.float64, np.float32]
        np.testing.assert_array_equal(observations[0].astype(np.float32), observations[1])


def test_another_kind_of_numbers_is_refused():
    with pytest.raises(ValueError, match="float64 or float32, not int64"):
        VectorEnv("MATE-2v2-0", 1, dtype=np.int64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steps_reuse_the_same_memory(dtype):
    env = VectorEnv(Scenario.load("MATE-2v2-0", max_episode_steps=3), 2, dtype=dtype)
    first = env.step(*idle(env))
    for _ in range(8):
        for one, other in zip(first, env.step(*idle(env)), strict=True):
            assert np.shares_memory(one, other)


def test_an_environment_plays_the_same_whatever_others_there_are():
    few, many = (VectorEnv(Scenario.load("MATE-2v2-9", max_episode_steps=4), size, seed=3) for size in (1, 5))
    for _ in range(12):
        alone, among = few.step(*idle(few)), many.step(*idle(many))
        np.testing.assert_array_equal(alone.target_observation[0], among.target_observation[0])


def test_actions_that_are_not_finite_change_nothing():
    env = VectorEnv("MATE-2v2-0", 2)
    before = env.step(*idle(env)).target_observation.copy()
    cameras, targets = idle(env)
    targets[1, 0, 0] = np.nan
    with pytest.raises(InvalidAction):
        env.step(cameras, targets)
    np.testing.assert_array_equal(env.batch.observe()[1], before)
