"""The decision laws of the rule-based agents, one by one."""

import math

import numpy as np
import pytest

from mate.agents.laws.aim import (
    aim_and_zoom,
    best_viewing_angle,
    centring_angles,
    limit_viewing_angle,
    orientation_of,
    sight_range_of,
)
from mate.agents.laws.evasion import drift_from_cameras, evade, new_views, view_disc
from mate.agents.laws.pursuit import NO_TARGET, is_within_reach, nearest_candidate
from mate.agents.laws.walk import (
    NO_GOAL,
    believed_empty,
    carried_goal,
    keeps_goal,
    next_on_patrol,
    noise_change_probability,
    noisy_step,
    nth_bit,
)
from mate.constants import WAREHOUSES

AREA = 30.0 * 1500.0**2


def make_target(x=0.0, y=0.0, step_size=20.0, goal=None, empty=()):
    own = np.zeros(14)
    own[:6] = x, y, 500.0, goal is not None, step_size, 1.0
    if goal is not None:
        own[6 + goal] = 1.0
    own[[10 + warehouse for warehouse in empty]] = 1.0
    return own


def make_camera(x=0.0, y=0.0, orientation=0.0, viewing_angle=30.0, max_sight_range=1500.0):
    """Private state (9,) of a camera with smallest viewing angle 30."""
    sight_range, axis = max_sight_range * np.sqrt(30.0 / viewing_angle), np.radians(orientation)
    view = sight_range * np.cos(axis), sight_range * np.sin(axis), viewing_angle
    return np.array([x, y, 40.0, *view, max_sight_range, 5.0, 2.5])


def record(camera):
    return np.append(camera[:6], 1.0)


@pytest.mark.parametrize(
    ("distance", "angle"),
    [
        (200.0, 180.0),
        (306.0, 180.0),
        (307.0, 179.05310539071198),
        (400.0, 120.74101114116857),
        (600.0, 73.44343678493374),
        (800.0, 51.34523204633109),
        (1000.0, 38.28096262440179),
        (1191.0, 30.02131403228754),
        (1192.0, 30.0),
    ],
)
def test_the_viewing_angle_centres_the_point(distance, angle):
    assert best_viewing_angle(distance, AREA, 30.0, 1500.0) == pytest.approx(angle, abs=1e-9)


@pytest.mark.parametrize("distance", np.random.default_rng(0).uniform(320.0, 1100.0, 20))
def test_the_viewing_angle_is_to_the_bit_that_of_a_series_whose_terms_are_divided(distance):
    angle = 180.0
    for _ in range(20):
        x = min(angle / 2.0, 90.0) * (math.pi / 180.0)
        z = (x * x) * (x * x)
        terms = [
            1.0 / math.factorial(n) - x * x / math.factorial(n + 2) if n > 1 else 1.0 - x * x / 6.0
            for n in (1, 5, 9, 13, 17)
        ]
        low, middle = terms[0] + z * terms[1], terms[2] + z * terms[3]
        high = terms[4] + z * (1.0 / 51090942171709440000.0)
        sine = x * (low + z * z * (middle + z * z * high))
        angle = AREA / (distance * (1.0 + sine) * (distance * (1.0 + sine)))
    assert best_viewing_angle(distance, AREA, 30.0, 1500.0) == angle


def test_many_viewing_angles_at_once_equal_those_one_by_one():
    distances = np.random.default_rng(0).uniform(1.0, 2000.0, 1001)
    angles, areas = np.zeros(1001), np.full(1001, AREA)
    centring_angles(angles, distances, areas)
    for angle, distance in zip(angles, distances, strict=True):
        limited = limit_viewing_angle(angle, distance, AREA, 30.0, 1500.0)
        assert limited == best_viewing_angle(distance, AREA, 30.0, 1500.0)


def test_a_camera_turns_the_short_way_and_no_faster_than_it_can():
    assert aim_and_zoom(make_camera(orientation=179.0), -1000.0, 0.0)[0] == pytest.approx(1.0)
    assert aim_and_zoom(make_camera(orientation=-170.0), -900.0, 300.0)[0] == -5.0
    assert aim_and_zoom(make_camera(), 300.0, 0.0) == pytest.approx((0.0, 2.5))


def test_a_patrol_turns_at_nine_tenths_of_a_warehouse():
    x, y = WAREHOUSES[0]
    assert next_on_patrol(make_target(x - 67.6, y), 0, 1) == 0
    assert next_on_patrol(make_target(x - 67.5, y), 0, 1) == 1
    assert next_on_patrol(make_target(x, y), 0, -1) == 3


def test_a_patrol_skips_empty_warehouses_unless_loaded_or_all_are_empty():
    x, y = WAREHOUSES[0]
    assert next_on_patrol(make_target(x, y, empty=(1, 2)), 0, 1) == 3
    assert next_on_patrol(make_target(x, y, empty=(1, 2), goal=3), 0, 1) == 1
    assert next_on_patrol(make_target(x, y, empty=(0, 1, 2, 3)), 0, 1) == 1


def test_beliefs_and_cargo_are_read_from_the_state():
    own = make_target(goal=2, empty=(0, 3))
    assert carried_goal(own) == 2 and believed_empty(own) == 0b1001
    assert carried_goal(make_target()) == NO_GOAL


def test_only_a_loaded_target_goes_on_to_a_warehouse_thought_empty():
    assert keeps_goal(make_target(goal=1), 1, 0b0001)
    assert not keeps_goal(make_target(), 1, 0b0001)
    assert keeps_goal(make_target(), 1, 0b0010)
    assert not keeps_goal(make_target(), NO_GOAL, 0b1111)


def test_the_nth_of_a_set_counts_upwards():
    assert [nth_bit(0b1011, n) for n in range(3)] == [0, 1, 3]


def test_noise_changes_often_when_a_target_is_held_up():
    assert noise_change_probability(make_target(4.0, 0.0), 0.0, 0.0) == 0.75
    assert noise_change_probability(make_target(4.1, 0.0), 0.0, 0.0) == 0.05


def test_a_step_leads_to_the_goal_and_is_clipped_with_its_noise():
    assert noisy_step(make_target(), 0, 0.0, 0.0) == pytest.approx((20.0 / np.sqrt(2.0),) * 2)
    assert noisy_step(make_target(), 0, 10.0, -3.0) == pytest.approx((20.0, 20.0 / np.sqrt(2.0) - 3.0))
    assert noisy_step(make_target(), NO_GOAL, 1.0, -2.0) == (1.0, -2.0)
    assert noisy_step(make_target(920.0, 925.0), 0, 0.0, 0.0) == (5.0, 0.0)


def test_reach_is_a_tenth_beyond_the_longest_sight():
    assert is_within_reach(1649.0, 0.0, make_camera())
    assert not is_within_reach(1650.1, 0.0, make_camera())


def candidates(**changes):
    arguments = {
        "remembered": np.array([[500.0, 0, 0, 0], [300.0, 0, 0, 1], [-300.0, 0, 0, 0], [1700.0, 0, 0, 1]]),
        "countdowns": np.array([3, 3, 3, 3]),
        "never_loaded": np.array([True, False, False, False]),
        "drops_unloaded": False,
        "drops_beyond_range": True,
    }
    return nearest_candidate(make_camera(), *(arguments | changes).values())


def test_a_camera_pursues_the_nearest_target_it_remembers():
    assert candidates() == 1
    assert candidates(countdowns=np.array([3, 0, 3, 3])) == 2
    assert candidates(countdowns=np.zeros(4, np.int64)) == NO_TARGET


def test_targets_known_to_be_unloaded_or_out_of_reach_can_be_left_out():
    assert candidates(countdowns=np.array([3, 0, 3, 3]), drops_unloaded=True) == 0
    assert candidates(countdowns=np.array([0, 0, 0, 3])) == NO_TARGET
    assert candidates(countdowns=np.array([0, 0, 0, 3]), drops_beyond_range=False) == 3


def disc_of(camera):
    return view_disc(camera, orientation_of(camera), sight_range_of(camera))


def drift_from(own, cameras):
    return drift_from_cameras(own, cameras, new_views(len(cameras) // 7))


def test_the_view_disc_touches_the_arc_and_the_sides():
    x, y, radius = disc_of(make_camera(viewing_angle=60.0))
    sight_range = 1500.0 * np.sqrt(0.5)
    assert x + radius == pytest.approx(sight_range) and y == 0.0
    assert radius == pytest.approx(x * np.sin(np.radians(30.0)))


def test_a_target_drifts_from_the_middle_of_a_view():
    camera = record(make_camera(viewing_angle=60.0))
    x, _, _ = disc_of(camera)
    assert drift_from(make_target(x + 5.0, 7.0), camera) == pytest.approx((5.0, 7.0))


def test_every_camera_on_whose_clockwise_side_a_target_is_counts_as_a_threat():
    """Q34"""
    camera = record(make_camera(viewing_angle=60.0))
    assert drift_from(make_target(-200.0, -100.0), camera) != (0.0, 0.0)
    assert drift_from(make_target(-200.0, 100.0), camera) == (0.0, 0.0)


def test_a_camera_that_is_far_or_unseen_is_no_threat():
    camera = record(make_camera(viewing_angle=60.0))
    assert drift_from(make_target(1.21 * 1500.0 * np.sqrt(0.5), 0.0), camera) == (0.0, 0.0)
    camera[6] = 0.0
    assert drift_from(make_target(300.0, 0.0), camera) == (0.0, 0.0)


def test_of_several_views_the_one_that_surrounds_the_target_most_counts():
    near, far = record(make_camera(viewing_angle=60.0)), record(make_camera(-400.0, 0.0, viewing_angle=60.0))
    x, _, _ = disc_of(near)
    own = make_target(x + 5.0, 7.0)
    assert drift_from(own, np.concatenate([far, near])) == pytest.approx((5.0, 7.0))


def test_views_that_were_seen_before_change_no_drift():
    random, views = np.random.default_rng(0), new_views(3)
    places = random.uniform(-500.0, 500.0, (5, 2))
    seen = [record(make_camera(x, y, orientation=random.uniform(-180.0, 180.0))) for x, y in places]
    for _ in range(200):
        own, cameras = make_target(*random.uniform(-500.0, 500.0, 2)), np.concatenate(random.permutation(seen)[:3])
        assert drift_from_cameras(own, cameras, views) == drift_from(own, cameras)


def test_a_drift_that_leads_backwards_is_not_followed():
    camera = record(make_camera(viewing_angle=60.0))
    x, _, _ = disc_of(camera)
    own = make_target(x + 5.0, 0.0)
    assert evade(own, camera, new_views(1), 10.0, 3.0, 0.5) == pytest.approx((15.0, 3.0))
    assert evade(own, camera, new_views(1), -10.0, 3.0, 0.5) == (-10.0, 3.0)
    assert evade(own, np.zeros(0), new_views(1), -10.0, 3.0, 0.5) == (-10.0, 3.0)
