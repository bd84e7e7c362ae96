"""Wrappers that change what is observed."""

import numpy as np
import pytest

import mate
from mate.layout import observation_slices_of
from mate.messages import Team

SIZES = (4, 8, 9)
CAMERA, TARGET = observation_slices_of(Team.CAMERA, *SIZES), observation_slices_of(Team.TARGET, *SIZES)
EMPTY_BITS = slice(23, 27)


def make(*wrappers, seed=5, steps=3):
    """An environment some steps into an episode, and the last observations."""
    env = mate.make("MATE-4v8-9-v0", wrappers=wrappers)
    observations = env.reset(seed=seed)
    for _ in range(steps):
        observations, *_ = env.step((np.full((4, 2), 3.0), np.full((8, 2), 14.0)))
    return env, observations


def test_enhanced_observation_shows_everything_and_what_is_really_empty():
    env, (camera, target) = make(mate.EnhancedObservation)
    for slices, rows in ((CAMERA, camera), (TARGET, target)):
        for name in ("opponent_mask", "obstacle_mask", "teammate_mask"):
            assert (rows[:, slices[name]] == 1).all()
    record = np.concatenate([env.targets[3].state(), [1.0]])
    assert np.array_equal(camera[1, 22 + 15 : 22 + 20], record)
    env.batch.remaining_cargoes[0, 2] = 0
    _, target = env.observation(env.joint_observation())
    assert target[:, EMPTY_BITS].tolist() == [[0, 0, 1, 0]] * 8


@pytest.mark.parametrize("team", ["camera", "target", "none"])
def test_q29_only_the_named_teams_observations_change(team):
    env, (camera, target) = make(mate.WrapperSpec(mate.EnhancedObservation, team=team))
    raw = env.joint_observation()
    assert np.array_equal(camera, raw[0]) == (team != "camera")
    assert np.array_equal(target, raw[1]) == (team != "target")
    assert np.array_equal(raw[0][:, CAMERA["opponent_mask"]], env.camera_target_view_mask)


def test_q29_opponents_inside_a_single_team_environment_are_shown_everything_too():
    inner = mate.EnhancedObservation(mate.make("MATE-4v8-9-v0"), team="target")
    env = mate.MultiCamera(inner, mate.RandomTargetAgent(seed=0))
    env.reset(seed=0)
    assert (env.opponent_joint_observation[:, TARGET["opponent_mask"]] == 1).all()


def test_a_shared_field_of_view_is_what_any_teammate_sees():
    env, (camera, target) = make(mate.SharedFieldOfView)
    raw_camera, raw_target = env.joint_observation()
    seen = env.camera_target_view_mask.any(axis=0)
    assert 0 < seen.sum() < 8
    assert np.array_equal(camera[:, CAMERA["opponent_mask"]], np.tile(seen, (4, 1)))
    for index, is_seen in enumerate(seen):
        expected = [*env.targets[index].state(), 1.0] if is_seen else [0.0] * 5
        assert camera[2, 22 + 5 * index : 27 + 5 * index].tolist() == expected
    assert (camera[:, CAMERA["teammate_mask"]] == 1).all()
    assert np.array_equal(target[:, TARGET["obstacle_mask"]].any(axis=0), env.target_obstacle_view_mask.any(axis=0))
    assert np.array_equal(camera[:, :22], raw_camera[:, :22])
    assert np.array_equal(target[:, :23], raw_target[:, :23])


def test_targets_share_what_they_believe_empty():
    env, _ = make(mate.SharedFieldOfView)
    env.batch.target_empty_bits[0, 4, 1] = True
    _, target = env.observation(env.joint_observation())
    assert target[:, EMPTY_BITS].tolist() == [[0, 1, 0, 0]] * 8
    assert env.targets[0].empty_bits.tolist() == [False] * 4


def test_a_shared_field_of_view_exists_without_cameras():
    env = mate.SharedFieldOfView(mate.MultiAgentTracking("MATE-Navigation"))
    assert env.reset(seed=0)[0].shape == (0, 190)


def test_the_scenarios_options_give_what_the_wrappers_give():
    for option, wrapper in (
        ("enhanced_observation", mate.EnhancedObservation),
        ("shared_field_of_view", mate.SharedFieldOfView),
    ):
        _, (camera, target) = make(wrapper, steps=0)
        batch = mate.engine.Batch(mate.Scenario.load("MATE-4v8-9", **{option: "both"}), 1)
        batch.reset([5])
        batch.observe()
        assert np.array_equal(batch.camera_observation[0], camera)
        assert np.array_equal(batch.target_observation[0], target)


def test_q28_relative_coordinates_leave_the_spaces_as_they_are():
    env, (camera, _) = make(mate.RelativeCoordinates)
    assert env.camera_observation_space == env.unwrapped.camera_observation_space
    assert camera[0, 4:6].tolist() == (mate.WAREHOUSES[0] - env.cameras[0].location).tolist()


def test_rescaled_observations_lie_in_the_declared_spaces():
    env, (camera, target) = make(mate.RelativeCoordinates, mate.RescaledObservation)
    assert env.observation_space.contains((tuple(camera), tuple(target)))
    assert env.camera_observation_space.high[13:22].tolist() == [1.0] * 9
    assert env.observation_space[1][7] == env.target_observation_space


@pytest.mark.parametrize(
    ("wrap", "count"),
    [
        (lambda env: mate.MultiCamera(env, mate.GreedyTargetAgent(seed=0)), 4),
        (lambda env: mate.SingleCamera(env, mate.GreedyCameraAgent(seed=0), mate.GreedyTargetAgent(seed=0)), None),
    ],
)
def test_around_a_single_team_environment_only_the_own_observations_change(wrap, count):
    env = mate.RescaledObservation(mate.RelativeCoordinates(wrap(mate.make("MATE-4v8-9-v0"))))
    observation = env.reset(seed=0)
    assert np.abs(observation[..., 4:]).max() <= 1.0
    assert np.abs(env.opponent_joint_observation).max() > 500
    assert env.observation_space.contains(observation if count is None else tuple(observation))
    assert env.target_observation_space == env.unwrapped.target_observation_space
    assert env.teammate_observation_space.high[13] == 1.0


def test_q41_rescaled_spaces_follow_a_new_configuration():
    env = mate.RescaledObservation(mate.make("MATE-4v8-9-v0"))
    env.load_config("MATE-2v4-0.yaml")
    assert env.camera_observation_space.shape == (56,)
    camera, target = env.reset()
    assert env.observation_space.contains((tuple(camera), tuple(target)))


def test_more_training_information_is_added_to_infos_after_steps():
    env = mate.MoreTrainingInformation(mate.make("MATE-4v8-9-v0"))
    env.reset(seed=5)
    _, _, _, (camera_infos, target_infos) = env.step((np.zeros((4, 2)), np.zeros((8, 2))))
    assert [info["num_tracked"] for info in camera_infos] == env.camera_target_view_mask.sum(axis=1).tolist()
    assert [info["is_tracked"] for info in target_infos] == env.tracked_bits.tolist()
    assert np.array_equal(camera_infos[0]["state"], env.state())
    assert target_infos[2]["goal_distance"] == target_infos[2]["warehouse_distances"][target_infos[2]["goal"]]
    kept = camera_infos[0]["camera_target_view_mask"].copy()
    env.step((np.full((4, 2), 5.0), np.full((8, 2), 14.0)))
    assert np.array_equal(camera_infos[0]["camera_target_view_mask"], kept)
    assert "camera_camera_view_mask" not in camera_infos[0]


@pytest.mark.parametrize("wrapper", [mate.RelativeCoordinates, mate.RescaledObservation, mate.MoreTrainingInformation])
def test_some_wrappers_can_be_used_only_once(wrapper):
    with pytest.raises(AssertionError, match=wrapper.__name__):
        wrapper(wrapper(mate.make("MATE-4v2-9-v0")))


@pytest.mark.parametrize("outer", [mate.EnhancedObservation, mate.SharedFieldOfView])
@pytest.mark.parametrize("inner", [mate.RelativeCoordinates, mate.RescaledObservation])
def test_what_is_shown_is_decided_before_it_is_transformed(outer, inner):
    with pytest.raises(AssertionError, match=inner.__name__):
        outer(inner(mate.make("MATE-4v2-9-v0")))


def test_an_unknown_team_is_refused():
    with pytest.raises(AssertionError, match="everybody"):
        mate.EnhancedObservation(mate.make("MATE-4v2-9-v0"), team="everybody")


def test_only_mate_environments_can_be_wrapped():
    with pytest.raises(AssertionError, match="MATE"):
        mate.RelativeCoordinates(object())
