"""Upstream's name for what lives in ``mate.observations`` and ``mate.agents.states``, with what it is built from."""

from mate.agents.states import (
    CameraStatePrivate,
    CameraStatePublic,
    ObstacleState,
    StateBase,
    TargetStatePrivate,
    TargetStatePublic,
)
from mate.constants import (
    CAMERA_STATE_DIM_PRIVATE,
    CAMERA_STATE_DIM_PUBLIC,
    NUM_WAREHOUSES,
    OBSTACLE_STATE_DIM,
    PRESERVED_DIM,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
)
from mate.layout import coordinate_mask_of, observation_indices_of, observation_slices_of, observation_space_of
from mate.messages import Team
from mate.observations import convert_coordinates, normalize_observation, rescale_observation, split_observation
from mate.vectors import Vector2D

__all__ = [
    "CAMERA_STATE_DIM_PRIVATE",
    "CAMERA_STATE_DIM_PUBLIC",
    "NUM_WAREHOUSES",
    "OBSTACLE_STATE_DIM",
    "PRESERVED_DIM",
    "TARGET_STATE_DIM_PRIVATE",
    "TARGET_STATE_DIM_PUBLIC",
    "CameraStatePrivate",
    "CameraStatePublic",
    "ObstacleState",
    "StateBase",
    "TargetStatePrivate",
    "TargetStatePublic",
    "Team",
    "Vector2D",
    "convert_coordinates",
    "coordinate_mask_of",
    "normalize_observation",
    "observation_indices_of",
    "observation_slices_of",
    "observation_space_of",
    "rescale_observation",
    "split_observation",
]
