"""Who sees whom.

What an obstacle hides from a camera is defined by a table of sight ranges over bearings (Q19): one knot at each whole
degree and some more around each obstacle, interpolated linearly. The value at one bearing depends only on the
two knots beside it, so the kernels find and measure those two when it matters, and store no table. ``tables`` builds
whole tables.
"""

import math

from mate import streams
from mate.compilation import inlined, part
from mate.constants import OCCLUSION_SLACK
from mate.geometry import DEG2RAD, RAD2DEG, bearing, norm, wrap

TANGENT_OFFSET = 0.01
"""Degrees beside an obstacle's tangents at which extra knots lie."""
MARGIN = 1.02
"""Degrees beside an obstacle's tangents beyond which it influences no interpolated range."""
SECTOR_TOLERANCE = 1e-9
"""Closer to the edge of a sector than this (in cosine), the angle itself decides."""


@inlined
def count_samples(half_angle):
    """How many equally spaced knots lie on an obstacle that covers twice ``half_angle`` degrees."""
    return max(16, int(2.0 * half_angle)) + 1


@part
def survey_obstacles(w, rules, b):
    """Find which obstacles each camera can have in view, and what angle they cover. Run after anything was placed."""
    for c in range(w.camera_location.shape[1]):
        for o in range(w.obstacle_radius.shape[1]):
            x = w.obstacle_location[b, o, 0] - w.camera_location[b, c, 0]
            y = w.obstacle_location[b, o, 1] - w.camera_location[b, c, 1]
            d, radius = norm(x, y), w.obstacle_radius[b, o]
            is_near = d < rules.camera_max_sight_range + radius
            w.camera_obstacle_view_mask[b, c, o] = is_near
            w.sight_distance[b, c, o] = d
            w.sight_bearing[b, c, o] = bearing(x, y)
            if not is_near or rules.transmittance == 1.0:  # Q23
                half, margin = -1.0, 2.0
            elif radius > d:  # Q24: a camera inside an obstacle sees nothing
                half, margin = 180.0, -2.0
            else:
                half = math.asin(radius / d) * RAD2DEG if d > 0.0 else 0.0
                margin = math.cos((half + MARGIN) * DEG2RAD)
            w.sight_half_angle[b, c, o] = half
            w.sight_margin[b, c, o] = margin


@part
def cut_ray(w, b, c, angle, length):
    """How far a ray of this length from a camera gets before it enters an obstacle."""
    ux, uy = math.cos(angle * DEG2RAD), math.sin(angle * DEG2RAD)
    for o in range(w.obstacle_radius.shape[1]):
        if w.sight_half_angle[b, c, o] < 0.0:
            continue
        d, radius = w.sight_distance[b, c, o], w.obstacle_radius[b, o]
        if d >= length + radius:
            continue
        qx = w.obstacle_location[b, o, 0] - w.camera_location[b, c, 0]
        qy = w.obstacle_location[b, o, 1] - w.camera_location[b, c, 1]
        along = qx * ux + qy * uy
        if along < 0.0 or d == 0.0:
            continue
        cosine = min(1.0, along / d)
        miss = d * math.sqrt(1.0 - cosine * cosine)
        if radius > miss:
            length = min(length, max(0.0, d * cosine - math.sqrt(radius * radius - miss * miss)))
    return length


@part
def _turn(angle, origin):
    """Degrees from ``origin`` to a knot at ``angle``, in (-180, 180]."""
    delta = wrap(angle) - origin
    if delta > 180.0:
        return delta - 360.0
    if delta <= -180.0:
        return delta + 360.0
    return delta


@part
def _consider(delta, length, below, below_length, above, above_length):
    """Take a knot ``delta`` degrees away into account; of knots at one angle the shortest counts."""
    if delta <= 0.0:
        if delta > below or (delta == below and length < below_length):
            below, below_length = delta, length
    elif delta < above or (delta == above and length < above_length):
        above, above_length = delta, length
    return below, below_length, above, above_length


@part
def sight_range_at(w, rules, b, c, angle):
    """The boundary's distance from camera c at a bearing in [-180, 180) degrees: what ``tables`` would interpolate."""
    reach = rules.camera_max_sight_range
    whole = math.floor(angle)
    knots = whole - angle, reach, whole + 1.0 - angle, reach
    for o in range(w.obstacle_radius.shape[1]):
        half = w.sight_half_angle[b, c, o]
        if half == 180.0:
            return 0.0
        centre = w.sight_bearing[b, c, o]
        offset = _turn(angle, centre)
        if abs(offset) > half + MARGIN or half < 0.0:
            continue
        low, high = centre - half, centre + half
        knots = _consider(_turn(low - TANGENT_OFFSET, angle), reach, *knots)
        knots = _consider(_turn(low + TANGENT_OFFSET, angle), reach, *knots)
        knots = _consider(_turn(high - TANGENT_OFFSET, angle), reach, *knots)
        knots = _consider(_turn(high + TANGENT_OFFSET, angle), reach, *knots)
        last = count_samples(half) - 1
        step = (high - low) / last
        length = min(reach, w.sight_distance[b, c, o] + w.obstacle_radius[b, o])
        beside = int((offset + half) / step) if step > 0.0 else 0
        for i in range(max(0, beside - 1), min(last, beside + 2) + 1):
            sample = high if i == last else low + i * step
            knots = _consider(_turn(sample, angle), length, *knots)
    below, below_length, above, above_length = knots
    below_length = cut_ray(w, b, c, wrap(angle + below), below_length)
    above_length = cut_ray(w, b, c, wrap(angle + above), above_length)
    return (above_length - below_length) / (above - below) * (0.0 - below) + below_length


@inlined
def is_clear(w, rules, b, c, x, y, d):
    """Whether no obstacle hides from camera c the point at the relative position (x, y), d away."""
    for o in range(w.obstacle_radius.shape[1]):
        distance = w.sight_distance[b, c, o]
        if distance - w.obstacle_radius[b, o] >= d:
            continue
        qx = w.obstacle_location[b, o, 0] - w.camera_location[b, c, 0]
        qy = w.obstacle_location[b, o, 1] - w.camera_location[b, c, 1]
        if qx * x + qy * y >= w.sight_margin[b, c, o] * distance * d:
            return d <= sight_range_at(w, rules, b, c, wrap(bearing(x, y))) * (1.0 + OCCLUSION_SLACK)
    return True


@inlined
def is_in_sector(w, b, c, x, y, d):
    """Whether the direction of (x, y), d away, lies within the camera's viewing angle."""
    ahead = x * w.camera_heading[b, c, 0] + y * w.camera_heading[b, c, 1] - d * w.camera_heading[b, c, 2]
    if abs(ahead) > SECTOR_TOLERANCE * d:
        return ahead > 0.0
    difference = abs(w.camera_orientation[b, c] - bearing(x, y))
    return 2.0 * min(difference, 360.0 - difference) <= w.camera_viewing_angle[b, c]


@inlined
def draw_transmittance(w, rules, b, c, t):
    """1 if camera c happens to see through whatever hides target t in this step (Q20)."""
    if w.transmit_given[b, c, t] >= 0:
        return w.transmit_given[b, c, t]
    if rules.transmittance <= 0.0 or rules.transmittance >= 1.0:
        return 1 if rules.transmittance >= 1.0 else 0
    pair = (c << 16) | t
    return streams.bernoulli(w.key[b], streams.TRANSMITTANCE, w.episode_step[b], pair, rules.transmittance)


@inlined
def look_with_cameras(w, rules, b):
    """Cameras see targets, and each other, within range and sector and past obstacles (Q20 to Q22)."""
    num_cameras, num_targets = w.transmit_draw.shape[1], w.transmit_draw.shape[2]
    for t in range(num_targets):
        w.tracked_bits[b, t] = False
    for c in range(num_cameras):
        reach = w.camera_sight_range[b, c]
        for t in range(num_targets):
            x = w.target_location[b, t, 0] - w.camera_location[b, c, 0]
            y = w.target_location[b, t, 1] - w.camera_location[b, c, 1]
            d = norm(x, y)
            w.target_camera_view_mask[b, t, c] = d <= rules.target_sight_range + rules.camera_radius
            draw, is_seen = -1, False
            if d <= reach and is_in_sector(w, b, c, x, y, d):
                draw = draw_transmittance(w, rules, b, c, t)
                is_seen = draw == 1 or is_clear(w, rules, b, c, x, y, d)
            w.transmit_draw[b, c, t] = draw
            w.camera_target_view_mask[b, c, t] = is_seen
            w.tracked_bits[b, t] |= is_seen
        for e in range(num_cameras):
            x = w.camera_location[b, e, 0] - w.camera_location[b, c, 0]
            y = w.camera_location[b, e, 1] - w.camera_location[b, c, 1]
            d = norm(x, y)
            is_open = w.camera_clear_mask[b, c, e] and d <= reach
            w.camera_camera_view_mask[b, c, e] = e == c or (is_open and is_in_sector(w, b, c, x, y, d))


@inlined
def look_with_targets(w, rules, b):
    """Targets see everything whose edge is within their range, in all directions and through everything (Q21)."""
    reach = rules.target_sight_range
    for t in range(w.target_location.shape[1]):
        x, y = w.target_location[b, t, 0], w.target_location[b, t, 1]
        for o in range(w.obstacle_radius.shape[1]):
            d = norm(w.obstacle_location[b, o, 0] - x, w.obstacle_location[b, o, 1] - y)
            w.target_obstacle_view_mask[b, t, o] = d <= reach + w.obstacle_radius[b, o]
        w.target_target_view_mask[b, t, t] = True
        for u in range(t):
            is_seen = norm(w.target_location[b, u, 0] - x, w.target_location[b, u, 1] - y) <= reach
            w.target_target_view_mask[b, t, u] = is_seen
            w.target_target_view_mask[b, u, t] = is_seen


@part
def survey(w, rules, b):
    """Bring everything that follows from where cameras and obstacles stand up to date."""
    survey_obstacles(w, rules, b)
    for c in range(w.camera_location.shape[1]):
        for e in range(w.camera_location.shape[1]):
            x = w.camera_location[b, e, 0] - w.camera_location[b, c, 0]
            y = w.camera_location[b, e, 1] - w.camera_location[b, c, 1]
            w.camera_clear_mask[b, c, e] = e == c or is_clear(w, rules, b, c, x, y, norm(x, y))
