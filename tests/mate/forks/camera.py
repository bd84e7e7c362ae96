"""A user's own camera agent, built on the modules that upstream's agents import."""

import numpy as np

from mate.agents.base import AgentType, CameraAgentBase
from mate.agents.utils import CameraStatePrivate, TargetStatePublic, split_observation
from mate.constants import Team
from mate.utils import normalize_angle


class SweepingCamera(CameraAgentBase):
    """Turns towards the first target that it or a teammate sees, else sweeps."""

    def __init__(self, seed=None, speed=1.0):
        super().__init__(seed=seed)
        self.speed = speed
        self.heard = []

    def reset(self, observation):
        super().reset(observation)
        assert isinstance(self.state, CameraStatePrivate) and self.agent_id == f"camera_{self.index}"
        parts = split_observation(observation, Team.CAMERA, self.num_cameras, self.num_targets, self.num_obstacles)
        assert len(parts) == 5
        self.heard = []

    def observe(self, observation, info=None):
        self.state, self.last_observation, self.last_info, messages = self.check_inputs(observation, info)
        assert all(message.team is self.TEAM for message in messages)

    def send_requests(self):
        states, flags = self.get_all_opponent_states(self.last_observation)
        seen = [state for state, flag in zip(states, flags, strict=True) if flag]
        return [self.pack_message(content={"seen": seen})] if seen else []

    def receive_requests(self, messages):
        super().receive_requests(messages)
        self.heard = [state for message in self.last_requests for state in message.content["seen"]]

    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, _ = self.check_inputs(observation, info)
        if self.heard:
            target: TargetStatePublic = self.heard[0]
            turn = normalize_angle((target - self.state).angle - self.state.orientation)
            return np.asarray([turn, 0.0]).clip(self.action_space.low, self.action_space.high)
        return self.speed * self.action_space.high * np.asarray([1.0, self.np_random.uniform(-1.0, 1.0)])


AGENT: AgentType = SweepingCamera(seed=0)
