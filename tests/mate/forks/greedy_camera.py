"""Greedy cameras with changed memory and changed choice of targets."""

import numpy as np

from mate.agents.greedy import GreedyCameraAgent


class Unchanged(GreedyCameraAgent):
    """Overrides everything, and changes nothing."""

    def process_messages(self, observation, messages):
        return super().process_messages(observation, messages)

    def act_from_target_states(self, target_states):
        return super().act_from_target_states(target_states)


class Forgetful(GreedyCameraAgent):
    """Forgets targets out of sight, and sends no messages about targets."""

    def process_messages(self, observation, messages):
        super().process_messages(observation, messages)
        _, flags = self.get_all_opponent_states(observation)
        self.time2forget[~np.asarray(flags, bool)] = 0
        self.message2send.pop("target_states", None)


class Farsighted(GreedyCameraAgent):
    """Looks at the target that is farthest away."""

    def act_from_target_states(self, target_states):
        farthest = max(target_states, key=lambda state: (state - self.state).norm)
        return super().act_from_target_states([farthest])


class Remembering(GreedyCameraAgent):
    """Expects every target to go on towards the middle of the terrain."""

    def act(self, observation, info=None, deterministic=None):
        for state in self.memory:
            state.location[:] *= 0.9
        self.prev_action = super().act(observation, info, deterministic)
        return self.prev_action


class Overreaching(GreedyCameraAgent):
    """Considers targets that are far beyond its range."""

    def __init__(self, seed=None):
        super().__init__(seed=seed, memory_period=40)
        self.range_factor = 3.0
