"""The noisy walk that naive, greedy and heuristic targets share."""

from __future__ import annotations

import numpy as np

from mate.agents.base import TargetAgentBase
from mate.agents.draws import DrawingAgent
from mate.agents.laws.walk import FIRST_NOISE_SCALE, NOISE_SCALE, noise_change_probability, noisy_step


class WalkingTarget(DrawingAgent, TargetAgentBase):
    """A target that walks to warehouses with a noise that it holds for a while.

    Args:
        seed: seed of the agent's random stream.
        noise_scale: size of fresh noise, as a share of the longest step.
    """

    def __init__(self, seed: int | None = None, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(seed)
        self.noise_scale = noise_scale
        self.prev_location = self.prev_noise = np.zeros(2)

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.prev_location = self.state.location
        self.prev_noise = FIRST_NOISE_SCALE * self.draws.first_noise(self._limits)

    def _walk_to(self, goal: int) -> np.ndarray:
        """The step (2,) towards warehouse ``goal``, or that of the noise alone if it is NO_GOAL."""
        if self.draws.happens(noise_change_probability(self.state.state, *self.prev_location)):
            self.prev_noise = self.noise_scale * self.draws.sample(self._limits)
        self.prev_location = self.state.location
        return np.array(noisy_step(self.state.state, goal, *self.prev_noise))
