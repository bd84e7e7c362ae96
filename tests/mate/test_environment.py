"""The two-team environment, as upstream's users know it."""

import copy

import numpy as np
import pytest

import mate

pytestmark = pytest.mark.filterwarnings("ignore::mate.configuration.ConfigWarning")

DYNAMIC = [
    "episode_step",
    "camera_target_view_mask",
    "target_camera_view_mask",
    "camera_obstacle_view_mask",
    "target_obstacle_view_mask",
    "camera_camera_view_mask",
    "target_target_view_mask",
    "tracked_bits",
    "obstacle_states",
    "obstacle_states_flagged",
    "camera_obstacle_observations",
    "target_capacities",
    "target_goals",
    "target_goal_bits",
    "target_dones",
    "target_steps",
    "tracked_steps",
    "target_warehouse_distances",
    "target_orientations",
    "remaining_cargoes",
    "awaiting_cargo_counts",
    "freights",
    "bounties",
    "num_delivered_cargoes",
    "target_team_episode_reward",
    "delayed_target_team_episode_reward",
    "coverage_rate",
    "real_coverage_rate",
    "mean_transport_rate",
    "camera_message_buffer",
    "target_message_buffer",
    "message_buffers",
    "camera_message_queue",
    "target_message_queue",
    "message_queues",
    "camera_communication_edges",
    "target_communication_edges",
    "communication_edges",
    "camera_total_communication_edges",
    "target_total_communication_edges",
    "viewer",
    "render_callbacks",
]
CONFIGURED = [
    "name",
    "max_episode_steps",
    "camera_min_viewing_angle",
    "camera_max_sight_range",
    "camera_rotation_step",
    "camera_zooming_step",
    "target_step_size",
    "target_sight_range",
    "num_cargoes_per_target",
    "targets_start_with_cargoes",
    "bounty_factor",
    "obstacle_transmittance",
    "shuffle_entities",
    "num_warehouses",
    "num_cameras",
    "num_targets",
    "num_obstacles",
    "high_capacity_target_split",
    "num_high_capacity_targets",
    "num_low_capacity_targets",
    "camera_observation_dim",
    "target_observation_dim",
    "np_random",
    "config",
    "freight_scale",
    "bounty_scale",
    "reward_scale",
    "max_target_team_episode_reward",
    "preserved_data",
]


def zeros(env):
    return np.zeros((env.num_cameras, 2)), np.zeros((env.num_targets, 2))


@pytest.fixture
def env():
    env = mate.MultiAgentTracking("MATE-4v8-9")
    env.reset(seed=7)
    return env


def test_reset_returns_observations_only_and_step_four_things(env):
    camera_observation, target_observation = env.reset()
    assert (camera_observation.shape, target_observation.shape) == ((4, 126), (8, 131))
    observations, rewards, done, (camera_infos, target_infos) = env.step(env.action_space.sample())
    assert env.observation_space.contains(tuple(tuple(rows) for rows in observations))
    assert rewards[0] == -rewards[1]
    assert done is False
    assert (len(camera_infos), len(target_infos)) == (4, 8)
    assert set(camera_infos[0]) == {
        "raw_reward", "normalized_raw_reward", "messages", "out_communication_edges", "in_communication_edges",
        "coverage_rate", "real_coverage_rate", "mean_transport_rate", "num_delivered_cargoes",
    }  # fmt: skip
    assert target_infos[3]["normalized_raw_reward"] == rewards[1] / 12800


@pytest.mark.parametrize("name", [*DYNAMIC, *CONFIGURED])
def test_an_attribute_of_upstream_exists(env, name):
    getattr(env, name)


def test_what_was_read_stays_as_it_was(env):
    before, location = env.target_locations, env.targets[0].location
    kept = before.copy()
    env.step((np.zeros((4, 2)), np.ones((8, 2))))
    assert np.array_equal(before, kept)
    assert np.array_equal(location, kept[0])
    assert not np.array_equal(env.target_locations, kept)


def test_the_constants_of_the_default_preset():
    env = mate.MultiAgentTracking()
    assert env.name == "MultiAgentTracking(4v8, 9)"
    assert (env.freight_scale, env.bounty_scale, env.reward_scale) == (100, 100, 200)
    assert env.max_target_team_episode_reward == 12800
    assert (env.num_high_capacity_targets, env.num_low_capacity_targets) == (4, 4)
    assert env.preserved_data.tolist() == [4, 8, 9, 0, 925, 925, -925, 925, -925, -925, 925, -925, 75]
    assert str(env) == "MultiAgentTracking(4 cameras, 8 targets, 9 obstacles)"


def test_the_state_is_made_of_preserved_data_private_states_and_cargo(env):
    state = env.state()
    assert env.state_space.contains(state)
    assert np.array_equal(state[:13], env.preserved_data)
    assert np.array_equal(state[13:49].reshape(4, 9), [camera.state(private=True) for camera in env.cameras])
    assert np.array_equal(state[49:161].reshape(8, 14), [target.state(private=True) for target in env.targets])
    assert np.array_equal(state[161:188].reshape(9, 3), env.obstacle_states)
    assert np.array_equal(state[188:], [*env.freights, *env.bounties, *env.remaining_cargoes.ravel()])
    state[:] = 0
    assert env.state()[0] == 4


def test_the_same_seed_begins_the_same_episode(env):
    first = env.reset(seed=11)
    env.reset()
    assert env.seed(11)[0] == 11
    again = env.reset()
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_later_episodes_follow_from_the_seed():
    def episodes(seed):
        env = mate.MultiAgentTracking("MATE-4v2-9")
        env.seed(seed)
        return [env.reset()[1] for _ in range(3)]

    once, twice = episodes(5), episodes(5)
    assert all(np.array_equal(one, other) for one, other in zip(once, twice, strict=True))
    assert not np.array_equal(once[0], once[1])
    assert not np.array_equal(once[1], once[2])


def test_an_episode_of_a_seed_is_that_of_a_batch():
    env = mate.MultiAgentTracking("MATE-4v2-9")
    env.reset(seed=12345)
    batch = mate.engine.Batch(mate.Scenario.load("MATE-4v2-9"), 3)
    batch.reset([1, 12345, 2])
    assert env.batch.digest[0] == batch.digest[1]


def test_a_fresh_environment_can_be_looked_at_before_its_first_reset():
    env = mate.MultiAgentTracking("MATE-4v2-9")
    assert env.targets[0].action_space.high.min() > 0
    assert env.state().shape == env.state_space.shape


def test_seeding_returns_a_seed_for_every_entity(env):
    assert len(env.seed(3)) == 1 + 4 + 8 + 9
    assert env.seed(3) == env.seed(3)
    assert len({tuple(env.seed()) for _ in range(2)}) == 2


def test_the_random_stream_knows_old_and_new_names(env):
    stream = env.np_random
    assert stream.randint(5) < 5
    assert 5 <= stream.randint(5, 9) < 9
    assert sorted(stream.permutation(3)) == [0, 1, 2]
    for draw in (stream.random, stream.rand, stream.uniform, stream.normal):
        assert isinstance(draw(), float)
    stream.shuffle([1, 2])
    assert stream.binomial(1, 1.0) == 1
    assert stream.choice([4]) == 4
    assert stream.integers(1) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_actions_that_are_not_finite_are_refused_and_change_nothing(env, bad):
    cameras, targets = zeros(env)
    targets[3, 1] = bad
    before = env.state()
    with pytest.raises(AssertionError):
        env.step((cameras, targets))
    assert np.array_equal(env.state(), before)
    assert env.episode_step == 0


def test_a_wrong_number_of_actions_is_refused(env):
    with pytest.raises(ValueError):
        env.step((np.zeros((4, 2)), np.zeros((7, 2))))


def test_flat_actions_are_reshaped(env):
    env.step((np.zeros(8), [0.0] * 16))
    assert env.episode_step == 1


def test_q10_a_truncated_episode_has_one_step_more_than_its_limit():
    env = mate.MultiAgentTracking("MATE-4v2-9", max_episode_steps=3)
    env.reset(seed=0)
    assert [env.step(zeros(env))[2] for _ in range(4)] == [False, False, False, True]


def test_q38_the_space_of_private_camera_states_is_a_space(env):
    assert env.camera_state_space_private.contains(env.cameras[0].state(private=True))


def test_q07_all_targets_advertise_the_configured_step_size(env):
    assert env.target_action_space.high.tolist() == [20.0, 20.0]
    slow = next(target for target in env.targets if target.capacity == 2)
    assert slow.action_space.high.tolist() == [10.0, 10.0]


def test_q25_rates_belong_to_the_episode_and_joint_observation_repeats_itself(env):
    one, other = env.joint_observation(), env.joint_observation()
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert env.coverage_rate == env.tracked_bits.mean()


def test_a_copy_goes_its_own_way_from_the_same_state(env):
    copied = copy.deepcopy(env)
    assert all(map(np.array_equal, copied.joint_observation(), env.joint_observation()))
    env.step((np.zeros((4, 2)), np.full((8, 2), 9.0)))
    assert copied.episode_step == 0
    copied.step((np.zeros((4, 2)), np.full((8, 2), 9.0)))
    assert copied.batch.digest[0] == env.batch.digest[0]
    assert copied.targets[0].location.tolist() == env.targets[0].location.tolist()


def test_q01_environments_do_not_influence_each_other():
    def path(with_neighbour):
        env = mate.MultiAgentTracking("MATE-4v8-9")
        env.reset(seed=1)
        if with_neighbour:
            mate.MultiAgentTracking("MATE-8v8-9").reset(seed=2)
        for _ in range(30):
            env.step((np.zeros((4, 2)), np.full((8, 2), 14.0)))
        return env.target_locations

    assert np.array_equal(path(False), path(True))


def test_without_cameras_their_parameters_are_missing():
    env = mate.MultiAgentTracking("MATE-Navigation")
    camera_observation, _ = env.reset(seed=0)
    assert camera_observation.shape == (0, 190)
    assert env.camera_action_space.high.tolist() == [0.0, 0.0]
    assert not env.tracked_bits.any()
    with pytest.raises(KeyError):
        _ = env.camera_rotation_step
    env.step(([], np.zeros((8, 2))))


def test_q40_overrides_alone_start_from_nothing():
    with pytest.raises(ValueError, match="target"):
        mate.MultiAgentTracking(reward_type="sparse")


def test_a_configuration_can_be_a_mapping_and_its_parts_be_overridden():
    config = mate.read_config("MATE-4v2-9.yaml")
    env = mate.MultiAgentTracking(config, camera={"rotation_step": 7.5}, max_episode_steps=50)
    assert env.camera_rotation_step == 7.5
    assert env.camera_zooming_step == 2.5
    assert env.max_episode_steps == 50
    assert config["max_episode_steps"] == 10000


def test_loading_a_configuration_makes_it_another_environment(env):
    env.load_config("MATE-2v4-0.yaml")
    assert (env.num_cameras, env.num_targets, env.num_obstacles) == (2, 4, 0)
    assert env.camera_observation_space.shape == (56,)
    assert env.reset()[0].shape == (2, 56)
    assert env.joint_observation()[1].shape == (4, 61)


def test_sparse_rewards_come_with_deliveries_only():
    env = mate.MultiAgentTracking("MATE-4v2-9", reward_type="sparse")
    env.reset(seed=0)
    rewards = [env.step(zeros(env))[1][1] for _ in range(5)]
    assert rewards == [0.0] * 5
    assert env.target_team_episode_reward <= 0.0


def test_pictures_are_drawn_with_what_callbacks_add(env):
    calls = []
    env.add_render_callback("mine", lambda env, mode: calls.append(("mine", mode)))
    picture = env.render(
        mode="rgb_array", window_size=120, onetime_callbacks=[lambda env, mode: calls.append(("once", mode))]
    )
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert calls == [("mine", "rgb_array"), ("once", "rgb_array")]
    env.render(mode="rgb_array")
    assert len(calls) == 3
    env.close()
    assert env.viewer is None
