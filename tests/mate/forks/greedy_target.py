"""Greedy and naive targets with other goals."""

import numpy as np

from mate.agents import GreedyTargetAgent, NaiveTargetAgent


class Unchanged(GreedyTargetAgent):
    """Overrides everything, and changes nothing."""

    def process_messages(self, observation, messages):
        return super().process_messages(observation, messages)

    @property
    def goal_location(self):
        return super().goal_location


class Avoiding(GreedyTargetAgent):
    """Takes the first two warehouses for empty."""

    def process_messages(self, observation, messages):
        super().process_messages(observation, messages)
        if self.episode_step == 0:
            self.non_empty_warehouses -= {0, 1}
            self.need_communication = True


class Shifted(GreedyTargetAgent):
    """Walks a little beside the middle of its warehouse."""

    @property
    def goal_location(self):
        location = super().goal_location
        return None if location is None else location + np.array([30.0, -30.0])


class ShiftedPatrol(NaiveTargetAgent):
    """Patrols a smaller square."""

    @property
    def goal_location(self):
        return 0.9 * super().goal_location
