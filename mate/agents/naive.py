"""Agents with a fixed idea: a camera that keeps turning and widening, a target that patrols the corners."""

from __future__ import annotations

import numpy as np

from mate.agents.base import CameraAgentBase
from mate.agents.draws import DrawingAgent
from mate.agents.laws.draws import FASTEST_TURN
from mate.agents.laws.walk import NUM_WAREHOUSES, next_on_patrol
from mate.agents.walker import WalkingTarget


class NaiveCameraAgent(DrawingAgent, CameraAgentBase):
    """Turns counter-clockwise and widens its view at a random speed."""

    def _decide(self) -> np.ndarray:
        return self.draws.speed(FASTEST_TURN) * self._limits


class NaiveTargetAgent(WalkingTarget):
    """Visits the warehouses in turn, in either sense of rotation (``inc``, +1 or -1), whatever its destination."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self.goal, self.inc = 0, 1

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.goal, self.inc = self.draws.first_goal(NUM_WAREHOUSES), self.draws.direction()

    def _decide(self) -> np.ndarray:
        self.goal = int(next_on_patrol(self.state.state, self.goal, self.inc))
        return self._walk_to(self.goal)
