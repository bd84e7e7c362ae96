"""Agents: what plays one member of a team."""

from mate.agents import utils as utils
from mate.agents.base import AgentBase, CameraAgentBase, TargetAgentBase
from mate.agents.draws import DrawingAgent, Draws, EpisodeDraws, agent_key
from mate.agents.greedy import GreedyCameraAgent, GreedyTargetAgent
from mate.agents.heuristic import HeuristicCameraAgent, HeuristicTargetAgent
from mate.agents.mixture import MixtureCameraAgent, MixtureTargetAgent
from mate.agents.naive import NaiveCameraAgent, NaiveTargetAgent
from mate.agents.random import RandomCameraAgent, RandomTargetAgent
from mate.agents.states import (
    CameraStatePrivate,
    CameraStatePublic,
    ObstacleState,
    TargetStatePrivate,
    TargetStatePublic,
)
from mate.observations import convert_coordinates, normalize_observation, rescale_observation, split_observation

__all__ = [
    "AgentBase",
    "CameraAgentBase",
    "CameraStatePrivate",
    "CameraStatePublic",
    "DrawingAgent",
    "Draws",
    "EpisodeDraws",
    "GreedyCameraAgent",
    "GreedyTargetAgent",
    "HeuristicCameraAgent",
    "HeuristicTargetAgent",
    "MixtureCameraAgent",
    "MixtureTargetAgent",
    "NaiveCameraAgent",
    "NaiveTargetAgent",
    "ObstacleState",
    "RandomCameraAgent",
    "RandomTargetAgent",
    "TargetAgentBase",
    "TargetStatePrivate",
    "TargetStatePublic",
    "agent_key",
    "convert_coordinates",
    "normalize_observation",
    "rescale_observation",
    "split_observation",
]
