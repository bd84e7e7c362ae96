"""How episodes begin."""

import numpy as np
import pytest

from mate.constants import WAREHOUSES
from mate.engine import Batch
from mate.scenario import Scenario

PRESETS = ("MATE-4v8-9", "MATE-8v8-9", "MATE-1v1-9", "MATE-Navigation")


def start(scenario: Scenario, count: int = 200, first: int = 0) -> Batch:
    batch = Batch(scenario, count)
    batch.reset(np.arange(first, first + count))
    return batch


def gaps(places: np.ndarray, others: np.ndarray, radii, other_radii) -> np.ndarray:
    """(B, N, M) free space between discs."""
    distances = np.sqrt(((places[:, :, None] - others[:, None]) ** 2).sum(axis=-1))
    return distances - np.asarray(radii)[..., None] - np.asarray(other_radii)[:, None]


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_starts_too_close_to_anything(preset):
    scenario = Scenario.load(preset)
    batch = start(scenario)
    radius = batch.obstacle_radius
    is_solid = radius > 0.0
    assert is_solid.mean() > 0.9 or preset == "MATE-Navigation"
    assert ((radius >= 25.0) & (radius <= 100.0) | ~is_solid).all()
    warehouses = np.broadcast_to(WAREHOUSES, (batch.size, 4, 2))
    reserved = np.full((batch.size, 4), 56.25)
    to_warehouse = gaps(batch.obstacle_location, warehouses, radius, reserved)
    assert (to_warehouse[is_solid] > 20.0 - 1e-2).all()
    between = gaps(batch.obstacle_location, batch.obstacle_location, radius, radius)
    apart = ~np.eye(scenario.num_obstacles, dtype=bool) & is_solid[:, :, None] & is_solid[:, None]
    assert (between[apart] > 20.0 - 1e-2).all()
    targets = gaps(batch.target_location, batch.obstacle_location, np.zeros(batch.target_location.shape[:2]), radius)
    assert (targets > -1e-2).all()


@pytest.mark.parametrize("preset", PRESETS)
def test_everybody_starts_in_the_box_of_its_place_in_the_configuration(preset):
    scenario = Scenario.load(preset)
    batch = start(scenario)
    for kind in ("camera", "target", "obstacle"):
        boxes = np.array(getattr(scenario, f"{kind}_boxes")).reshape(-1, 4)[getattr(batch, f"{kind}_order")]
        place = getattr(batch, f"{kind}_location")
        radius = {"camera": 40.0, "target": 0.0, "obstacle": batch.obstacle_radius[..., None]}[kind]
        is_placed = np.broadcast_to(np.asarray(radius) > 0.0, boxes.shape)[..., 0] | (kind != "obstacle")
        boxes = np.clip(boxes, -1000.0 + 1.2 * radius, 1000.0 - 1.2 * radius)[is_placed]
        place = place[is_placed]
        assert (place[..., 0] >= boxes[..., 0]).all()
        assert (place[..., 0] <= boxes[..., 1]).all()
        assert (place[..., 1] >= boxes[..., 2]).all()
        assert (place[..., 1] <= boxes[..., 3]).all()


def test_cameras_start_at_multiples_of_their_rotation_step_with_any_viewing_angle_q32():
    batch = start(Scenario.load("MATE-4v2-0", camera={"rotation_step": 50.0}))
    turns = np.mod(batch.camera_orientation, 360.0) / 50.0
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
    assert set(np.round(turns).astype(int).ravel()) == set(range(7))
    assert batch.camera_viewing_angle.min() > 30.0
    assert batch.camera_viewing_angle.max() > 175.0
    np.testing.assert_allclose(batch.camera_viewing_angle * batch.camera_sight_range**2, 30.0 * 1500.0**2)


def test_a_rotation_step_beyond_a_full_turn_leaves_one_orientation_q32():
    batch = start(Scenario.load("MATE-1v1-0", camera={"rotation_step": 400.0}), 10)
    assert (batch.camera_orientation == 0.0).all()


def test_entities_are_shuffled_unless_told_otherwise():
    orders = start(Scenario.load("MATE-4v4-0"), 2000).target_order
    counts = [np.bincount(orders[:, i], minlength=4) for i in range(4)]
    assert np.min(counts) > 400
    still = start(Scenario.load("MATE-4v4-0", shuffle_entities=False))
    assert (still.target_order == np.arange(4)).all()
    assert (still.target_capacity == [2, 2, 1, 1]).all()


def test_any_half_of_the_targets_has_capacity_2():
    batch = start(Scenario.load("MATE-4v4-0"), 2000)
    assert (batch.target_capacity.sum(axis=1) == 6).all()
    assert np.abs((batch.target_capacity == 2).mean(axis=0) - 0.5).max() < 0.06
    np.testing.assert_array_equal(batch.target_step_size, 20.0 / batch.target_capacity)


@pytest.mark.parametrize("preset", ["MATE-4v8-9", "MATE-1v1-0", "MATE-Navigation"])
def test_cargo_comes_in_whole_batches_and_every_warehouse_has_some_q12(preset):
    scenario = Scenario.load(preset)
    batch = start(scenario, 500)
    carried = batch.target_goal_bits.sum(axis=1)
    np.testing.assert_array_equal(batch.remaining_cargoes.sum(axis=1) + carried, batch.awaiting_cargo_counts)
    assert (np.diagonal(batch.remaining_cargoes, axis1=1, axis2=2) == 0).all()
    total, size = batch.awaiting_cargo_counts.sum(axis=1), 8 * scenario.num_targets
    assert (total % size == 0).all()
    if preset == "MATE-1v1-0":
        assert 0.28 < (total > size).mean() < 0.48


def test_targets_start_loaded_if_the_scenario_says_so_q15():
    loaded = start(Scenario.load("MATE-4v8-9"))
    assert loaded.target_is_loaded.all()
    np.testing.assert_array_equal(loaded.freights, 100 * loaded.target_goal_bits.sum(axis=2))
    to_goal = WAREHOUSES[loaded.target_goal] - loaded.target_location
    np.testing.assert_allclose(loaded.target_orientation, np.degrees(np.arctan2(to_goal[..., 1], to_goal[..., 0])))
    idle = start(Scenario.load("MATE-Navigation"))
    assert (idle.target_goal == -1).all()
    assert idle.target_orientation.std() > 50.0


def test_who_starts_in_a_warehouse_is_served_there_q15():
    config = {"target": {"location": [[900, 900]]}, "num_cargoes_per_target": 8, "targets_start_with_cargoes": False}
    batch = start(Scenario.load(config | {"target": {"location": [[990, 990]], "step_size": 20}}), 20)
    assert (batch.target_goal > 0).all()
    assert (batch.target_goal_bits.sum(axis=2) == 1).all()
    assert not batch.target_dones.any()
    assert (batch.target_team_episode_reward == 0).all()


def test_an_obstacle_that_finds_no_room_keeps_radius_0_q18():
    config = {
        "target": {"location": [[0, 0]]},
        "num_cargoes_per_target": 4,
        "obstacle": {"location": [[300, 300], [310, 300]], "radius": 50},
    }
    batch = start(Scenario.load(config), 5)
    np.testing.assert_array_equal(np.sort(batch.obstacle_radius, axis=1), [[0.0, 50.0]] * 5)


def test_places_are_kept_off_the_border_by_the_radius():
    config = {"target": {"location": [[5000, 0]]}, "num_cargoes_per_target": 4, "camera": {"location": [[-5000, 0]]}}
    batch = start(Scenario.load(config), 2)
    assert batch.target_location[0, 0].tolist() == [1000.0, 0.0]
    assert batch.camera_location[0, 0].tolist() == [-952.0, 0.0]
