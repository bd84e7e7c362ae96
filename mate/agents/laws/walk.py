"""How targets walk to warehouses: the goal they choose, and the noise on their way."""

from __future__ import annotations

from mate.compilation import kernel
from mate.constants import WAREHOUSE_RADIUS, WAREHOUSES
from mate.geometry import clip, norm

NUM_WAREHOUSES = len(WAREHOUSES)
ALL_WAREHOUSES = (1 << NUM_WAREHOUSES) - 1
NO_GOAL = -1
REACHED = 0.9 * WAREHOUSE_RADIUS  # distance at which a patrolling target turns to the next warehouse
STUCK = 0.2  # share of the longest step below which a target counts as held up
CHANGE_RARELY, CHANGE_OFTEN = 0.05, 0.75
NOISE_SCALE = 0.5
FIRST_NOISE_SCALE = 0.5  # whatever the noise scale of the agent (Q34)

_GOAL_BITS, _EMPTY_BITS = 6, 10  # where a target's private state (14,) holds them


@kernel
def carried_goal(own):
    """Warehouse that the target with private state ``own`` (14,) carries cargo to; NO_GOAL if it carries none."""
    for warehouse in range(NUM_WAREHOUSES):
        if own[_GOAL_BITS + warehouse] != 0.0:
            return warehouse
    return NO_GOAL


@kernel
def believed_empty(own):
    """Bit mask of the warehouses that the target with private state ``own`` (14,) believes to be empty."""
    mask = 0
    for warehouse in range(NUM_WAREHOUSES):
        if own[_EMPTY_BITS + warehouse] != 0.0:
            mask |= 1 << warehouse
    return mask


@kernel
def bit_count(mask):
    """How many of the warehouses are in ``mask``."""
    count = 0
    for warehouse in range(NUM_WAREHOUSES):
        count += (mask >> warehouse) & 1
    return count


@kernel
def nth_bit(mask, number):
    """The ``number``-th warehouse in ``mask``, ascending from 0."""
    for warehouse in range(NUM_WAREHOUSES):
        if (mask >> warehouse) & 1:
            if number == 0:
                return warehouse
            number -= 1
    return NO_GOAL


@kernel
def keeps_goal(own, goal, non_empty):
    """Whether a greedy target goes on to ``goal``: it must have one, and one worth going to if it carries nothing."""
    if goal == NO_GOAL:
        return False
    return carried_goal(own) != NO_GOAL or (non_empty >> goal) & 1 == 1


@kernel
def next_on_patrol(own, goal, direction):
    """Warehouse a patrolling (naive) target heads for, given the last one and its sense of rotation (+1 or -1)."""
    dx, dy = own[0] - WAREHOUSES[goal, 0], own[1] - WAREHOUSES[goal, 1]
    if norm(dx, dy) > REACHED:
        return goal
    empty = believed_empty(own)
    goal = (goal + direction) % NUM_WAREHOUSES
    if carried_goal(own) != NO_GOAL or empty == ALL_WAREHOUSES:
        return goal
    while (empty >> goal) & 1:
        goal = (goal + direction) % NUM_WAREHOUSES
    return goal


@kernel
def noise_change_probability(own, previous_x, previous_y):
    """Probability of fresh noise: rare on the way, often when the last step led hardly anywhere."""
    dx, dy = own[0] - previous_x, own[1] - previous_y
    return CHANGE_RARELY if norm(dx, dy) > STUCK * own[4] else CHANGE_OFTEN


@kernel
def noisy_step(own, goal, noise_x, noise_y):
    """Step (dx, dy) of the longest allowed length towards warehouse ``goal`` (none if NO_GOAL), plus noise, clipped."""
    step_size = own[4]
    dx, dy = 0.0, 0.0
    if goal != NO_GOAL:
        dx, dy = WAREHOUSES[goal, 0] - own[0], WAREHOUSES[goal, 1] - own[1]
        dx, dy = shorten(dx, dy, step_size)
    return clip(dx + noise_x, -step_size, step_size), clip(dy + noise_y, -step_size, step_size)


@kernel
def shorten(dx, dy, longest):
    """The vector (dx, dy), scaled to norm ``longest`` if it is longer."""
    length = norm(dx, dy)
    if length > longest and length > 0.0:  # a rescaled limit may be below zero
        scale = longest / length
        return dx * scale, dy * scale
    return dx, dy
