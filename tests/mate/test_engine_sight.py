"""Who sees whom, and the boundary tables behind it."""

import numpy as np
import pytest

from mate.engine import Batch
from mate.engine.coverage import outline_sector, score_outline
from mate.engine.tables import boundary_between, build_table, look_up
from mate.scenario import Scenario
from tests.mate.engine_worlds import step, world

ORIGIN = np.zeros(2)
ONE_DISC = np.array([[500.0, 0.0]]), np.array([100.0])


def test_a_boundary_table_has_the_known_values():
    phi, rho = build_table(ORIGIN, *ONE_DISC, 1000.0)
    assert len(phi) == 389
    expected = {
        0.0: 400.0,
        5.0: 408.0919651706516,
        10.0: 442.78958825928464,
        11.3: 475.042107359031,
        12.0: 1000.0,
        -7.3: 418.7713283607073,
    }
    for angle, value in expected.items():
        assert look_up(phi, rho, angle) == pytest.approx(value, abs=1e-9)


def test_an_outer_table_says_where_the_last_obstacle_ends():
    table = build_table(ORIGIN, *ONE_DISC, 1000.0, outer=True)
    expected = {0.0: 600.0, 5.0: 588.1027329210938, 10.0: 542.0181647529232, 12.0: 1000.0, -7.3: 573.1129567891976}
    for angle, value in expected.items():
        assert look_up(*table, angle) == pytest.approx(value, abs=1e-9)


def test_tables_ignore_obstacles_that_are_transparent_or_too_far():
    for table in (build_table(ORIGIN, *ONE_DISC, 1000.0, transmittance=1.0), build_table(ORIGIN, *ONE_DISC, 400.0)):
        assert len(table[0]) == 361
        assert len(set(table[1])) == 1


def test_a_camera_inside_an_obstacle_sees_nothing_q24():
    phi, rho = build_table(ORIGIN, np.array([[10.0, 0.0]]), np.array([100.0]), 1000.0)
    assert look_up(phi, rho, 90.0) == 0.0
    batch = world([(300, 0)], [(10, 0, 100)], [(0, 0)])
    step(batch)
    assert not batch.camera_target_view_mask[0, 0, 0]


@pytest.mark.parametrize("preset", ["MATE-4v8-9", "MATE-8v8-9"])
def test_what_cameras_see_is_what_their_tables_say(preset):
    scenario = Scenario.load(preset, obstacle={"transmittance": 0.0})
    batch = Batch(scenario, 20)
    batch.reset(np.arange(20))
    checked = 0
    rng = np.random.default_rng(0)
    for _ in range(15):
        batch.target_location[:] = rng.uniform(-1000, 1000, batch.target_location.shape)
        batch.refresh()
        for slot, c in np.ndindex(20, scenario.num_cameras):
            offset = batch.target_location[slot] - batch.camera_location[slot, c]
            distance, bearing = np.hypot(*offset.T), np.degrees(np.arctan2(offset[:, 1], offset[:, 0]))
            turn = np.abs((batch.camera_orientation[slot, c] - bearing + 180) % 360 - 180)
            in_sector = (distance <= batch.camera_sight_range[slot, c]) & (
                2 * turn <= batch.camera_viewing_angle[slot, c]
            )
            if slot < 4:
                phi, rho = batch.sight_table(slot, c)
                boundary = np.array([look_up(phi, rho, float(angle)) for angle in bearing])
                sees = in_sector & (distance <= boundary * (1 + 1e-6))
                np.testing.assert_array_equal(sees, batch.camera_target_view_mask[slot, c])
                checked += int((in_sector & ~sees).sum())
            assert (batch.camera_target_view_mask[slot, c] <= in_sector).all()
            np.testing.assert_array_equal(batch.transmit_draw[slot, c] >= 0, in_sector)
    assert checked > 0


def test_obstacles_hide_what_is_behind_them_unless_the_draw_says_otherwise_q20():
    batch = world([(600, 0), (300, 0)], [(450, 0, 50)], [(0, 0)], obstacle={"transmittance": 0.5})
    batch.transmit_given[:] = 0
    step(batch)
    assert batch.camera_target_view_mask[0, 0].tolist() == [False, True]
    batch.transmit_given[:] = 1
    step(batch)
    assert batch.camera_target_view_mask[0, 0].tolist() == [True, True]
    assert batch.tracked_bits[0].tolist() == [True, True]


def test_transparent_obstacles_hide_nothing_q23():
    batch = world([(600, 0)], [(450, 0, 50)], [(0, 0)], obstacle={"transmittance": 1.0})
    step(batch)
    assert batch.camera_target_view_mask[0, 0, 0]


def test_see_through_draws_have_their_probability_and_are_made_in_every_sector():
    batch = world([(600, 0), (-600, 0)], [], [(0, 0)], size=3000, obstacle={"transmittance": 0.1})
    batch.key[:] = np.arange(3000)
    step(batch)
    assert (batch.transmit_draw[:, 0, 1] == -1).all()
    assert abs(batch.transmit_draw[:, 0, 0].mean() - 0.1) < 0.03


def test_the_edges_of_range_and_sector_belong_to_the_field_of_view_q22():
    reach = float(np.sqrt(30 * 1500**2 / 90))
    targets = [(reach, 0), (reach + 1e-6, 0), (100, 100), (100, 100.001)]
    batch = world(targets, [], [(0, 0)], camera_pose=(0.0, 90.0))
    assert batch.camera_target_view_mask[0, 0].tolist() == [True, False, True, False]


def test_targets_see_in_all_directions_through_everything_q21():
    batch = world([(0, 0), (-500, 0), (500.001, 0)], [(0, 560, 60), (0, -561, 60)], [(540, 0), (541, 0)])
    assert batch.target_target_view_mask[0, 0].tolist() == [True, True, False]
    assert batch.target_obstacle_view_mask[0, 0].tolist() == [True, False]
    assert batch.target_camera_view_mask[0, 0].tolist() == [True, False]


def test_cameras_always_see_themselves_and_others_only_past_obstacles():
    batch = world(
        [(0, 0)],
        [(300, 0, 50)],
        [(0, 0), (600, 0), (0, 500)],
        camera_pose=(0.0, 180.0),
        obstacle={"transmittance": 0.9},
    )
    seen = batch.camera_camera_view_mask[0]
    assert seen.diagonal().all()
    assert not seen[0, 1]
    assert seen[0, 2]


def test_a_boundary_between_two_bearings_ends_with_the_inner_table_q26():
    inner, outer = (build_table(ORIGIN, *ONE_DISC, 1000.0, outer=outer) for outer in (False, True))
    angles, ranges = boundary_between(inner, -0.5, 0.5, outer)
    assert angles[0] == -0.5
    assert angles[-1] == 0.5
    assert ranges[0] == pytest.approx(look_up(*inner, -0.5))
    assert ranges[1:-1].min() > 590.0


def test_a_boundary_may_cross_the_back():
    inner = build_table(ORIGIN, *ONE_DISC, 1000.0)
    angles, ranges = boundary_between(inner, 178.5, 181.5)
    np.testing.assert_allclose(angles, [178.5, 179, 180, -179, 181.5])
    assert (ranges == 1000.0).all()


def test_soft_coverage_is_the_distance_to_the_outline_in_units_of_the_circle_inside():
    table = build_table(ORIGIN, np.zeros((0, 2)), np.zeros(0), 1000.0)
    outline, scores = outline_sector(*table, *table, 0.0, 90.0), np.empty(2)
    inradius = 500.0 / (1 + 1 / np.sin(np.radians(45)))
    locations, is_seen = np.array([[500.0, 0.0], [1200.0, 0.0]]), np.array([True, False])
    score_outline(outline, 0.0, 0.0, locations, is_seen, 500.0, 90.0, scores)
    assert scores[1] == pytest.approx(-200.0 / inradius)
    assert scores[0] > 0.0


def test_a_batch_scores_the_coverage_of_each_camera():
    batch = world([(400, 0), (-400, 0)], [], [(0, 0)], camera_pose=(0.0, 90.0))
    scores = batch.soft_coverage_scores(0)
    assert scores.shape == (1, 2)
    assert scores[0, 0] > 0.0 > scores[0, 1]
