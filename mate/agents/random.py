"""Agents that hold a random action for a while."""

from __future__ import annotations

import numpy as np

from mate.agents.base import CameraAgentBase, TargetAgentBase
from mate.agents.draws import DrawingAgent
from mate.agents.laws.draws import FRAME_SKIP


class _RandomAgent(DrawingAgent):
    """Repeats an action drawn from its action space for ``frame_skip`` steps.

    Args:
        seed: seed of the agent's random stream.
        frame_skip: steps between two draws.
    """

    def __init__(self, seed: int | None = None, frame_skip: int = FRAME_SKIP) -> None:
        super().__init__(seed)
        self.frame_skip = frame_skip
        self.prev_action: np.ndarray | None = None

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.prev_action = None

    def _decide(self) -> np.ndarray:
        if self.prev_action is None or self.episode_step % self.frame_skip == 0:
            self.prev_action = self.draws.sample(self._limits)
        return self.prev_action.copy()


class RandomCameraAgent(_RandomAgent, CameraAgentBase):
    """A camera that turns and zooms at random."""


class RandomTargetAgent(_RandomAgent, TargetAgentBase):
    """A target that walks in random directions; a step may be longer than allowed, and is then shortened (Q07)."""
