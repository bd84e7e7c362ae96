"""Cargo, rewards, rates and the end of an episode."""

import numpy as np
import pytest

from tests.mate.engine_worlds import step, world

NORTH_EAST, NORTH_WEST, SOUTH_WEST, SOUTH_EAST = (925.0, 925.0), (-925.0, 925.0), (-925.0, -925.0), (925.0, -925.0)


def stock(batch, remaining) -> None:
    """Put this cargo into the warehouses, and no other cargo."""
    batch.remaining_cargoes[:] = remaining
    batch.awaiting_cargo_counts[:] = np.sum(remaining, axis=0)


def cargo(**amounts: int) -> np.ndarray:
    """cargo(w0_2=3): three units from warehouse 0 to warehouse 2."""
    remaining = np.zeros((4, 4), dtype=np.int32)
    for name, amount in amounts.items():
        remaining[int(name[1]), int(name[3])] = amount
    return remaining


def test_a_target_is_loaded_where_it_arrives():
    batch = world([(840, 925)])
    stock(batch, cargo(w0_2=3))
    step(batch, (20, 0))
    assert batch.target_goal[0, 0] == 2
    assert batch.target_goal_bits[0, 0].tolist() == [0, 0, 1, 0]
    assert batch.target_is_loaded[0, 0]
    assert (batch.freights[0, 0], batch.bounties[0, 0]) == (100, 100)
    assert batch.remaining_cargoes[0, 0, 2] == 2
    assert batch.awaiting_cargo_counts[0, 2] == 3
    assert batch.goal_draw[0, 0] == 2
    assert (batch.target_steps[0, 0], batch.tracked_steps[0, 0]) == (1, 0)


def test_the_edge_of_a_warehouse_belongs_to_it_q22():
    batch = world([(850, 1000), (849.999, 1000)])
    stock(batch, cargo(w0_2=3))
    step(batch)
    assert batch.target_goal[0].tolist() == [2, -1]


def test_dense_and_sparse_rewards_of_a_trip_are_equal():
    """Weight 2, tracked in 30 steps of the trip, the last of them the delivery: 340 either way."""
    batch = world([NORTH_EAST], cameras=[(900, 0)], camera_pose=(90.0, 180.0), high_capacity_target_split=1.0)
    stock(batch, cargo(w0_3=2))
    batch.camera_orientation[:] = -90.0
    batch.refresh()
    step(batch)
    assert batch.target_goal_bits[0, 0, 3] == 2
    assert (batch.freights[0, 0], batch.bounties[0, 0]) == (200, 200)
    dense = 0.0
    for _ in range(29):
        batch.target_location[:] = (500, -100)
        step(batch)
        assert batch.tracked_bits[0, 0]
        assert batch.target_reward[0] == -1.0
        assert batch.camera_reward[0] == 1.0
        dense += batch.target_reward[0]
    batch.target_location[:] = SOUTH_EAST
    batch.camera_orientation[:] = -90.0
    batch.camera_viewing_angle[:], batch.camera_sight_range[:] = 30.0, 1500.0
    batch.refresh()
    step(batch)
    assert batch.tracked_bits[0, 0]
    assert batch.target_dones[0, 0]
    assert dense + batch.target_reward[0] == 340.0
    assert batch.delayed_target_team_episode_reward[0] == 340.0
    assert batch.target_team_episode_reward[0] == 340.0
    assert batch.mean_transport_rate[0] == pytest.approx(340 / 400)
    assert batch.num_delivered_cargoes[0] == 2


def test_sparse_rewards_come_with_deliveries_only():
    batch = world([NORTH_EAST], reward_type="sparse")
    stock(batch, cargo(w0_3=1))
    step(batch)
    assert batch.target_reward[0] == 0.0
    batch.bounties[:] = 70
    batch.target_location[:] = SOUTH_EAST
    step(batch)
    assert batch.target_reward[0] == 100 + 2 * 70 - 100
    assert batch.camera_reward[0] == -140.0


def test_a_fresh_bounty_is_not_reduced_in_the_step_of_the_pickup_q13():
    batch = world([NORTH_EAST], cameras=[(500, 925)], camera_pose=(0.0, 90.0))
    stock(batch, cargo(w0_3=1))
    step(batch)
    assert batch.tracked_bits[0, 0]
    assert batch.bounties[0, 0] == 100
    assert batch.target_reward[0] == 0.0
    assert batch.real_coverage_rate[0] == 1.0
    step(batch)
    assert batch.bounties[0, 0] == 99
    assert batch.target_reward[0] == -1.0


def test_tracking_without_bounty_costs_nothing():
    batch = world([(0, 0)], cameras=[(100, 0)], camera_pose=(180.0, 90.0))
    step(batch)
    assert batch.tracked_bits[0, 0]
    assert batch.target_reward[0] == 0.0
    assert batch.coverage_rate[0] == 1.0
    assert batch.real_coverage_rate[0] == 0.0


def test_the_lower_index_takes_the_last_cargo_q16():
    batch = world([NORTH_EAST, NORTH_EAST], high_capacity_target_split=0.5)
    stock(batch, cargo(w0_1=1))
    step(batch)
    assert batch.target_goal[0].tolist() == [1, -1]
    assert batch.target_goal_bits[0, 0, 1] == 1
    assert batch.target_empty_bits[0, :, 0].tolist() == [True, True]


def test_loaded_passers_by_learn_that_a_warehouse_is_empty_q14():
    batch = world([SOUTH_WEST, (0, 0)])
    stock(batch, cargo(w2_0=1))
    step(batch)
    batch.target_location[0, 0] = NORTH_WEST
    step(batch)
    assert batch.target_goal[0, 0] == 0
    assert batch.target_empty_bits[0, 0].tolist() == [False, True, True, False]
    assert not batch.target_empty_bits[0, 1].any()


def test_destinations_are_uniform_whatever_the_amounts_q16():
    batch = world([NORTH_EAST], size=3000)
    batch.key[:] = np.arange(3000)
    batch.goal_count[:] = 0
    for slot in range(batch.size):
        batch.remaining_cargoes[slot] = cargo(w0_1=1, w0_2=50)
    batch.target_goal[:] = -1
    step(batch)
    assert abs((batch.target_goal[:, 0] == 1).mean() - 0.5) < 0.05


def test_given_destinations_are_used_instead_of_drawn_ones():
    batch = world([NORTH_EAST], size=20)
    batch.key[:] = np.arange(20)
    stock(batch, cargo(w0_1=5, w0_2=5, w0_3=5))
    batch.goal_given[:] = 3
    step(batch)
    assert (batch.target_goal == 3).all()
    assert (batch.goal_draw == 3).all()


def test_counters_of_an_idle_target_restart_in_an_empty_warehouse_q58():
    batch = world([(0, 0)])
    stock(batch, np.zeros((4, 4)))
    for _ in range(3):
        step(batch)
    assert batch.target_steps[0, 0] == 3
    batch.target_location[:] = NORTH_EAST
    for _ in range(2):
        step(batch)
    assert batch.target_steps[0, 0] == 1


def test_an_episode_ends_one_step_after_the_limit_q10():
    batch = world(max_episode_steps=3)
    ends = []
    for _ in range(5):
        step(batch)
        ends.append(bool(batch.done[0]))
    assert ends == [False, False, False, True, True]


def test_an_episode_ends_when_everything_is_delivered():
    batch = world([NORTH_EAST])
    stock(batch, cargo(w0_3=1))
    step(batch)
    assert not batch.done[0]
    batch.target_location[:] = SOUTH_EAST
    step(batch)
    assert batch.done[0]
    assert batch.awaiting_cargo_counts.sum() == 0


def test_sums_of_rates_accumulate_over_steps():
    batch = world([(0, 0), (0, 900)], cameras=[(100, 0)], camera_pose=(180.0, 90.0))
    for _ in range(4):
        step(batch)
    assert batch.coverage_rate_sum[0] == pytest.approx(4 * 0.5)
    assert batch.real_coverage_rate_sum[0] == 0.0
    assert batch.episode_step[0] == 4
