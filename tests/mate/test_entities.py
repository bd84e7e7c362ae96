"""Cameras, targets and obstacles as objects."""

import pytest

import mate


@pytest.fixture
def env():
    env = mate.MultiAgentTracking("MATE-4v8-9")
    env.reset(seed=2)
    return env


def test_entities_keep_their_identity_while_their_index_changes():
    env = mate.MultiAgentTracking("MATE-4v8-9")
    orders = set()
    for seed in range(6):
        env.reset(seed=seed)
        assert set(env.targets) == set(env.targets_ordered)
        assert [target.index for target in env.targets] == list(range(8))
        assert [target.order for target in env.targets] == env.batch.target_order[0].tolist()
        orders.add(tuple(camera.order for camera in env.cameras))
    assert len(orders) > 1


def test_without_shuffling_entities_stay_in_the_order_of_the_configuration():
    config = mate.read_config("MATE-4v8-9")
    config["shuffle_entities"] = False
    env = mate.MultiAgentTracking(config)
    env.reset(seed=4)
    assert env.cameras == env.cameras_ordered
    assert [target.capacity for target in env.targets] == [2, 2, 2, 2, 1, 1, 1, 1]


def test_a_camera_sees_what_its_mask_says_when_nothing_is_transparent():
    config = mate.read_config("MATE-4v8-9")
    config["obstacle"]["transmittance"] = 0.0
    env = mate.MultiAgentTracking(config)
    for seed in range(8):
        env.reset(seed=seed)
        seen = [[camera.perceive(target) for target in env.targets] for camera in env.cameras]
        assert seen == env.camera_target_view_mask.tolist()
        seen = [[target.perceive(obstacle) for obstacle in env.obstacles] for target in env.targets]
        assert seen == env.target_obstacle_view_mask.tolist()


def test_the_boundary_between_two_angles_has_the_inner_ends(env):
    camera = env.cameras[0]
    angles, ranges = camera.boundary_between(170.0, 200.0, outer=True)
    assert angles[[0, -1]].tolist() == [170.0, 200.0]
    assert ranges[[0, -1]].tolist() == pytest.approx(camera.sight_range_at([170.0, 200.0]).tolist())
    assert (ranges <= camera.max_sight_range).all()


def test_the_golden_boundary_of_a_single_obstacle():
    config = {
        "num_cargoes_per_target": 8, "shuffle_entities": False,
        "camera": {"location": [[0, 0]], "max_sight_range": 1000, "radius": 40},
        "target": {"location": [[-300, 0]], "step_size": 20, "sight_range": 500},
        "obstacle": {"location": [[500, 0]], "radius": 100, "transmittance": 0.0},
    }  # fmt: skip
    with pytest.warns(UserWarning):
        env = mate.MultiAgentTracking(config)
    env.reset(seed=0)
    camera = env.cameras[0]
    tangent, edge = 11.536959032815489, (500.0**2 + 100.0**2) ** 0.5
    ray = camera.sight_range_at(11.0, outer=True)
    expected = {
        0: (400, 600),
        5: (408.0919651706516, 588.1027329210938),
        10: (442.78958825928464, 542.0181647529232),
        -7.3: (418.7713283607073, 573.1129567891976),
        # At the tangent itself two rays of the outer boundary coincide. The shorter one counts; touching an obstacle
        # does not shorten it (Q17).
        11.3: (475.042107359031, ray + (edge - ray) * 0.3 / (tangent - 11.0)),
        12: (1000, 1000),
    }
    for angle, (inner, outer) in expected.items():
        assert camera.sight_range_at(angle) == pytest.approx(inner, rel=1e-9)
        assert camera.sight_range_at(angle, outer=True) == pytest.approx(outer, rel=1e-9)
    assert len(camera.sight_range_func.x) == 389
    assert len(camera.boundary) == 388
    assert camera.boundary[0].angle == -180.0
    assert camera.obstacles == {env.obstacles[0]}


def test_boundaries_belong_to_the_episode(env):
    before = env.cameras_ordered[0].sight_range_func
    assert env.cameras_ordered[0].sight_range_func is before
    env.reset()
    assert env.cameras_ordered[0].sight_range_func is not before


def test_setting_the_orientation_wraps_it_and_the_viewing_angle_changes_the_range(env):
    camera = env.cameras[1]
    camera.orientation = 270.0
    assert camera.orientation == -90.0
    camera.viewing_angle = 120.0
    assert camera.sight_range == pytest.approx(1500 * (30 / 120) ** 0.5)
    camera.viewing_angle = 10.0
    assert (camera.viewing_angle, camera.sight_range) == (30.0, 1500.0)
    assert env.joint_observation()[0][1, 13:22].tolist() == camera.state(private=True).tolist()


def test_setting_the_capacity_changes_the_speed(env):
    target = env.targets[0]
    for capacity in (2, 1):
        target.capacity = capacity
        assert target.step_size == 20.0 / capacity
        assert env.target_states[0, 5] == capacity


def test_differences_and_distances_are_between_centres(env):
    camera, target = env.cameras[0], env.targets[0]
    assert (target - camera).endpoint == pytest.approx(target.location)
    assert camera.distance(target) == pytest.approx((target - camera).norm)
    assert camera.distance(target.location) == camera.distance(target)
    assert (target.x, target.y) == tuple(target.location)


def test_placed_entities_do_not_overlap(env):
    camera, obstacle = env.cameras[0], env.obstacles[0]
    gap = camera.distance(obstacle) - camera.radius - obstacle.radius
    assert not camera.overlap(obstacle, min_distance=20)
    assert camera.overlap(obstacle, min_distance=gap + 1)
    assert camera.overlap(camera)


def test_a_target_knows_its_cargo(env):
    for index, target in enumerate(env.targets):
        assert target.is_loaded == (env.target_goals[index] >= 0)
        assert target.goal_bits.tolist() == env.target_goal_bits[index].tolist()
        assert not target.empty_bits.any()
        assert target.radius == 0.0
        assert not target.is_colliding


def test_an_entity_has_a_random_stream_of_its_own(env):
    obstacle = env.obstacles[0]
    assert obstacle.seed(4) == [4]
    one = obstacle.np_random.random()
    obstacle.seed(4)
    assert obstacle.np_random.random() == one
    assert obstacle.transmittance == 0.1
