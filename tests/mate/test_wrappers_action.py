"""Wrappers that change the actions: discrete actions, frame skip, selections."""

import numpy as np
import pytest

import mate
from mate.wrappers import (
    DiscreteMultiSelection,
    FrameSkip,
    HierarchicalCamera,
    MetricCollector,
    MultiDiscrete2DiscreteActionMapper,
    RLlibMultiAgentAPI,
    RLlibMultiAgentCentralizedTraining,
)

S, A, B = 0.7071067811865476, 0.4472135954999579, 0.8944271909999159
DISC_OF_FIVE = [
    (-S, -S), (-A, -B), (0, -1), (A, -B), (S, -S),
    (-B, -A), (-S / 2, -S / 2), (0, -0.5), (S / 2, -S / 2), (B, -A),
    (-1, 0), (-0.5, 0), (0, 0), (0.5, 0), (1, 0),
    (-B, A), (-S / 2, S / 2), (0, 0.5), (S / 2, S / 2), (B, A),
    (-S, S), (-A, B), (0, 1), (A, B), (S, S),
]  # fmt: skip


def multi_camera(*layers, name="MATE-4v8-9-v0", **kwargs):
    env = mate.MultiCamera(mate.make(name, **kwargs), mate.GreedyTargetAgent(seed=0))
    for layer in (mate.RepeatedRewardIndividualDone, *layers):
        env = layer(env)
    return env


def test_the_grid_of_cameras_is_a_square():
    grid = mate.DiscreteCamera.discrete_action_grid(3)
    assert grid.tolist() == [[-1, -1], [0, -1], [1, -1], [-1, 0], [0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]


def test_the_grid_of_targets_is_a_disc():
    assert mate.DiscreteTarget.discrete_action_grid(5) == pytest.approx(np.array(DISC_OF_FIVE), abs=1e-15)
    grid, square = mate.DiscreteTarget.discrete_action_grid(9), mate.DiscreteCamera.discrete_action_grid(9)
    assert np.linalg.norm(grid, axis=1) == pytest.approx(np.abs(square).max(axis=1))


@pytest.mark.parametrize("levels", [1, 2, 4, 3.5])
def test_levels_must_be_odd_and_at_least_three(levels):
    with pytest.raises(AssertionError, match="odd"):
        mate.DiscreteCamera(mate.make("MATE-4v2-9-v0"), levels=levels)


def test_discrete_actions_are_scaled_by_what_each_agent_can_do():
    env = mate.DiscreteTarget(mate.DiscreteCamera(mate.make("MATE-4v8-9-v0"), levels=3), levels=3)
    env.reset(seed=0)
    _, targets = env.action(([8] * 4, [5] * 8))
    assert targets.tolist() == [[target.step_size, 0.0] for target in env.targets]
    cameras, _ = env.env.action(([8, 4, 0, 1], None))
    assert cameras.tolist() == [[5.0, 2.5], [0.0, 0.0], [-5.0, -2.5], [0.0, -2.5]]
    assert env.action_space.contains(env.action_space.sample())
    env.step(env.action_space.sample())


def test_an_action_outside_of_the_grid_is_refused():
    env = mate.DiscreteCamera(mate.make("MATE-4v2-9-v0"), levels=3)
    env.reset(seed=0)
    for cameras in ([9, 0, 0, 0], [0, 0, 0], [0.5, 0, 0, 0]):
        with pytest.raises(AssertionError, match="camera"):
            env.step((cameras, np.zeros((2, 2))))


@pytest.mark.parametrize(("wrapper", "team"), [(mate.DiscreteCamera, 0), (mate.DiscreteTarget, 1)])
def test_q43_continuous_actions_go_back_to_the_nearest_grid_points(wrapper, team):
    env = wrapper(mate.make("MATE-4v8-9-v0"), levels=5)
    env.reset(seed=1)
    indices = [list(range(20, 24)), list(range(8, 16))]
    continuous = env.action(tuple(indices))
    noisy = [np.asarray(part) + 0.3 for part in continuous]
    assert env.reverse_action(tuple(noisy))[team] == tuple(indices[team])


def test_cameras_cannot_be_discrete_where_there_are_none():
    with pytest.warns(UserWarning), pytest.raises(AssertionError, match="camera"):
        mate.DiscreteCamera(mate.MultiAgentTracking("MATE-Navigation"))


def test_frame_skip_sums_rewards_and_puts_infos_together():
    single, skipping = multi_camera(), multi_camera(lambda env: FrameSkip(env, 4))
    single.reset(seed=2), skipping.reset(seed=2)
    action = np.full((4, 2), 2.0)
    steps = [single.step(action) for _ in range(4)]
    observation, rewards, _, infos = skipping.step(action)
    assert np.array_equal(observation, steps[-1][0])
    assert rewards == np.sum([step[1] for step in steps], axis=0).tolist()
    inner = [step[3][1] for step in steps]
    assert infos[1]["raw_reward"] == sum(info["raw_reward"] for info in inner)
    assert infos[1]["coverage_rate"] == pytest.approx(np.mean([info["coverage_rate"] for info in inner]))
    assert infos[1]["mean_transport_rate"] == inner[-1]["mean_transport_rate"]


def test_frame_skip_stops_when_everybody_is_done():
    with pytest.warns(UserWarning):
        env = multi_camera(lambda env: FrameSkip(env, 10), max_episode_steps=3)
    env.reset(seed=0)
    _, _, dones, _ = env.step(np.zeros((4, 2)))
    assert dones == [True] * 4
    assert env.episode_step == 4


def test_metrics_are_averaged_over_agents_and_reduced_over_steps():
    import re

    collector = MetricCollector({"a": "last", re.compile("b.*"): "sum", "c": "std"})
    collector.add([{"a": 1, "b1": 2, "x": 9}, {"a": 3, "b1": 4}])
    collector.add([{"a": 5, "b1": 10, "c": 1}])
    assert collector.collect() == {"a": 5.0, "b1": 13.0, "c": 0.0}
    assert collector.collect() == {}
    with pytest.raises(AssertionError, match="median"):
        MetricCollector({"a": "median"})


def test_q51_a_camera_without_a_visible_selection_turns_clockwise_and_zooms_in():
    env = multi_camera(HierarchicalCamera)
    env.reset(seed=0)
    assert env.execute(np.zeros((4, 8), bool)).tolist() == [[-5.0, -2.5]] * 4


def test_q51_cameras_keep_a_metric_table_each():
    one = multi_camera(lambda env: HierarchicalCamera(env, custom_metrics={"my_metric": "sum"}))
    other = multi_camera(HierarchicalCamera)
    assert "my_metric" in one.metrics
    assert "my_metric" not in other.metrics


def test_selected_targets_are_aimed_at_while_they_are_seen():
    env = multi_camera(lambda env: HierarchicalCamera(env, frame_skip=5))
    observation = env.reset(seed=0)
    tracked = 0
    for _ in range(8):
        selection = env.target_view_mask(observation).astype(int)
        observation, _rewards, _dones, infos = env.step(selection)
        tracked += sum(info["num_valid_selected_targets"] for info in infos)
        assert all(info["num_selected_targets"] == bits.sum() for info, bits in zip(infos, selection, strict=True))
    assert env.episode_step == 40
    assert tracked > 0


def test_masks_say_which_selections_make_sense():
    env = multi_camera(HierarchicalCamera)
    visible = env.target_view_mask(env.reset(seed=0))
    mask = env.action_mask()
    assert mask.shape == (4, 16) == (4, env.action_mask_space.n)
    assert mask[:, ::2].all()
    assert np.array_equal(mask[:, 1::2], visible)
    single = multi_camera(lambda env: HierarchicalCamera(env, multi_selection=False))
    assert np.array_equal(single.action_mask(single.reset(seed=0))[:, :-1], visible)
    assert single.action_space[0].n == 9


def test_a_selection_of_a_target_that_does_not_exist_is_refused():
    env = multi_camera(lambda env: HierarchicalCamera(env, multi_selection=False))
    env.reset(seed=0)
    with pytest.raises(AssertionError, match="selection"):
        env.step([9, 0, 0, 0])


def test_subsets_are_numbered_with_target_0_most_significant():
    env = multi_camera(HierarchicalCamera, DiscreteMultiSelection, name="MATE-4v2-9-v0")
    env.reset(seed=0)
    assert env.action_space[0].n == 4
    assert env.mapper.to_multi_discrete([1, 2]).tolist() == [[0, 1], [1, 0]]
    assert env.mapper.to_discrete([[0, 1], [1, 1]]).tolist() == [1, 3]
    _, _, _, infos = env.step([3, 0, 1, 2])
    assert [info["num_selected_targets"] for info in infos] == [2, 0, 1, 1]


def test_mixed_sizes_are_numbered_too():
    from gymnasium import spaces

    mapper = MultiDiscrete2DiscreteActionMapper(spaces.MultiDiscrete([3, 2]))
    assert mapper.to_multi_discrete(range(6)).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]
    assert mapper.to_discrete_mask([1, 0, 1, 0, 1]).tolist() == [False, True, False, False, False, True]


def test_hierarchical_cameras_and_frame_skip_exclude_each_other():
    with pytest.raises(AssertionError, match="HierarchicalCamera"):
        multi_camera(HierarchicalCamera, FrameSkip)
    with pytest.raises(AssertionError, match="MultiCamera"):
        HierarchicalCamera(mate.make("MATE-4v2-9-v0"))


def test_centralised_observations_add_the_state_and_what_the_others_did():
    env = mate.MultiCamera(mate.DiscreteCamera(mate.make("MATE-4v8-9-v0")), mate.GreedyTargetAgent(seed=0))
    env = RLlibMultiAgentAPI(mate.RepeatedRewardIndividualDone(env))
    env = RLlibMultiAgentCentralizedTraining(env, add_joint_observation=True)
    observations = env.reset(seed=0)
    assert list(observations) == ["camera_0", "camera_1", "camera_2", "camera_3"]
    assert list(observations["camera_1"]) == ["obs", "state", "prev_others_joint_action", "others_joint_observation"]
    assert observations["camera_1"]["prev_others_joint_action"] == (0, 0, 0)
    action = {f"camera_{index}": 10 + index for index in range(4)}
    observations, rewards, dones, infos = env.step(action)
    assert observations["camera_1"]["prev_others_joint_action"] == (12, 13, 10)
    assert np.array_equal(observations["camera_3"]["others_joint_observation"][0], observations["camera_0"]["obs"])
    assert np.abs(observations["camera_0"]["state"][4:12]).max() <= 1
    assert dones == {**dict.fromkeys(action, False), "__all__": False}
    assert set(rewards) == set(infos) == set(action)
    assert env.observation_space["state"].contains(observations["camera_2"]["state"])
    assert env.action_space.n == 25
