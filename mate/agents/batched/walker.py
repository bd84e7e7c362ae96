"""The noisy walk of whole teams of targets (object form: ``mate.agents.walker``)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.draws import FIRST_NOISE, draw_box
from mate.agents.laws.walk import FIRST_NOISE_SCALE
from mate.agents.laws.wander import wander
from mate.compilation import inlined, part


class Walk(NamedTuple):
    """What walking targets remember of their last step."""

    location: NDArray[np.float64]  # (B, N, 2)
    noise: NDArray[np.float64]  # (B, N, 2)


def new_walk(size: int, num_agents: int) -> Walk:
    """Memory of ``size`` episodes."""
    return Walk(np.zeros((size, num_agents, 2)), np.zeros((size, num_agents, 2)))


@part
def begin_walk(location, noise, key, own):
    """Set a target's last ``location`` (2,) and ``noise`` (2,) at the reset; ``own`` (14,) is its private state."""
    x, y = draw_box(key, FIRST_NOISE, 0, own[4], own[4])
    noise[0], noise[1] = FIRST_NOISE_SCALE * x, FIRST_NOISE_SCALE * y
    location[0], location[1] = own[0], own[1]


@inlined
def walk_to(location, noise, key, step, own, goal, noise_scale):
    """The step (dx, dy) of one target towards a warehouse; updates its ``location`` (2,) and ``noise`` (2,)."""
    x, y, noise[0], noise[1] = wander(own, location, noise[0], noise[1], key, step, goal, noise_scale)
    location[0], location[1] = own[0], own[1]
    return x, y
