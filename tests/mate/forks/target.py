"""A user's own target agent."""

import numpy as np

from mate import TargetAgentBase
from mate.constants import NUM_WAREHOUSES, WAREHOUSES


class NearestWarehouse(TargetAgentBase):
    """Walks to its destination, else to the nearest warehouse not believed empty."""

    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, _ = self.check_inputs(observation, info)
        if self.state.goal_bits.any():
            goal = WAREHOUSES[np.flatnonzero(self.state.goal_bits)[0]]
        else:
            options = [w for w in range(NUM_WAREHOUSES) if not self.state.empty_bits[w]] or [0]
            goal = WAREHOUSES[min(options, key=lambda w: np.linalg.norm(WAREHOUSES[w] - self.state.location))]
        step = goal - self.state.location + self.action_space.sample()
        return step.clip(min=self.action_space.low, max=self.action_space.high)
