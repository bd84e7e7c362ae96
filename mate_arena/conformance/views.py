"""What agents saw in a recording: joint observations of every state, rebuilt from its core arrays where not stored."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mate.geometry import DEG2RAD
from mate.messages import Team

Recording = Mapping[str, np.ndarray]
Floats = NDArray[np.float64]


def joint_observations(recording: Recording, team: str) -> Floats:
    """(T + 1, N, D) raw observations of ``camera`` or ``target`` agents, stored rows taken as they are."""
    opponent = Team(team).opponent
    private = _private_states(recording, team)
    public: dict[str, Floats] = {one: _private_states(recording, one) for one in Team}
    public["camera"], public["target"] = public["camera"][..., :6], public["target"][..., :4]
    states, count = private.shape[:2]
    preserved = np.broadcast_to(recording["preserved_data"], (states, count, 13)).copy()
    preserved[..., 3] = np.arange(count)
    obstacles = np.column_stack([recording["obstacle_location"], recording["obstacle_radius"]])
    obstacles = np.broadcast_to(obstacles, (states, *obstacles.shape))
    sees_obstacle = np.broadcast_to(recording[f"{team}_obstacle_view_mask"], (states, count, obstacles.shape[1]))
    rows = [
        preserved,
        private,
        _records(public[opponent], recording[f"{team}_{opponent}_view_mask"]),
        _records(obstacles, sees_obstacle),
        _records(public[team], recording[f"{team}_{team}_view_mask"]),
    ]
    observations = np.concatenate(rows, axis=-1)
    if f"{team}_obs" in recording:
        observations[recording["obs_index"]] = recording[f"{team}_obs"]
    return np.ascontiguousarray(observations)


def _records(states: Floats, is_seen: np.ndarray) -> Floats:
    """(T, N, M * (S + 1)) flat records of ``states`` (T, M, S) and flags ``is_seen`` (T, N, M); zeros where not
    seen.
    """
    flagged = np.concatenate([states, np.ones((*states.shape[:2], 1))], axis=-1)
    length = flagged.shape[1] * flagged.shape[2]
    return np.where(is_seen[..., None], flagged[:, None], 0.0).reshape(*is_seen.shape[:2], length)


def _private_states(recording: Recording, team: str) -> Floats:
    return _camera_states(recording) if team == Team.CAMERA else _target_states(recording)


def action_limits(recording: Recording, team: str) -> Floats:
    """(N, 2) largest components of the agents' own actions."""
    names = ("camera_rotation_step", "camera_zooming_step") if team == Team.CAMERA else ("target_step_size",) * 2
    return np.column_stack([recording[name] for name in names])


def _camera_states(recording: Recording) -> Floats:
    """(T + 1, N_c, 9)"""
    orientation, sight_range = recording["camera_orientation"] * DEG2RAD, recording["camera_sight_range"]
    varying = [sight_range * np.cos(orientation), sight_range * np.sin(orientation), recording["camera_viewing_angle"]]
    before = [recording["camera_location"], recording["camera_radius"]]
    after = [recording[f"camera_{name}"] for name in ("max_sight_range", "rotation_step", "zooming_step")]
    return _columns(len(orientation), before, varying, after)


def _target_states(recording: Recording) -> Floats:
    """(T + 1, N_t, 14)"""
    location = recording["target_location"]
    shape = location.shape[:2]
    constants = {
        name: np.broadcast_to(recording[f"target_{name}"], shape) for name in ("sight_range", "step_size", "capacity")
    }
    parts = [
        location,
        constants["sight_range"],
        recording["target_is_loaded"],
        constants["step_size"],
        constants["capacity"],
        recording["target_goal_bits"],
        recording["target_empty_bits"],
    ]
    return np.concatenate([part.reshape(*shape, -1).astype(np.float64) for part in parts], axis=-1)


def _columns(states: int, before: list[np.ndarray], varying: list[np.ndarray], after: list[np.ndarray]) -> Floats:
    """Stack columns that are constant (N, ...) around columns that vary (T, N)."""
    left, right = (np.column_stack(parts) for parts in (before, after))
    middle = np.stack(varying, axis=-1)
    return np.concatenate(
        [
            np.broadcast_to(left, (states, *left.shape)),
            middle,
            np.broadcast_to(right, (states, *right.shape)),
        ],
        axis=-1,
    )
