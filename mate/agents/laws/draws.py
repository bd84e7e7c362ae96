"""The random draws of rule-based agents: compiled functions of the agent's key, what is drawn, and the step."""

from __future__ import annotations

import numpy as np

from mate.compilation import kernel
from mate.philox_lanes import LANES, draw_eight
from mate.streams import AGENTS, bernoulli, integers, uniform, uniform_pair

FIRST_NOISE = AGENTS + 0
FIRST_GOAL = AGENTS + 1
DIRECTION = AGENTS + 2
CHANGE = AGENTS + 3
SAMPLE = AGENTS + 4
GUESS = AGENTS + 5
SPEED = AGENTS + 6
DELAY = AGENTS + 7
ORDERS = AGENTS + 8

FASTEST_TURN = 0.4  # how fast a naive camera may turn, as a share of the largest action
FRAME_SKIP = 20  # steps for which a random agent holds an action

_PICKS_PER_WORD = 8  # 16 * 15 * ... < 2**32: what 64 random bits decide is biased by less than one in 2**32


@kernel
def draw_box(key, purpose, step, high_x, high_y):
    """A point (x, y) uniform in the box from (-high_x, -high_y) to (high_x, high_y)."""
    u, v = uniform_pair(key, purpose, step, 0)
    return (2.0 * u - 1.0) * high_x, (2.0 * v - 1.0) * high_y


@kernel
def draw_change(key, step, probability):
    """Whether the event of this step, of the given probability, happens."""
    return bernoulli(key, CHANGE, step, 0, probability) == 1


@kernel
def draw_guess(key, step, count):
    """An integer uniform in [0, count)."""
    return integers(key, GUESS, step, 0, count)


@kernel
def draw_speed(key, step, fastest):
    """A number uniform in [0, fastest)."""
    return uniform(key, SPEED, step, 0) * fastest


@kernel
def draw_delay(key, step, recipient, low, high):
    """An integer uniform in [low, high): steps until the next message to ``recipient``."""
    return low + integers(key, DELAY, step, recipient, high - low)


@kernel
def draw_first_goal(key, count):
    """An integer uniform in [0, count)."""
    return integers(key, FIRST_GOAL, 0, 0, count)


@kernel
def draw_direction(key):
    """+1 or -1."""
    return 1 - 2 * integers(key, DIRECTION, 0, 0, 2)


@kernel
def draw_orders(key, step, orders):
    """Fill each row of ``orders`` (K, N) with a random permutation of 0 to N - 1.

    A word of 64 random bits decides several picks, as the leading digit of one number after the other.
    """
    count, size = np.uint64(orders.shape[0]), np.uint64(orders.shape[1])
    words = np.empty(orders.shape[0] + LANES, np.uint64)
    for row in range(count):
        for n in range(size):
            orders[row, n] = n
    for last in range(orders.shape[1] - 1, 0, -1):
        pick, left = orders.shape[1] - 1 - last, np.uint64(last + 1)
        if pick % _PICKS_PER_WORD == 0:
            for row in range(0, orders.shape[0], LANES):
                draw_eight(key, step, row, pick // _PICKS_PER_WORD, ORDERS, words)
        for row in range(count):
            low_product = (words[row] & np.uint64(0xFFFFFFFF)) * left
            product = (words[row] >> np.uint64(32)) * left + (low_product >> np.uint64(32))
            words[row] = (product << np.uint64(32)) | (low_product & np.uint64(0xFFFFFFFF))
            chosen = product >> np.uint64(32)
            orders[row, last], orders[row, chosen] = orders[row, chosen], orders[row, last]
