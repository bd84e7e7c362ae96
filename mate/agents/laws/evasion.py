"""How a heuristic target drifts away from the middle of the view of the camera that watches it most closely."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.aim import orientation_of, sight_range_of
from mate.agents.laws.walk import shorten
from mate.compilation import inlined, inlined_kernel, kernel
from mate.geometry import DEG2RAD, bearing, clip, norm, wrap

MARGIN = 1.2  # a camera threatens a little beyond its range and its edges


class Views(NamedTuple):
    """The views of N cameras as they were seen last. Targets of a team see the same ones, and some stay the same."""

    record: NDArray[np.float64]  # (N, 6): the public states that the rest follows from, NaN at first
    orientation: NDArray[np.float64]  # (N,): in degrees
    sight_range: NDArray[np.float64]  # (N,)
    disc: NDArray[np.float64]  # (N, 3): centre (x, y) and radius of the largest disc inside the view


def new_views(num_cameras: int) -> Views:
    """Return views of which none was seen."""
    n = num_cameras
    return Views(np.full((n, 6), np.nan), np.zeros(n), np.zeros(n), np.zeros((n, 3)))


@kernel
def view_disc(camera, orientation, sight_range):
    """Centre (x, y) and radius of the largest disc inside the view of ``camera`` (public state), whose orientation
    (degrees) and sight range are known.
    """
    offset = sight_range / (1.0 + math.sin(min(camera[5] / 2.0, 90.0) * DEG2RAD))
    centre_x = camera[0] + offset * math.cos(orientation * DEG2RAD)
    centre_y = camera[1] + offset * math.sin(orientation * DEG2RAD)
    return centre_x, centre_y, sight_range - offset


@inlined
def _look(views, n, camera):
    """Note the view of ``camera`` (public state) as number ``n``."""
    record, is_known = views.record[n], True
    for i in range(len(record)):
        # By their bits: -0.0 and 0.0 are equal, and may lead to orientations a turn apart.
        is_known &= np.float64(record[i]).view(np.int64) == np.float64(camera[i]).view(np.int64)
    if is_known:
        return
    for i in range(len(record)):
        record[i] = camera[i]
    views.orientation[n], views.sight_range[n] = orientation_of(camera), sight_range_of(camera)
    views.disc[n] = view_disc(camera, views.orientation[n], views.sight_range[n])


@inlined
def _threatens(views, n, x, y):
    """Whether a target at (x, y) is near a view.

    The bearing difference is signed, so every target on the clockwise side of the axis counts as inside (Q34).
    """
    dx, dy = x - views.record[n, 0], y - views.record[n, 1]
    if norm(dx, dy) > MARGIN * views.sight_range[n]:
        return False
    return wrap(bearing(dx, dy) - views.orientation[n]) <= MARGIN * (views.record[n, 5] / 2.0)


@kernel
def drift_from_cameras(own, cameras, views):
    """Vector (dx, dy) from the centre of the view that surrounds the target most, among those that threaten it.

    ``own`` is the target's private state (14,), ``cameras`` its records of cameras, flat, 7 values each; ``views`` have
    room for as many. Zero if no visible camera threatens it. Of equal views the first counts.
    """
    nearest, drift_x, drift_y = math.inf, 0.0, 0.0
    for n in range(len(cameras) // 7):
        camera = cameras[7 * n : 7 * n + 7]
        if camera[6] == 0.0:
            continue
        _look(views, n, camera)
        if not _threatens(views, n, own[0], own[1]):
            continue
        dx, dy = own[0] - views.disc[n, 0], own[1] - views.disc[n, 1]
        depth = norm(dx, dy) / views.disc[n, 2]
        if depth < nearest:
            nearest, drift_x, drift_y = depth, dx, dy
    return drift_x, drift_y


@inlined_kernel
def evade(own, cameras, views, action_x, action_y, noise_scale):
    """The greedy action, bent away from the closest view unless that would lead backwards.

    ``own`` (14,), ``cameras`` (7 values each) and ``views`` are as in ``drift_from_cameras``.
    """
    dx, dy = drift_from_cameras(own, cameras, views)
    step_size = own[4]
    dx, dy = shorten(dx, dy, noise_scale * step_size)
    if action_x * dx + action_y * dy < 0.0:
        return action_x, action_y
    return clip(action_x + dx, -step_size, step_size), clip(action_y + dy, -step_size, step_size)
