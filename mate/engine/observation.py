"""What is told: both teams' observations, and the global state."""

from mate.compilation import part
from mate.constants import NUM_WAREHOUSES, WAREHOUSE_RADIUS, WAREHOUSES
from mate.depth import Depth
from mate.engine.cargo import has_cargo

_OWN, _ALL = int(Depth.OWN), int(Depth.ALL)


@part
def write_preserved(row, w, index):
    """The 13 numbers at the start: counts, own index, warehouses."""
    row[0] = w.camera_location.shape[1]
    row[1] = w.target_location.shape[1]
    row[2] = w.obstacle_radius.shape[1]
    row[3] = index
    for i in range(NUM_WAREHOUSES):
        row[4 + 2 * i] = WAREHOUSES[i, 0]
        row[5 + 2 * i] = WAREHOUSES[i, 1]
    row[12] = WAREHOUSE_RADIUS


@part
def write_camera(row, at, w, rules, b, c):
    """A camera's public state: place, radius, sight range as a vector, viewing angle."""
    reach = w.camera_sight_range[b, c]
    row[at] = w.camera_location[b, c, 0]
    row[at + 1] = w.camera_location[b, c, 1]
    row[at + 2] = rules.camera_radius
    row[at + 3] = reach * w.camera_heading[b, c, 0]
    row[at + 4] = reach * w.camera_heading[b, c, 1]
    row[at + 5] = w.camera_viewing_angle[b, c]


@part
def write_target(row, at, w, rules, b, t):
    """A target's public state: place, sight range, whether it is loaded."""
    row[at] = w.target_location[b, t, 0]
    row[at + 1] = w.target_location[b, t, 1]
    row[at + 2] = rules.target_sight_range
    row[at + 3] = w.target_is_loaded[b, t]


@part
def write_obstacle(row, at, w, b, o):
    """An obstacle's state: place and radius."""
    row[at] = w.obstacle_location[b, o, 0]
    row[at + 1] = w.obstacle_location[b, o, 1]
    row[at + 2] = w.obstacle_radius[b, o]


@part
def write_own_camera(row, at, w, rules, b, c):
    """A camera's private state: the public one and its limits."""
    write_camera(row, at, w, rules, b, c)
    row[at + 6] = rules.camera_max_sight_range
    row[at + 7] = rules.camera_rotation_step
    row[at + 8] = rules.camera_zooming_step


@part
def write_own_target(row, at, w, rules, b, t):
    """A target's private state: the public one, its speed and capacity, its load, and what it believes empty."""
    write_target(row, at, w, rules, b, t)
    row[at + 4] = w.target_step_size[b, t]
    row[at + 5] = w.target_capacity[b, t]
    for i in range(NUM_WAREHOUSES):
        row[at + 6 + i] = w.target_goal_bits[b, t, i]
        row[at + 10 + i] = w.target_empty_bits[b, t, i]


@part
def erase(row, at, size):
    """Write zeros."""
    for i in range(size):
        row[at + i] = 0.0


@part
def is_shown(mask, b, i, j, is_enhanced, is_shared):
    """Whether agent i is told about j: it sees it, or somebody of its team does, or it is told everything."""
    if mask[b, i, j] or is_enhanced:
        return True
    if is_shared:
        for k in range(mask.shape[1]):
            if mask[b, k, j]:
                return True
    return False


@part
def knows_empty(w, b, t, warehouse, is_enhanced, is_shared):
    """Whether target t is told that the warehouse has no cargo left."""
    if is_enhanced:
        return not has_cargo(w, b, warehouse)
    if w.target_empty_bits[b, t, warehouse]:
        return True
    if is_shared:
        for u in range(w.target_empty_bits.shape[1]):
            if w.target_empty_bits[b, u, warehouse]:
                return True
    return False


@part
def observe_as_camera(row, w, rules, b, c, depth, is_enhanced, is_shared):
    """Write one camera's observation: itself, targets, obstacles, cameras; what is hidden is all zeros."""
    write_own_camera(row, 13, w, rules, b, c)
    if depth == _OWN:
        return
    at = 22
    for t in range(w.target_location.shape[1]):
        if is_shown(w.camera_target_view_mask, b, c, t, is_enhanced, is_shared):
            write_target(row, at, w, rules, b, t)
            row[at + 4] = 1.0
        else:
            erase(row, at, 5)
        at += 5
    if depth < _ALL:
        return
    write_preserved(row, w, c)
    for o in range(w.obstacle_radius.shape[1]):
        if is_shown(w.camera_obstacle_view_mask, b, c, o, is_enhanced, is_shared):
            write_obstacle(row, at, w, b, o)
            row[at + 3] = 1.0
        else:
            erase(row, at, 4)
        at += 4
    for e in range(w.camera_location.shape[1]):
        if w.camera_camera_view_mask[b, c, e] or is_enhanced or is_shared:
            write_camera(row, at, w, rules, b, e)
            row[at + 6] = 1.0
        else:
            erase(row, at, 7)
        at += 7


@part
def observe_as_target(row, w, rules, b, t, depth, is_enhanced, is_shared):
    """Write one target's observation: itself, cameras, obstacles, targets; what is hidden is all zeros."""
    write_own_target(row, 13, w, rules, b, t)
    if is_enhanced or is_shared:
        for i in range(NUM_WAREHOUSES):
            row[23 + i] = knows_empty(w, b, t, i, is_enhanced, is_shared)
    if depth == _OWN:
        return
    at = 27
    for c in range(w.camera_location.shape[1]):
        if is_shown(w.target_camera_view_mask, b, t, c, is_enhanced, is_shared):
            write_camera(row, at, w, rules, b, c)
            row[at + 6] = 1.0
        else:
            erase(row, at, 7)
        at += 7
    if depth < _ALL:
        return
    write_preserved(row, w, t)
    for o in range(w.obstacle_radius.shape[1]):
        if is_shown(w.target_obstacle_view_mask, b, t, o, is_enhanced, is_shared):
            write_obstacle(row, at, w, b, o)
            row[at + 3] = 1.0
        else:
            erase(row, at, 4)
        at += 4
    for u in range(w.target_location.shape[1]):
        if w.target_target_view_mask[b, t, u] or is_enhanced or is_shared:
            write_target(row, at, w, rules, b, u)
            row[at + 4] = 1.0
        else:
            erase(row, at, 5)
        at += 5


@part
def write_state(row, w, rules, b):
    """Write the global state: everybody's private state, obstacles, pay at stake, waiting cargo."""
    write_preserved(row, w, 0)
    at = 13
    for c in range(w.camera_location.shape[1]):
        write_own_camera(row, at, w, rules, b, c)
        at += 9
    for t in range(w.target_location.shape[1]):
        write_own_target(row, at, w, rules, b, t)
        at += 14
    for o in range(w.obstacle_radius.shape[1]):
        write_obstacle(row, at, w, b, o)
        at += 3
    num_targets = w.target_location.shape[1]
    for t in range(num_targets):
        row[at + t] = w.freights[b, t]
        row[at + num_targets + t] = w.bounties[b, t]
    at += 2 * num_targets
    for i in range(NUM_WAREHOUSES):
        for j in range(NUM_WAREHOUSES):
            row[at + NUM_WAREHOUSES * i + j] = w.remaining_cargoes[b, i, j]
