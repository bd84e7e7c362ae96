"""The noisy walk of targets together with its draws."""

from __future__ import annotations

from mate.agents.laws.draws import SAMPLE, draw_box, draw_change
from mate.agents.laws.walk import noise_change_probability, noisy_step
from mate.compilation import inlined_kernel


@inlined_kernel
def wander(own, previous, noise_x, noise_y, key, step, goal, noise_scale):
    """Step (dx, dy) of a target towards warehouse ``goal``, and the noise (x, y) that it holds from now on.

    ``own`` (14,) is its private state, ``previous`` begins with its last x and y; ``key`` and ``step`` address the
    draws.
    """
    if draw_change(key, step, noise_change_probability(own, previous[0], previous[1])):
        noise_x, noise_y = draw_box(key, SAMPLE, step, own[4], own[4])
        noise_x, noise_y = noise_scale * noise_x, noise_scale * noise_y
    dx, dy = noisy_step(own, goal, noise_x, noise_y)
    return dx, dy, noise_x, noise_y
