"""How a heuristic target drifts away from the middle of the view of the camera that watches it most closely."""

from __future__ import annotations

import math

from mate.agents.laws.aim import orientation_of, sight_range_of
from mate.agents.laws.walk import shorten
from mate.compilation import inlined_kernel, kernel
from mate.geometry import DEG2RAD, bearing, clip, norm, wrap

MARGIN = 1.2  # a camera threatens a little beyond its range and its edges


@kernel
def threatens(camera, x, y):
    """Whether a target at (x, y) is near the view of ``camera`` (public state).

    The bearing difference is signed, so every target on the clockwise side of the axis counts as inside (Q34).
    """
    dx, dy = x - camera[0], y - camera[1]
    if norm(dx, dy) > MARGIN * sight_range_of(camera):
        return False
    return wrap(bearing(dx, dy) - orientation_of(camera)) <= MARGIN * (camera[5] / 2.0)


@kernel
def view_disc(camera):
    """Centre (x, y) and radius of the largest disc inside the view of ``camera`` (public state)."""
    sight_range, orientation = sight_range_of(camera), orientation_of(camera)
    offset = sight_range / (1.0 + math.sin(min(camera[5] / 2.0, 90.0) * DEG2RAD))
    centre_x = camera[0] + offset * math.cos(orientation * DEG2RAD)
    centre_y = camera[1] + offset * math.sin(orientation * DEG2RAD)
    return centre_x, centre_y, sight_range - offset


@kernel
def drift_from_cameras(own, cameras):
    """Vector (dx, dy) from the centre of the view that surrounds the target most, among those that threaten it.

    ``own`` is the target's private state (14,), ``cameras`` its records of cameras, flat, 7 values each. Zero if no
    visible camera threatens it. Of equal views the first counts.
    """
    nearest, drift_x, drift_y = math.inf, 0.0, 0.0
    for start in range(0, len(cameras), 7):
        camera = cameras[start : start + 7]
        if camera[6] == 0.0 or not threatens(camera, own[0], own[1]):
            continue
        centre_x, centre_y, radius = view_disc(camera)
        dx, dy = own[0] - centre_x, own[1] - centre_y
        depth = norm(dx, dy) / radius
        if depth < nearest:
            nearest, drift_x, drift_y = depth, dx, dy
    return drift_x, drift_y


@inlined_kernel
def evade(own, cameras, action_x, action_y, noise_scale):
    """The greedy action, bent away from the closest view unless that would lead backwards.

    ``own`` (14,) and ``cameras`` (7 values each) are as in ``drift_from_cameras``.
    """
    dx, dy = drift_from_cameras(own, cameras)
    step_size = own[4]
    dx, dy = shorten(dx, dy, noise_scale * step_size)
    if action_x * dx + action_y * dy < 0.0:
        return action_x, action_y
    return clip(action_x + dx, -step_size, step_size), clip(action_y + dy, -step_size, step_size)
