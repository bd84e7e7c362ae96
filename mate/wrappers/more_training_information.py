"""Infos with everything there is to know."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.batched.rewards import UNLOADED_GOAL_DISTANCE
from mate.constants import WAREHOUSE_RADIUS
from mate.layers import Wrapper
from mate.wrappers.typing import assert_base_environment, assert_once

__all__ = ["MoreTrainingInformation", "distance_outside_warehouse"]


def distance_outside_warehouse(distance: np.ndarray) -> np.ndarray:
    """Distances to warehouse centres less the half side of a warehouse, at least 0."""
    return np.maximum(distance - WAREHOUSE_RADIUS, 0.0)


class MoreTrainingInformation(Wrapper):
    """Adds the state, the masks and the cargo to all infos, and to each agent's what concerns it, after every step."""

    def __init__(self, env: Any) -> None:
        assert_base_environment(env)
        assert_once(env, MoreTrainingInformation)
        super().__init__(env)

    def step(self, action: Any) -> Any:
        observations, rewards, done, (camera_infos, target_infos) = self.env.step(action)
        base = self.unwrapped
        common = _common_of(base)
        num_tracked = base.camera_target_view_mask.sum(axis=1)
        is_sensed = base.target_camera_view_mask.any(axis=0)
        for camera, info in enumerate(camera_infos):
            info.update(num_tracked=int(num_tracked[camera]), is_sensed=bool(is_sensed[camera]), **common)
        distances = distance_outside_warehouse(base.target_warehouse_distances)
        for target, info in enumerate(target_infos):
            info.update(_of_target(base, target, distances[target]), **common)
        return observations, rewards, done, (camera_infos, target_infos)


def _of_target(base: Any, target: int, distances: np.ndarray) -> dict[str, Any]:
    goal = int(base.target_goals[target])
    return {
        "goal": goal,
        "warehouse_distances": distances,
        "goal_distance": float(distances[goal]) if goal >= 0 else UNLOADED_GOAL_DISTANCE,
        "individual_done": bool(base.target_dones[target]),
        "is_tracked": bool(base.tracked_bits[target]),
        "is_colliding": bool(base.targets[target].is_colliding),
    }


def _common_of(base: Any) -> dict[str, Any]:
    """Return the information common to all agents, copied so that later steps do not change it."""
    names = (
        "camera_states",
        "target_states",
        "obstacle_states",
        "camera_target_view_mask",
        "camera_obstacle_view_mask",
        "target_camera_view_mask",
        "target_obstacle_view_mask",
        "target_target_view_mask",
        "remaining_cargoes",
        "awaiting_cargo_counts",
    )
    common = {name: np.array(getattr(base, name)) for name in names}
    return {"state": base.state(), "remaining_cargo_counts": common["remaining_cargoes"].sum(axis=1), **common}
