"""The search of the heuristic cameras gives the same result as its definition in NumPy."""

import numpy as np
import pytest

from mate.agents.draws import EpisodeDraws
from mate.agents.laws.coverage import MAX_TARGETS, NO_POSE, NUM_ORDERS, find_joint_goal, new_search
from mate.agents.laws.poses import full_scores, grid_points, nearest_point, pose_mesh, pose_table

LIMITS = np.array([5.0, 2.5])


def define_score(radius, bearing, orientation, viewing_angle, sight_range):
    """Score of one point under one pose, as defined."""
    separation, half = abs((bearing - orientation + 180.0) % 360.0 - 180.0), viewing_angle / 2.0
    if radius > sight_range or separation > half:
        return 0.0
    largest = sight_range / 2.0 if half == 90.0 else sight_range / (1.0 + 1.0 / np.sin(np.radians(half)))
    inside = min(radius, sight_range - radius, radius * np.sin(np.radians(min(half - separation, 90.0))))
    return max(inside, 0.0) / largest * (1.0 - radius / sight_range)


def define_joint_goal(table, owns, targets, orders):
    """Poses of the winning order, by its definition; NO_POSE for cameras without a target in reach."""
    scores, mesh = full_scores(table), pose_mesh(table)
    values, covers, num_reached = [], [], []
    for own in owns:
        offsets = targets - own[:2]
        reached = np.flatnonzero(np.sqrt((offsets**2).sum(axis=1)) <= own[6])
        nearest = [np.argmin(np.sqrt(((grid_points(table) - offsets[t]) ** 2).sum(axis=1))) for t in reached]
        covered = np.zeros((len(mesh), len(targets)), bool)
        covered[:, reached] = scores[nearest].T > 0.0
        values.append(scores[nearest].sum(axis=0))
        covers.append(covered)
        num_reached.append(len(reached))
    winner = max(define_candidate(mesh, owns, values, covers, order) for order in orders)
    poses = dict(zip(winner[2], winner[3], strict=True))
    return [poses[camera] if num_reached[camera] else NO_POSE for camera in range(len(owns))]


def define_candidate(mesh, owns, values, covers, order):
    covered, total, cost, poses = np.zeros(covers[0].shape[1], bool), 0.0, 0.0, []
    for camera in order:
        pose = int(np.argmax(values[camera] + (covers[camera] & ~covered).sum(axis=1)))
        orientation = np.degrees(np.arctan2(owns[camera, 4], owns[camera, 3]))
        turn, zoom = abs(mesh[pose, 0] - orientation), abs(mesh[pose, 1] - owns[camera, 5])
        cost += max(turn / LIMITS[0], zoom / LIMITS[1])
        total += values[camera][pose]
        covered |= covers[camera][pose]
        poses.append(pose)
    return total + covered.sum(), -cost, tuple(map(int, order)), tuple(poses)


def make_cameras(random, count, sight_range=1500.0, min_viewing_angle=30.0, spacing=0.0):
    owns = np.zeros((count, 9))
    owns[:, :2] = random.uniform(-850.0, 850.0, (count, 2))
    if spacing:
        owns[:, :2] = np.round(owns[:, :2] / spacing) * spacing
    angles, orientations = random.uniform(min_viewing_angle, 180.0, count), random.uniform(-np.pi, np.pi, count)
    ranges = sight_range * np.sqrt(min_viewing_angle / angles)
    owns[:, 3], owns[:, 4], owns[:, 5] = ranges * np.cos(orientations), ranges * np.sin(orientations), angles
    owns[:, 6], owns[:, 7:9] = sight_range, LIMITS
    return owns


def search(table, owns, targets, orders):
    memory = new_search(len(owns), len(targets), table)
    memory.orders[:] = orders
    find_joint_goal(memory, table, owns, targets, LIMITS)
    return memory.goal.tolist()


@pytest.mark.parametrize("sight_range", [1500.0, 1000.0])
@pytest.mark.parametrize("num_cameras", [1, 2, 4, 8])
def test_the_search_finds_the_winner_of_the_definition(num_cameras, sight_range):
    random, table = np.random.default_rng(num_cameras), pose_table(sight_range, 30.0)
    for case in range(12):
        owns = make_cameras(random, num_cameras, sight_range)
        targets = random.uniform(-1000.0, 1000.0, (random.integers(1, 13), 2))
        orders = EpisodeDraws(case).orders(NUM_ORDERS, num_cameras)
        assert search(table, owns, targets, orders) == define_joint_goal(table, owns, targets, orders)


def test_cameras_of_one_viewing_angle_have_room_for_all_poses_that_are_alike():
    random, table = np.random.default_rng(3), pose_table(1500.0, 180.0)
    for case in range(12):
        owns = make_cameras(random, 2, min_viewing_angle=180.0)
        targets = random.uniform(-1000.0, 1000.0, (random.integers(1, 4), 2))
        orders = EpisodeDraws(case).orders(NUM_ORDERS, 2)
        assert search(table, owns, targets, orders) == define_joint_goal(table, owns, targets, orders)


def test_ties_of_symmetric_positions_go_to_the_first_pose():
    random, table = np.random.default_rng(0), pose_table(1500.0, 30.0)
    for case in range(40):
        owns = make_cameras(random, 3, spacing=300.0)
        targets = np.round(random.uniform(-1000.0, 1000.0, (4, 2)) / 150.0) * 150.0
        orders = EpisodeDraws(case).orders(NUM_ORDERS, 3)
        assert search(table, owns, targets, orders) == define_joint_goal(table, owns, targets, orders)


def test_a_memory_is_as_good_as_new_after_a_search():
    random, table = np.random.default_rng(5), pose_table(1500.0, 30.0)
    memory = new_search(4, 8, table)
    for case in range(20):
        owns, targets = make_cameras(random, 4), random.uniform(-1000.0, 1000.0, (random.integers(1, 9), 2))
        memory.orders[:] = EpisodeDraws(case).orders(NUM_ORDERS, 4)
        find_joint_goal(memory, table, owns, targets, LIMITS)
        assert memory.goal.tolist() == search(table, owns, targets, memory.orders)


def unaligned(array):
    """A copy that begins 8 bytes behind a multiple of 64, as a copy of a team's memory may."""
    memory = np.zeros(array.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + 8
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def test_a_copied_memory_may_begin_anywhere():
    random, table = np.random.default_rng(6), pose_table(1500.0, 30.0)
    memory, moved = new_search(4, 8, table), table._replace(score=unaligned(table.score))
    rows = {name: unaligned(getattr(memory, name)) for name in ("sum", "union", "most", "most_union")}
    memory = memory._replace(**rows)
    owns, targets = make_cameras(random, 4), random.uniform(-1000.0, 1000.0, (8, 2))
    memory.orders[:] = EpisodeDraws(0).orders(NUM_ORDERS, 4)
    find_joint_goal(memory, moved, owns, targets, LIMITS)
    assert memory.goal.tolist() == search(table, owns, targets, memory.orders)


def test_cameras_without_a_target_in_reach_get_no_pose():
    random, table = np.random.default_rng(1), pose_table(500.0, 30.0)
    owns = make_cameras(random, 2, sight_range=500.0)
    owns[0, :2], owns[1, :2] = (-800.0, -800.0), (800.0, 800.0)
    goals = search(table, owns, np.array([[700.0, 900.0]]), EpisodeDraws(0).orders(NUM_ORDERS, 2))
    assert goals[0] == NO_POSE and goals[1] != NO_POSE


def test_a_target_at_the_edge_of_reach_scores_nothing_and_gets_the_first_pose():
    table, owns = pose_table(1000.0, 30.0), make_cameras(np.random.default_rng(2), 1, sight_range=1000.0)
    owns[0, :2] = (-500.0, 0.0)
    assert search(table, owns, np.array([[499.0, 0.0]]), np.zeros((NUM_ORDERS, 1))) == [0]


def test_more_targets_than_a_mask_holds_are_refused():
    with pytest.raises(ValueError, match="at most 63 targets"):
        new_search(2, MAX_TARGETS + 1, pose_table(1500.0, 30.0))


@pytest.mark.parametrize(("sight_range", "min_viewing_angle"), [(1500.0, 30.0), (800.0, 47.3), (1000.0, 180.0)])
def test_scores_are_those_of_the_definition(sight_range, min_viewing_angle):
    table = pose_table(sight_range, min_viewing_angle)
    scores, mesh, random = full_scores(table), pose_mesh(table), np.random.default_rng(0)
    assert scores.shape == (2952, 756)
    for point, pose in zip(random.integers(0, 2952, 3000), random.integers(0, 756, 3000), strict=True):
        bearing, radius = -180.0 + 5.0 * (point // 41), table.radii[point % 41]
        assert scores[point, pose] == pytest.approx(define_score(radius, bearing, *mesh[pose]), abs=1e-12)


def test_the_largest_score_of_the_usual_cameras():
    assert full_scores(pose_table(1500.0, 30.0)).max() == pytest.approx(0.49979589711327116, abs=1e-15)


def test_tables_of_parameters_equal_to_eight_decimals_are_shared():
    assert pose_table(1500.0, 30.0) is pose_table(1500.0 + 1e-10, 30.0 - 1e-12)


def test_the_nearest_grid_point_is_the_first_of_all_nearest():
    table, random = pose_table(1500.0, 30.0), np.random.default_rng(3)
    places = [*(random.uniform(-1060.0, 1060.0, (3000, 2))), *(random.normal(0.0, 20.0, (1000, 2))), np.zeros(2)]
    for x, y in places:
        expected = np.argmin(np.sqrt(((grid_points(table) - (x, y)) ** 2).sum(axis=1)))
        assert nearest_point(table.directions, table.radii, x, y) == expected
