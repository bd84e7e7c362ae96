"""The random draws of rule-based agents, each addressed by the agent's key, what it is for, and the step.

An agent's key for an episode is ``agent_key(team_key, index)``; steps are counted by decisions, from 0. Because no draw
depends on earlier ones, the object form of an agent and the kernel for whole batches draw the same numbers from the
same key. The compiled functions (``mate.agents.laws.draws``) draw inside kernels; ``EpisodeDraws`` gives the same to an
object, and ``DrawingAgent`` is the base of agents that draw through it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mate.agents.base import AgentBase
from mate.agents.laws.draws import (
    FIRST_NOISE,
    SAMPLE,
    draw_box,
    draw_change,
    draw_delay,
    draw_direction,
    draw_first_goal,
    draw_guess,
    draw_orders,
    draw_speed,
)
from mate.streams import derive


def agent_key(team_key: int, index: int) -> int:
    """The key of member ``index`` of a team, in the episode that the team plays with ``team_key``."""
    return derive(team_key, index)


class Draws(Protocol):
    """The source of draws of an agent's object form. ``step`` counts its decisions since the reset."""

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

    Every reset takes ``next_draws`` and clears it; where it is None, a fresh key is drawn from ``np_random``. So an
    agent replays an episode when it is given the draws of that episode before its reset::

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
