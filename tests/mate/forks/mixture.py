"""Mixtures of the package's agents and of the user's own."""

from mate.agents.mixture import MixtureAgentMixIn, MixtureCameraAgent, MixtureTargetAgent
from mate.agents.random import RandomCameraAgent, RandomTargetAgent
from tests.mate.forks.greedy_camera import Farsighted
from tests.mate.forks.target import NearestWarehouse


class Cameras(MixtureCameraAgent):
    def __init__(self, seed=None):
        super().__init__([RandomCameraAgent(), Farsighted()], weights=[1.0, 2.0], seed=seed)


class Targets(MixtureTargetAgent):
    def __init__(self, seed=None):
        super().__init__([RandomTargetAgent(frame_skip=5), NearestWarehouse()], seed=seed)


assert issubclass(Cameras, MixtureAgentMixIn)
