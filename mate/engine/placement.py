"""Where everything stands at the start of an episode: orders, capacities, places, poses and waiting cargo.

Every draw is addressed by its entity and attempt, so an episode's start depends on its key alone.
"""

import math

from mate import streams
from mate.compilation import part
from mate.constants import (
    MAX_CAMERA_VIEWING_ANGLE,
    NUM_WAREHOUSES,
    PLACEMENT_ATTEMPTS,
    TERRAIN_SIZE,
    WAREHOUSE_RADIUS,
    WAREHOUSES,
)
from mate.engine.cargo import has_cargo, load
from mate.engine.motion import aim_camera
from mate.geometry import DEG2RAD, clip, norm, wrap

WAREHOUSE_CLEARANCE = 0.75 * WAREHOUSE_RADIUS
"""Radius of the disc around a warehouse that stays free (Q59)."""


@part
def number_entities(order, key, purpose, is_shuffled):
    """Write which entry of the configuration stands at each index."""
    for i in range(order.shape[0]):
        order[i] = i
    if is_shuffled:
        streams.permute(key, purpose, 0, order)


@part
def choose_capacities(w, rules, b):
    """Capacity 2 for a random subset of the targets (the first ones, unless entities are shuffled), 1 for the
    others.
    """
    num_targets, num_high = w.target_capacity.shape[1], int(rules.num_high_capacity_targets)
    for t in range(num_targets):
        w.target_capacity[b, t] = 2 if t < num_high else 1
    if rules.shuffle_entities != 0.0:
        streams.permute(w.key[b], streams.CAPACITY, 0, w.target_capacity[b])
    for t in range(num_targets):
        w.target_step_size[b, t] = rules.target_step_size / w.target_capacity[b, t]


@part
def sample_location(key, purpose, entity, attempt, box, radius):
    """A point of the box x_low, x_high, y_low, y_high, moved in from the terrain's edge by 1.2 radii."""
    u, v = streams.uniform_pair(key, purpose, entity, attempt)
    edge = TERRAIN_SIZE - 1.2 * radius
    x = clip(box[0] + u * (box[1] - box[0]), -edge, edge)
    y = clip(box[2] + v * (box[3] - box[2]), -edge, edge)
    return x, y


@part
def _touches(x, y, radius, other_x, other_y, other_radius, gap):
    return norm(x - other_x, y - other_y) * (1.0 + 1e-6) < radius + other_radius + gap


@part
def overlaps(w, rules, b, x, y, radius, gap, num_cameras, num_obstacles):
    """Whether a disc comes closer than ``gap`` to a warehouse or one of the cameras and obstacles placed so far."""
    for i in range(NUM_WAREHOUSES):
        if _touches(x, y, radius, WAREHOUSES[i, 0], WAREHOUSES[i, 1], WAREHOUSE_CLEARANCE, gap):
            return True
    for c in range(num_cameras):
        place = w.camera_location[b, c]
        if _touches(x, y, radius, place[0], place[1], rules.camera_radius, gap):
            return True
    for o in range(num_obstacles):
        place = w.obstacle_location[b, o]
        if _touches(x, y, radius, place[0], place[1], w.obstacle_radius[b, o], gap):
            return True
    return False


@part
def sample_pose(w, rules, b, c, attempt):
    """An orientation that is a multiple of the rotation step (Q32), and any viewing angle."""
    u, v = streams.uniform_pair(w.key[b], streams.CAMERA_POSE, c, attempt)
    count = max(1, int(360.0 / rules.camera_rotation_step))
    w.camera_orientation[b, c] = wrap(rules.camera_rotation_step * math.floor(u * count))
    low = rules.camera_min_viewing_angle
    w.camera_viewing_angle[b, c] = low + v * (MAX_CAMERA_VIEWING_ANGLE - low)
    w.camera_sight_range[b, c] = math.sqrt(rules.camera_area_product / w.camera_viewing_angle[b, c])
    aim_camera(w, rules, b, c)


@part
def is_too_close(w, b, c):
    """Whether camera c stands nearer to an earlier camera than a tenth of both their sight ranges."""
    for e in range(c):
        x = w.camera_location[b, e, 0] - w.camera_location[b, c, 0]
        y = w.camera_location[b, e, 1] - w.camera_location[b, c, 1]
        if norm(x, y) < 0.1 * min(w.camera_sight_range[b, e], w.camera_sight_range[b, c]):
            return True
    return False


@part
def place_camera(w, rules, boxes, b, c):
    """Sample place and pose until nothing is too close; after too many attempts the last sample stays."""
    radius = rules.camera_radius
    box = boxes[w.camera_order[b, c]]
    for attempt in range(PLACEMENT_ATTEMPTS):
        x, y = sample_location(w.key[b], streams.CAMERA_LOCATION, c, attempt, box, radius)
        w.camera_location[b, c, 0], w.camera_location[b, c, 1] = x, y
        sample_pose(w, rules, b, c, attempt)
        if not overlaps(w, rules, b, x, y, radius, rules.target_step_size, c, 0) and not is_too_close(w, b, c):
            return


@part
def place_obstacle(w, rules, boxes, b, o):
    """Sample radius and place until nothing is too close; after too many attempts the radius becomes 0 (Q18)."""
    num_cameras = w.camera_location.shape[1]
    box = boxes[num_cameras + w.target_location.shape[1] + w.obstacle_order[b, o]]
    low, high = rules.obstacle_radius_low, rules.obstacle_radius_high
    for attempt in range(PLACEMENT_ATTEMPTS):
        radius = low + (high - low) * streams.uniform(w.key[b], streams.OBSTACLE_RADIUS, o, attempt)
        x, y = sample_location(w.key[b], streams.OBSTACLE_LOCATION, o, attempt, box, radius)
        w.obstacle_location[b, o, 0], w.obstacle_location[b, o, 1] = x, y
        w.obstacle_radius[b, o] = radius
        if not overlaps(w, rules, b, x, y, radius, rules.target_step_size, num_cameras, o):
            return
    w.obstacle_radius[b, o] = 0.0


@part
def place_target(w, rules, boxes, b, t):
    """Sample a place until it is outside everything; after too many attempts the last sample stays."""
    num_cameras, num_obstacles = w.camera_location.shape[1], w.obstacle_radius.shape[1]
    box = boxes[num_cameras + w.target_order[b, t]]
    for attempt in range(PLACEMENT_ATTEMPTS):
        x, y = sample_location(w.key[b], streams.TARGET_LOCATION, t, attempt, box, 0.0)
        w.target_location[b, t, 0], w.target_location[b, t, 1] = x, y
        if not overlaps(w, rules, b, x, y, 0.0, 0.0, num_cameras, num_obstacles):
            return


@part
def place_all(w, rules, boxes, b):
    """Number and place cameras, obstacles and targets, each clear of those before."""
    key, is_shuffled = w.key[b], rules.shuffle_entities != 0.0
    number_entities(w.camera_order[b], key, streams.CAMERA_ORDER, is_shuffled)
    number_entities(w.target_order[b], key, streams.TARGET_ORDER, is_shuffled)
    number_entities(w.obstacle_order[b], key, streams.OBSTACLE_ORDER, is_shuffled)
    choose_capacities(w, rules, b)
    for c in range(w.camera_location.shape[1]):
        place_camera(w, rules, boxes, b, c)
    for o in range(w.obstacle_radius.shape[1]):
        place_obstacle(w, rules, boxes, b, o)
    for t in range(w.target_location.shape[1]):
        place_target(w, rules, boxes, b, t)


@part
def stock_warehouses(w, rules, b):
    """Add whole batches of cargo between random pairs of warehouses until none is without outgoing cargo (Q12)."""
    w.remaining_cargoes[b] = 0
    size = int(rules.num_cargoes_per_target) * w.target_goal.shape[1]
    batch = 0
    while not (has_cargo(w, b, 0) and has_cargo(w, b, 1) and has_cargo(w, b, 2) and has_cargo(w, b, 3)):
        for unit in range(size):
            pair = streams.integers(w.key[b], streams.CARGO, batch, unit, NUM_WAREHOUSES * (NUM_WAREHOUSES - 1))
            origin, goal = pair // (NUM_WAREHOUSES - 1), pair % (NUM_WAREHOUSES - 1)
            w.remaining_cargoes[b, origin, goal + 1 if goal >= origin else goal] += 1
        batch += 1
    for goal in range(NUM_WAREHOUSES):
        w.awaiting_cargo_counts[b, goal] = 0
        for origin in range(NUM_WAREHOUSES):
            w.awaiting_cargo_counts[b, goal] += w.remaining_cargoes[b, origin, goal]


@part
def load_at_start(w, rules, b, t):
    """Load target t from a random warehouse that has cargo, wherever it stands (Q15)."""
    count = 0
    for warehouse in range(NUM_WAREHOUSES):
        count += has_cargo(w, b, warehouse)
    if count == 0:
        return
    chosen = streams.integers(w.key[b], streams.FIRST_WAREHOUSE, t, 0, count)
    for warehouse in range(NUM_WAREHOUSES):
        if has_cargo(w, b, warehouse):
            if chosen == 0:
                load(w, rules, b, t, warehouse)
                return
            chosen -= 1


@part
def face_goal(w, b, t):
    """Orient a target, for drawing, towards its goal or, unloaded, anywhere."""
    goal = w.target_goal[b, t]
    if goal >= 0:
        w.target_heading[b, t, 0] = WAREHOUSES[goal, 0] - w.target_location[b, t, 0]
        w.target_heading[b, t, 1] = WAREHOUSES[goal, 1] - w.target_location[b, t, 1]
    else:
        angle = 360.0 * streams.uniform(w.key[b], streams.TARGET_ORIENTATION, t, 0) * DEG2RAD
        w.target_heading[b, t, 0], w.target_heading[b, t, 1] = math.cos(angle), math.sin(angle)
