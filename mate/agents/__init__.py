"""Agents: what plays one member of a team."""

from mate.agents.base import AgentBase, CameraAgentBase, TargetAgentBase
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
    "ObstacleState",
    "TargetAgentBase",
    "TargetStatePrivate",
    "TargetStatePublic",
    "convert_coordinates",
    "normalize_observation",
    "rescale_observation",
    "split_observation",
]
