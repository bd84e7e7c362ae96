"""Who sees whom.

What an obstacle hides from a camera is defined by a table of sight ranges over bearings (Q19): one knot at each whole
degree and some more around each obstacle, interpolated linearly. The value at one bearing depends only on the
two knots beside it, so the kernels find and measure those two when it matters, and store no table. ``tables`` builds
whole tables.
"""

import math

import numpy as np

from mate import streams
from mate.bits import SET_SIZE, first_bit
from mate.compilation import inlined, part
from mate.constants import OCCLUSION_SLACK
from mate.depth import Depth
from mate.engine import motion
from mate.geometry import DEG2RAD, RAD2DEG, bearing, greatest_square, norm, wrap

_OPPONENTS, _ALL, _VIEWS = int(Depth.OPPONENTS), int(Depth.ALL), int(Depth.VIEWS)
_EVERYTHING = (_VIEWS, _VIEWS)

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
    for o in range(w.obstacle_radius.shape[1]):
        w.obstacle_visibility[b, o] = greatest_square(rules.target_sight_range + w.obstacle_radius[b, o])


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
def find_candidates(w, b, c, first, count):
    """The set of targets, counted from ``first``, in range and about in the sector of camera c: all that it can see.

    Without branches and stores, so that the compiler looks at several targets at once.
    """
    reach, place_x, place_y = w.camera_sight_range[b, c], w.camera_location[b, c, 0], w.camera_location[b, c, 1]
    ahead_x, ahead_y, slope = w.camera_heading[b, c, 0], w.camera_heading[b, c, 1], w.camera_heading[b, c, 2]
    found = np.uint64(0)
    for n in range(count):
        x, y = w.target_place[b, 0, first + n] - place_x, w.target_place[b, 1, first + n] - place_y
        d = norm(x, y)
        is_outside = x * ahead_x + y * ahead_y - d * slope < -SECTOR_TOLERANCE * d
        found |= np.uint64((d <= reach) & (not is_outside)) << np.uint64(n)
    return found


@inlined
def look_at_target(w, rules, b, c, t, draws_always):
    """Whether camera c sees target t, within range and sector and past obstacles, or through them (Q20)."""
    x = w.target_location[b, t, 0] - w.camera_location[b, c, 0]
    y = w.target_location[b, t, 1] - w.camera_location[b, c, 1]
    d = norm(x, y)
    if not is_in_sector(w, b, c, x, y, d):
        return False
    is_seen = is_clear(w, rules, b, c, x, y, d)
    if draws_always or not is_seen:
        draw = draw_transmittance(w, rules, b, c, t)
        w.transmit_draw[b, c, t] = draw
        is_seen |= draw == 1
    return is_seen


@inlined
def look_with_camera(w, rules, b, c, draws_always):
    """Bring what camera c sees of the targets up to date, and who is tracked.

    With ``draws_always``, whether it sees through obstacles is drawn also where there are none.
    """
    num_targets = w.target_location.shape[1]
    for t in range(num_targets):
        w.camera_target_view_mask[b, c, t] = False
    if draws_always:
        for t in range(num_targets):
            w.transmit_draw[b, c, t] = -1
    for first in range(0, num_targets, SET_SIZE):
        candidates = find_candidates(w, b, c, first, min(SET_SIZE, num_targets - first))
        while candidates != 0:
            t = first + np.int64(first_bit(candidates))  # type: ignore[assignment]
            candidates &= candidates - np.uint64(1)
            if look_at_target(w, rules, b, c, t, draws_always):
                w.camera_target_view_mask[b, c, t] = True
                w.tracked_bits[b, t] = True


@inlined
def look_at_cameras(w, b):
    """Cameras see each other within range and sector and past obstacles (Q22)."""
    num_cameras = w.camera_location.shape[1]
    for c in range(num_cameras):
        for e in range(num_cameras):
            x = w.camera_location[b, e, 0] - w.camera_location[b, c, 0]
            y = w.camera_location[b, e, 1] - w.camera_location[b, c, 1]
            d = norm(x, y)
            is_open = w.camera_clear_mask[b, c, e] and d <= w.camera_sight_range[b, c]
            w.camera_camera_view_mask[b, c, e] = e == c or (is_open and is_in_sector(w, b, c, x, y, d))


@inlined
def watch_cameras(w, rules, b):
    """Targets see cameras whose edge is within their range, in all directions and through everything (Q21)."""
    limit = rules.camera_visibility
    for t in range(w.target_location.shape[1]):
        place_x, place_y = w.target_location[b, t, 0], w.target_location[b, t, 1]
        for c in range(w.camera_location.shape[1]):
            x, y = w.camera_location[b, c, 0] - place_x, w.camera_location[b, c, 1] - place_y
            w.target_camera_view_mask[b, t, c] = x * x + y * y <= limit


@inlined
def watch_others(w, rules, b):
    """Targets see obstacles and each other in the same way."""
    limit = rules.target_visibility
    for t in range(w.target_location.shape[1]):
        place_x, place_y = w.target_location[b, t, 0], w.target_location[b, t, 1]
        for o in range(w.obstacle_radius.shape[1]):
            x, y = w.obstacle_location[b, o, 0] - place_x, w.obstacle_location[b, o, 1] - place_y
            w.target_obstacle_view_mask[b, t, o] = x * x + y * y <= w.obstacle_visibility[b, o]
        for u in range(w.target_location.shape[1]):
            x, y = w.target_location[b, u, 0] - place_x, w.target_location[b, u, 1] - place_y
            w.target_target_view_mask[b, t, u] = x * x + y * y <= limit


@inlined
def look(w, rules, b, depths):
    """Bring all tracked bits up to date, and the view masks, as far as observations of these depths need them."""
    for t in range(w.target_location.shape[1]):
        w.tracked_bits[b, t] = False
    for c in range(w.camera_location.shape[1]):
        look_with_camera(w, rules, b, c, depths[0] >= _VIEWS)
    if depths[0] >= _ALL:
        look_at_cameras(w, b)
    if depths[1] >= _OPPONENTS:
        watch_cameras(w, rules, b)
    if depths[1] >= _ALL:
        watch_others(w, rules, b)


@part
def look_anew(w, rules, b):
    """Bring all view masks up to date. Compiled once for all that is not a step, where a call costs little."""
    look(w, rules, b, _EVERYTHING)


@part
def survey(w, rules, b):
    """Bring everything that follows from where everybody stands up to date."""
    motion.note_discs(w, rules, b)
    motion.note_places(w, b)
    survey_obstacles(w, rules, b)
    for c in range(w.camera_location.shape[1]):
        for e in range(w.camera_location.shape[1]):
            x = w.camera_location[b, e, 0] - w.camera_location[b, c, 0]
            y = w.camera_location[b, e, 1] - w.camera_location[b, c, 1]
            w.camera_clear_mask[b, c, e] = e == c or is_clear(w, rules, b, c, x, y, norm(x, y))
