"""The noisy walk that naive, greedy and heuristic targets share."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.agents.base import TargetAgentBase
from mate.agents.draws import DrawingAgent, EpisodeDraws
from mate.agents.laws.walk import (
    FIRST_NOISE_SCALE,
    NO_GOAL,
    NOISE_SCALE,
    noise_change_probability,
    noisy_step,
    shorten,
)
from mate.agents.laws.wander import wander
from mate.agents.overriding import overrides
from mate.constants import WAREHOUSES


class WalkingTarget(DrawingAgent, TargetAgentBase):
    """A target that walks to warehouses with a noise that it holds for a while.

    Subclasses may override ``goal_location``.

    Args:
        seed: seed of the agent's random stream.
        noise_scale: size of fresh noise, as a share of the longest step.
    """

    goal: Any

    def __init__(self, seed: int | None = None, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(seed)
        self.noise_scale = float(noise_scale)
        self.prev_state: Any = None
        self.prev_noise = np.zeros(2)

    @property
    def goal_location(self) -> np.ndarray | None:
        """Centre (2,) of the warehouse it walks to, in map units, if it has one."""
        return None if self.goal is None or self.goal == NO_GOAL else WAREHOUSES[self.goal]

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self._goes_elsewhere = overrides(self, WalkingTarget, "goal_location")
        self.prev_state = self.state
        self.prev_noise = FIRST_NOISE_SCALE * self.draws.first_noise(self._limits)

    def _walk_to(self, goal: int | None) -> np.ndarray:
        """The step (2,) towards warehouse ``goal``, or that of the noise alone without one."""
        if type(self.draws) is EpisodeDraws and not self._goes_elsewhere:
            return self._wander_to(NO_GOAL if goal is None else goal, self.draws)
        if self.draws.happens(noise_change_probability(self.state.state, *self.prev_state.location.tolist())):
            self.prev_noise = self.noise_scale * self.draws.sample(self._limits)
        self.prev_state = self.state
        if self._goes_elsewhere:
            return self._step_towards(self.goal_location)
        return np.array(noisy_step(self.state.state, NO_GOAL if goal is None else goal, *self.prev_noise.tolist()))

    def _wander_to(self, goal: int, draws: EpisodeDraws) -> np.ndarray:
        """Do the same in one compiled call."""
        own, (held_x, held_y) = self.state.state, self.prev_noise.tolist()
        x, y, noise_x, noise_y = wander(
            own, self.prev_state.state, held_x, held_y, draws.key, draws.step, goal, self.noise_scale
        )
        if noise_x != held_x or noise_y != held_y:
            self.prev_noise = np.array((noise_x, noise_y))
        self.prev_state = self.state
        return np.array((x, y))

    def _step_towards(self, location: np.ndarray | None) -> np.ndarray:
        """Take the step of ``noisy_step`` towards any location."""
        step = np.zeros(2)
        if location is not None:
            step = np.array(shorten(*(np.asarray(location) - self.state.location), self.state.step_size))
        return (step + self.prev_noise).clip(-self._limits, self._limits)
