"""Heuristic agents with other scores."""

from mate.agents.heuristic import HeuristicCameraAgent, HeuristicTargetAgent


class Unchanged(HeuristicCameraAgent):
    """Overrides the scores, and changes nothing."""

    @staticmethod
    def calculate_scores(max_sight_range, min_viewing_angle):
        return HeuristicCameraAgent.calculate_scores(max_sight_range, min_viewing_angle)


class Wide(HeuristicCameraAgent):
    """Prefers the widest views that see something."""

    @staticmethod
    def calculate_scores(max_sight_range, min_viewing_angle):
        state_mesh, coord_grid, scores = HeuristicCameraAgent.calculate_scores(max_sight_range, min_viewing_angle)
        return state_mesh, coord_grid, scores * (state_mesh[:, 1] / 180.0) ** 4


class Chooser(HeuristicCameraAgent):
    """Sends every camera to the first target."""

    def get_joint_goal_state(self, camera_states, target_states):
        if not target_states:
            return super().get_joint_goal_state(camera_states, target_states)
        return {state.index: ((target_states[0] - state).angle, 60.0) for state in camera_states}


class UnchangedTarget(HeuristicTargetAgent):
    """Overrides the goal, and changes nothing."""

    @property
    def goal_location(self):
        return super().goal_location


class Bold(HeuristicTargetAgent):
    """Does not drift at all while it carries something."""

    def act(self, observation, info=None, deterministic=None):
        noise, self.noise_scale = self.noise_scale, 0.0 if self.goal_bits.any() else self.noise_scale
        action = super().act(observation, info, deterministic)
        self.noise_scale = noise
        return action
