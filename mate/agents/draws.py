"""The random draws of rule-based agents, each addressed by the agent's key, what it is for, and the step.

An agent's key for an episode is ``agent_key(team_key, index)``; steps are counted by decisions, from 0. Because no draw
depends on earlier ones, the object form of an agent and the kernel for whole batches draw the same numbers from the same
key. The compiled functions draw inside kernels; ``EpisodeDraws`` gives the same to an object, and ``DrawingAgent`` is the
base of agents that draw through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mate.agents.base import AgentBase
from mate.compilation import kernel
from mate.streams import AGENTS, bernoulli, derive, integers, philox, uniform, uniform_pair

FIRST_NOISE = AGENTS + 0
FIRST_GOAL = AGENTS + 1
DIRECTION = AGENTS + 2
CHANGE = AGENTS + 3
SAMPLE = AGENTS + 4
GUESS = AGENTS + 5
SPEED = AGENTS + 6
DELAY = AGENTS + 7
ORDERS = AGENTS + 8

_PICKS_PER_WORD = 8  # 16 * 15 * ... < 2**32: what 64 random bits decide is biased by less than one in 2**32


def agent_key(team_key: int, index: int) -> int:
    """The key of member ``index`` of a team, in the episode that the team plays with ``team_key``."""
    return derive(team_key, index)


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
    count, size = orders.shape
    for row in range(count):
        fraction = np.uint64(0)
        for n in range(size):
            orders[row, n] = n
        for pick in range(size - 1):
            if pick % _PICKS_PER_WORD == 0:
                high, low, _, _ = philox(key, step, row, pick // _PICKS_PER_WORD, ORDERS)
                fraction = (high << np.uint64(32)) | low
            left = np.uint64(size - pick)
            low_product = (fraction & np.uint64(0xFFFFFFFF)) * left
            product = (fraction >> np.uint64(32)) * left + (low_product >> np.uint64(32))
            fraction = (product << np.uint64(32)) | (low_product & np.uint64(0xFFFFFFFF))
            last, chosen = size - pick - 1, np.int64(product >> np.uint64(32))
            orders[row, last], orders[row, chosen] = orders[row, chosen], orders[row, last]


class Draws(Protocol):
    """Where the object form of an agent draws from. ``step`` counts its decisions since the reset."""

    step: int

    def first_noise(self, high: np.ndarray) -> np.ndarray:
        """(2,) point of the box up to ``high`` (2,), drawn at reset."""

    def first_goal(self, count: int) -> int:
        """One of ``count`` warehouses, drawn at reset."""

    def direction(self) -> int:
        """+1 or -1, drawn at reset."""

    def happens(self, probability: float) -> bool:
        """Whether this step's event happens."""

    def sample(self, high: np.ndarray) -> np.ndarray:
        """(2,) point of the box up to ``high`` (2,)."""

    def guess(self, options: Sequence[int]) -> int:
        """One of ``options``."""

    def speed(self, fastest: float) -> float:
        """A number of [0, fastest)."""

    def delay(self, recipient: int, low: int, high: int) -> int:
        """Steps, of [low, high), until the next message to ``recipient``."""

    def orders(self, count: int, size: int) -> np.ndarray:
        """(count, size) permutations of 0 to size - 1."""


class EpisodeDraws:
    """The draws of one agent in one episode, all decided by ``key`` (a 64-bit integer)."""

    def __init__(self, key: int) -> None:
        self.key = np.uint64(key)
        self.step = 0

    def first_noise(self, high: np.ndarray) -> np.ndarray:
        return np.array(draw_box(self.key, FIRST_NOISE, 0, high[0], high[1]))

    def first_goal(self, count: int) -> int:
        return int(draw_first_goal(self.key, count))

    def direction(self) -> int:
        return int(draw_direction(self.key))

    def happens(self, probability: float) -> bool:
        return bool(draw_change(self.key, self.step, probability))

    def sample(self, high: np.ndarray) -> np.ndarray:
        return np.array(draw_box(self.key, SAMPLE, self.step, high[0], high[1]))

    def guess(self, options: Sequence[int]) -> int:
        return options[int(draw_guess(self.key, self.step, len(options)))]

    def speed(self, fastest: float) -> float:
        return float(draw_speed(self.key, self.step, fastest))

    def delay(self, recipient: int, low: int, high: int) -> int:
        return int(draw_delay(self.key, self.step, recipient, low, high))

    def orders(self, count: int, size: int) -> np.ndarray:
        orders = np.zeros((count, size), np.int64)
        draw_orders(self.key, self.step, orders)
        return orders


class DrawingAgent(AgentBase):
    """An agent whose random draws are addressed by the episode's key and the step.

    Every reset takes ``next_draws`` and clears it; where it is None, a fresh key is drawn from ``np_random``. So an agent
    replays an episode when it is given the draws of that episode before its reset::

        agent.next_draws = EpisodeDraws(agent_key(team_key, index))
        agent.reset(observation)
    """

    next_draws: Draws | None = None
    draws: Draws

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        fresh = EpisodeDraws(int(self.np_random.randint(2**63 - 1)))
        self.draws, self.next_draws = self.next_draws or fresh, None

    def act(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> np.ndarray:
        """Choose the action of this step; ``deterministic`` has no effect."""
        self._take_in(observation, info)
        action = self._decide()
        self.draws.step += 1
        return action

    @property
    def _limits(self) -> np.ndarray:
        """(2,) largest components of an action."""
        assert self.action_space is not None, "an agent acts after its reset"
        return self.action_space.high

    def _take_in(self, observation: np.ndarray, info: Mapping[str, Any] | None) -> None:
        self.state, self._observation, _, _ = self.check_inputs(observation, info)

    def _decide(self) -> np.ndarray:
        """The action (2,) for ``self.state`` and ``self._observation``."""
        raise NotImplementedError
