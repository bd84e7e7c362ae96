"""How targets and cameras move."""

import numpy as np
import pytest

from tests.mate.engine_worlds import step, world

DISC = [(0.0, 0.0, 50.0)]


@pytest.mark.parametrize(
    ("start", "action", "discs", "end", "collides"),
    [
        ((-60, 10), (20, 0), DISC, (-48.630203061437015, 11.76163282309383), True),
        ((-60, 0), (20, 0), DISC, (-50, 0), True),
        ((0, 0), (30, 40), [], (12, 16), False),
        ((995, 0), (20, 5), [], (1000, 4.85071250072666), True),
        ((-40, 10), (3, 4), DISC, (-43, 6), True),
        ((-60, 50), (20, 0), DISC, (-40, 50), False),
        ((-60, 0), (-20, 0), DISC, (-80, 0), False),
        ((-60, 0), (0, 0), DISC, (-60, 0), False),
        ((-5, 0), (10, 0), [(0.0, 0.0, 0.0)], (5, 0), False),
    ],
)
def test_targets_slide_along_discs_and_stop_at_the_border(start, action, discs, end, collides):
    batch = world([start], discs)
    step(batch, action)
    np.testing.assert_allclose(batch.target_location[0, 0], end, rtol=0, atol=1e-9)
    assert batch.target_is_colliding[0, 0] == collides


def test_targets_of_capacity_2_walk_half_as_fast():
    batch = world([(0, 0)], high_capacity_target_split=1.0)
    step(batch, (30, 40))
    np.testing.assert_allclose(batch.target_location[0, 0], (6, 8))


def test_a_target_inside_a_disc_reverses_q03():
    batch = world([(-40, 10), (200, 0)], DISC)
    step(batch, [(3, 4), (3, 4)])
    np.testing.assert_allclose(batch.target_location[0], [(-43, 6), (203, 4)])


def test_cameras_block_but_warehouses_and_targets_do_not_q05():
    batch = world([(800, 925), (0, 0), (10, 0), (300, 340)], cameras=[(300, 400)])
    step(batch, [(20, 0), (20, 0), (0, 0), (0, 20)])
    ends = [(820, 925), (20, 0), (10, 0), (300, 360)]
    np.testing.assert_allclose(batch.target_location[0], ends, atol=1e-9)
    assert batch.target_is_colliding[0].tolist() == [False, False, False, False]
    step(batch, [(0, 0), (0, 0), (0, 0), (0, 20)])
    np.testing.assert_allclose(batch.target_location[0, 3], (300, 360), atol=1e-9)
    assert batch.target_is_colliding[0, 3]


def test_being_slowed_by_the_speed_limit_is_no_collision_q06():
    batch = world([(0, 0)])
    step(batch, (1000, 0))
    assert batch.target_location[0, 0].tolist() == [20.0, 0.0]
    assert not batch.target_is_colliding[0, 0]


def test_targets_face_where_they_last_went():
    batch = world([(0, 0)])
    step(batch, (0, -3))
    assert batch.target_orientation[0, 0] == pytest.approx(-90.0)
    step(batch, (0, 0))
    assert batch.target_orientation[0, 0] == pytest.approx(-90.0)


def test_a_camera_turns_at_most_its_step_and_wraps():
    batch = world(cameras=[(0, 0)], camera_pose=(178.0, 90.0))
    step(batch, camera_actions=(9, 0))
    assert batch.camera_orientation[0, 0] == pytest.approx(-177.0)


def test_zooming_out_keeps_the_area_and_shortens_the_range():
    batch = world(cameras=[(0, 0)], camera_pose=(0.0, 30.0))
    step(batch, camera_actions=(0, 9))
    assert batch.camera_viewing_angle[0, 0] == 32.5
    assert batch.camera_sight_range[0, 0] == pytest.approx(1500 * np.sqrt(30 / 32.5), abs=1e-9)
    step(batch, camera_actions=(0, -9))
    step(batch, camera_actions=(0, -9))
    assert batch.camera_viewing_angle[0, 0] == 30.0
    assert batch.camera_sight_range[0, 0] == 1500.0
