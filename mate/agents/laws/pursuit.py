"""What a greedy camera pursues: the nearest of the targets it saw, or was told of, a short while ago."""

from __future__ import annotations

import math

from mate.agents.laws.aim import aim_and_zoom
from mate.compilation import kernel
from mate.geometry import norm

MEMORY_PERIOD = 25  # steps for which a target is remembered
RESTART_PROBABILITY = 0.1  # of a fresh random action, in a step without anything to look at
REACH = 1.1  # a target slightly beyond the longest sight range is still worth turning to
NO_TARGET = -1


@kernel
def is_within_reach(x, y, camera):
    """Whether (x, y) lies within ``REACH`` times the longest sight range of ``camera`` (private state)."""
    dx, dy = x - camera[0], y - camera[1]
    return norm(dx, dy) < REACH * camera[6]


@kernel
def nearest_candidate(own, remembered, countdowns, never_loaded, drops_unloaded, drops_beyond_range):
    """Index of the remembered target nearest to the camera with private state ``own`` (9,), or NO_TARGET.

    ``remembered`` (N_t, 4) are public states, ``countdowns`` (N_t,) the steps until each is forgotten,
    ``never_loaded`` (N_t,) whether it has not been seen with cargo yet.
    """
    best, nearest = NO_TARGET, math.inf
    for target in range(len(countdowns)):
        if countdowns[target] <= 0:
            continue
        state = remembered[target]
        if drops_beyond_range and not is_within_reach(state[0], state[1], own):
            continue
        if drops_unloaded and state[3] == 0.0 and not never_loaded[target]:
            continue
        dx, dy = state[0] - own[0], state[1] - own[1]
        distance = norm(dx, dy)
        if distance < nearest:
            best, nearest = target, distance
    return best


@kernel
def tick(countdowns):
    """Count integers (N,) down by one, not below zero."""
    for n in range(len(countdowns)):
        countdowns[n] = max(countdowns[n] - 1, 0)


@kernel
def pursue(own, remembered, countdowns, never_loaded, drops_unloaded, drops_beyond_range):
    """What ``nearest_candidate`` finds, and the action (rotation, zoom) that aims at it; ``remembered`` is flat."""
    states = remembered.reshape((len(countdowns), -1))
    target = nearest_candidate(own, states, countdowns, never_loaded, drops_unloaded, drops_beyond_range)
    if target == NO_TARGET:
        return target, 0.0, 0.0
    rotation, zoom = aim_and_zoom(own, states[target, 0], states[target, 1])
    return target, rotation, zoom
