"""How cameras turn and zoom, and how targets walk and slide along what is in their way."""

import math

from mate.compilation import inlined, part
from mate.constants import COLLISION_TOLERANCE, MAX_CAMERA_VIEWING_ANGLE, TERRAIN_SIZE
from mate.geometry import DEG2RAD, clip, norm, wrap


@inlined
def aim_camera(w, rules, b, c):
    """Bring what follows from a camera's orientation and viewing angle up to date."""
    half = 0.5 * w.camera_viewing_angle[b, c] * DEG2RAD
    orientation = w.camera_orientation[b, c] * DEG2RAD
    w.camera_heading[b, c, 0] = math.cos(orientation)
    w.camera_heading[b, c, 1] = math.sin(orientation)
    w.camera_heading[b, c, 2] = math.cos(half)


@part
def move_cameras(w, rules, actions, active):
    """Turn and zoom, each limited to its step (Q09); the product of angle and squared range stays the same."""
    for b in range(w.done.shape[0]):
        if not active[b]:
            continue
        for c in range(w.camera_location.shape[1]):
            turn = clip(actions[b, c, 0], -rules.camera_rotation_step, rules.camera_rotation_step)
            zoom = clip(actions[b, c, 1], -rules.camera_zooming_step, rules.camera_zooming_step)
            angle = w.camera_viewing_angle[b, c] + zoom
            angle = clip(angle, rules.camera_min_viewing_angle, MAX_CAMERA_VIEWING_ANGLE)
            w.camera_orientation[b, c] = wrap(w.camera_orientation[b, c] + turn)
            w.camera_viewing_angle[b, c] = angle
            w.camera_sight_range[b, c] = math.sqrt(rules.camera_area_product / angle)
            aim_camera(w, rules, b, c)


@inlined
def slide(x, y, vx, vy, disc_x, disc_y, radius):
    """What is left of the step (vx, vy) from (x, y) once a disc is in the way.

    Inside the disc the step is reversed (Q03). On its way in, the remaining motion keeps only its part along
    the tangent at the point of contact (Q04). Discs of radius 0 never block (Q05).
    """
    qx, qy = disc_x - x, disc_y - y
    square = qx * qx + qy * qy
    length = norm(vx, vy)
    reach = length + radius
    if length == 0.0 or square > 1.0001 * reach * reach:
        return vx, vy
    d = math.sqrt(square)
    if d < radius:
        return -vx, -vy
    along = qx * vx + qy * vy
    if d >= reach or along < 0.0:
        return vx, vy
    cosine = min(1.0, along / (d * length))
    miss = d * math.sqrt(1.0 - cosine * cosine)
    if not radius > miss:
        return vx, vy
    depth = math.sqrt(radius * radius - miss * miss)
    free = max(0.0, d * cosine - depth)
    if not free < length:
        return vx, vy
    push = (length - free) * depth / (radius * radius)
    return (
        vx + (x + free * vx / length - disc_x) * push,
        vy + (y + free * vy / length - disc_y) * push,
    )


@inlined
def is_near_any(w, b, x, y, length):
    """Whether any disc may be near a step of this length, but for rounding, from (x, y).

    The others are those that ``slide`` looks at no further. Without branches, so that the compiler looks at several
    discs at once.
    """
    is_near = False
    for n in range(w.disc.shape[2]):
        qx, qy = w.disc[b, 0, n] - x, w.disc[b, 1, n] - y
        reach = length + w.disc[b, 2, n]
        is_near |= qx * qx + qy * qy <= 1.0002 * reach * reach
    return is_near


@inlined
def note_discs(w, rules, b):
    """Bring the list of discs up to date."""
    num_obstacles, num_cameras = w.obstacle_radius.shape[1], w.camera_location.shape[1]
    for n in range(w.disc.shape[2]):
        w.disc[b, 0, n], w.disc[b, 1, n], w.disc[b, 2, n] = math.inf, math.inf, 0.0
    for o in range(num_obstacles):
        w.disc[b, 0, o], w.disc[b, 1, o] = w.obstacle_location[b, o, 0], w.obstacle_location[b, o, 1]
        w.disc[b, 2, o] = w.obstacle_radius[b, o]
    for c in range(num_cameras):
        n = num_obstacles + c
        w.disc[b, 0, n], w.disc[b, 1, n] = w.camera_location[b, c, 0], w.camera_location[b, c, 1]
        w.disc[b, 2, n] = rules.camera_radius


@inlined
def note_places(w, b):
    """Bring the list of targets' places up to date."""
    for t in range(w.target_location.shape[1]):
        w.target_place[b, 0, t], w.target_place[b, 1, t] = w.target_location[b, t, 0], w.target_location[b, t, 1]


@inlined
def slide_past_all(w, rules, b, x, y, vx, vy):
    """The step that remains after all obstacles and then all cameras, each in index order (Q02)."""
    for o in range(w.obstacle_radius.shape[1]):
        vx, vy = slide(
            x, y, vx, vy, w.obstacle_location[b, o, 0], w.obstacle_location[b, o, 1], w.obstacle_radius[b, o]
        )
    for c in range(w.camera_location.shape[1]):
        vx, vy = slide(x, y, vx, vy, w.camera_location[b, c, 0], w.camera_location[b, c, 1], rules.camera_radius)
    return vx, vy


@part
def move_targets(w, rules, actions, active):
    """Walk, at most ``target_step_size`` far (Q07), around the discs and within the terrain."""
    for b in range(w.done.shape[0]):
        if not active[b]:
            continue
        for t in range(w.target_location.shape[1]):
            x, y = w.target_location[b, t, 0], w.target_location[b, t, 1]
            vx, vy = actions[b, t, 0], actions[b, t, 1]
            length = norm(vx, vy)
            limit = w.target_step_size[b, t]
            if length > limit:
                vx *= limit / length
                vy *= limit / length
            want_x, want_y = x + vx, y + vy
            if is_near_any(w, b, x, y, min(length, limit)):
                vx, vy = slide_past_all(w, rules, b, x, y, vx, vy)
            new_x = clip(x + vx, -TERRAIN_SIZE, TERRAIN_SIZE)
            new_y = clip(y + vy, -TERRAIN_SIZE, TERRAIN_SIZE)
            w.target_location[b, t, 0] = new_x
            w.target_location[b, t, 1] = new_y
            w.target_place[b, 0, t], w.target_place[b, 1, t] = new_x, new_y
            missed = max(abs(new_x - want_x), abs(new_y - want_y))
            w.target_is_colliding[b, t] = not missed <= COLLISION_TOLERANCE  # Q06
            if new_x != x or new_y != y:
                w.target_heading[b, t, 0] = new_x - x
                w.target_heading[b, t, 1] = new_y - y
