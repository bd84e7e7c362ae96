"""Wrappers that change rewards and dones."""

import numpy as np
import pytest

import mate

STILL = (np.zeros((4, 2)), np.zeros((8, 2)))


def repeated(env=None, **kwargs):
    return mate.RepeatedRewardIndividualDone(mate.make("MATE-4v8-9-v0") if env is None else env, **kwargs)


def deliver(env, target):
    """Put a target into its goal's warehouse, so that the next step delivers."""
    base = env.unwrapped
    base.batch.target_location[0, target] = mate.WAREHOUSES[base.target_goals[target]]


def test_every_member_gets_the_reward_of_its_team():
    env = repeated()
    env.reset(seed=1)
    _, (camera_rewards, target_rewards), (camera_dones, target_dones), (infos, _) = env.step(STILL)
    assert camera_rewards == [infos[0]["raw_reward"]] * 4
    assert target_rewards == [-infos[0]["raw_reward"]] * 8
    assert (camera_dones, target_dones) == ([False] * 4, [False] * 8)


def test_around_a_single_team_environment_only_the_own_team_counts():
    env = repeated(mate.MultiTarget(mate.make("MATE-4v8-9-v0"), mate.GreedyCameraAgent(seed=0)))
    env.reset(seed=1)
    _, rewards, dones, _ = env.step(STILL[1])
    assert (len(rewards), dones) == (8, [False] * 8)


def test_targets_can_be_done_when_they_deliver():
    env = repeated(target_done_at_destination=True)
    env.reset(seed=1)
    deliver(env, 3)
    _, _, (camera_dones, target_dones), _ = env.step(STILL)
    assert [index for index, done in enumerate(target_dones) if done] == [3]
    assert not any(camera_dones)


@pytest.mark.parametrize("shows_end", [False, True])
def test_q45_the_end_of_the_episode_shows_in_delivery_dones_on_request_only(shows_end):
    with pytest.warns(UserWarning):
        env = mate.make("MATE-4v8-9-v0", max_episode_steps=1)
    env = repeated(env, target_done_at_destination=True, done_at_episode_end=shows_end)
    env.reset(seed=1)
    env.step(STILL)
    _, _, (camera_dones, target_dones), _ = env.step(STILL)
    assert all(camera_dones)
    assert target_dones == [shows_end] * 8


def test_q46_only_the_given_components_count():
    env = mate.AuxiliaryCameraRewards(repeated(), {"coverage_rate": 2.0, "num_tracked": 1.0})
    env.reset(seed=1)
    _, (camera_rewards, target_rewards), _, (infos, _) = env.step(STILL)
    expected = 2.0 * env.coverage_rate + env.camera_target_view_mask.sum(axis=1)
    assert camera_rewards == expected.tolist()
    assert target_rewards == [infos[0]["raw_reward"] * -1] * 8
    assert infos[1]["reward"] == camera_rewards[1]
    assert infos[1]["auxiliary_reward_num_tracked"] == infos[1]["num_tracked"]
    assert infos[1]["reward_coefficient_coverage_rate"] == 2.0
    assert "baseline" not in infos[1]
    assert "shared_reward" not in infos[1]


@pytest.mark.parametrize(
    ("reduction", "reduce"), [("mean", np.mean), ("sum", np.sum), ("max", np.max), ("min", np.min)]
)
def test_q44_a_reduction_is_shared_by_the_team(reduction, reduce):
    for wrapper, team in ((mate.AuxiliaryCameraRewards, 0), (mate.AuxiliaryTargetRewards, 1)):
        env = wrapper(repeated(), {"soft_coverage_score": 1.0}, reduction=reduction)
        env.reset(seed=1)
        _, rewards, _, infos = env.step(STILL)
        own = [info["reward"] for info in infos[team]]
        assert rewards[team] == [infos[team][0]["shared_reward"]] * len(own)
        assert rewards[team][0] == pytest.approx(reduce(own))
        assert len(set(own)) > 1


def test_a_coefficient_can_be_computed_for_each_agent_and_step():
    calls = []

    def coefficient(agent, episode, step, raw_reward, auxiliary_reward):
        calls.append((agent, episode, step, raw_reward, auxiliary_reward))
        return 10.0 * agent

    env = mate.AuxiliaryTargetRewards(repeated(), {"baseline": coefficient})
    for _ in range(2):
        env.reset(seed=1)
        _, (_, rewards), _, (_, infos) = env.step(STILL)
    assert rewards == [10.0 * agent for agent in range(8)]
    assert calls[-1] == (7, 1, 1, infos[7]["raw_reward"], 1.0)
    assert calls[0][:3] == (0, 0, 1)


def test_the_goal_distance_of_an_unloaded_target_is_that_of_the_nearest_warehouse_not_believed_empty():
    env = mate.AuxiliaryTargetRewards(repeated(), {"normalized_goal_distance": 1.0})
    env.reset(seed=1)
    batch = env.unwrapped.batch
    batch.target_goal[0, :3] = -1
    batch.target_goal_bits[0, :3] = 0
    batch.target_location[0, :3] = [500.0, 600.0]
    batch.target_empty_bits[0, 1, 0] = True
    batch.target_empty_bits[0, 2] = True
    _, (_, rewards), _, _ = env.step(STILL)
    distances = np.linalg.norm(mate.WAREHOUSES - [500.0, 600.0], axis=1) - 75
    assert rewards[0] == pytest.approx(distances[0] / 2000)
    assert rewards[1] == pytest.approx(np.delete(distances, 0).min() / 2000)
    assert rewards[2] == 0.5


def test_q26_the_outline_reaches_beyond_the_sight_range_unless_it_is_clipped():
    default = mate.AuxiliaryCameraRewards(repeated(), {"soft_coverage_score": 1.0})
    clipped = mate.AuxiliaryCameraRewards(repeated(), {"soft_coverage_score": 1.0}, soft_coverage_clip=True)
    for env in (default, clipped):
        env.reset(seed=8)
        env.step(STILL)
    one, other = default.soft_coverage_score_matrix, clipped.soft_coverage_score_matrix
    tracked = default.camera_target_view_mask
    assert one.shape == other.shape == (4, 8)
    assert (np.sign(one) == np.where(tracked, 1, -1)).all()
    assert tracked.sum() == 7
    assert (other[tracked] < one[tracked]).all()
    assert np.array_equal(mate.AuxiliaryCameraRewards.compute_soft_coverage_scores(default), one)


def test_unknown_components_and_reductions_are_refused():
    for wrapper in (mate.AuxiliaryCameraRewards, mate.AuxiliaryTargetRewards):
        with pytest.raises(AssertionError, match="glory"):
            wrapper(repeated(), {"glory": 1.0})
        with pytest.raises(AssertionError, match="median"):
            wrapper(repeated(), {"baseline": 1.0}, reduction="median")
    with pytest.raises(AssertionError, match="num_tracked"):
        mate.AuxiliaryTargetRewards(repeated(), {"num_tracked": 1.0})


def test_auxiliary_rewards_need_individual_ones_and_their_own_team():
    with pytest.raises(AssertionError, match="RepeatedRewardIndividualDone"):
        mate.AuxiliaryCameraRewards(mate.make("MATE-4v8-9-v0"), {"baseline": 1.0})
    targets = repeated(mate.MultiTarget(mate.make("MATE-4v8-9-v0"), mate.GreedyCameraAgent(seed=0)))
    with pytest.raises(AssertionError, match="AuxiliaryCameraRewards"):
        mate.AuxiliaryCameraRewards(targets, {"baseline": 1.0})


def test_both_teams_can_have_auxiliary_rewards():
    env = mate.AuxiliaryTargetRewards(
        mate.AuxiliaryCameraRewards(repeated(), {"baseline": 1.0}), {"baseline": 2.0, "sparse_delivery": 5.0}
    )
    env.reset(seed=1)
    deliver(env, 2)
    _, (camera_rewards, target_rewards), _, _ = env.step(STILL)
    assert camera_rewards == [1.0] * 4
    assert target_rewards == [2.0, 2.0, 7.0, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_individual_rewards_are_not_for_a_single_agent():
    env = mate.SingleTarget(mate.make("MATE-4v8-9-v0"), mate.GreedyTargetAgent(seed=0), mate.GreedyCameraAgent(seed=0))
    with pytest.raises(AssertionError, match="single agent"):
        repeated(env)
