"""Recording of an episode's columns while it is played."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mate.communication import KINDS
from mate.constants import TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES

if TYPE_CHECKING:
    from mate.communication import Messages
    from mate.engine import Batch
    from mate.scenario import Scenario

FRAME_COLUMNS = (
    "camera_orientation",
    "camera_viewing_angle",
    "target_location",
    "target_goal",
    "target_weight",
    "target_empty_bits",
    "bounties",
    "camera_target_view_mask",
    "camera_camera_view_mask",
    "camera_obstacle_view_mask",
    "target_camera_view_mask",
    "target_obstacle_view_mask",
    "target_target_view_mask",
    "camera_is_seen",
    "remaining_cargoes",
    "awaiting_cargo_counts",
    "mean_transport_rate",
)
TEAMS = ("camera", "target")
STEP_COLUMNS = ("camera_action", "target_action", "target_reward")
_DERIVED = {
    "target_weight": lambda batch: batch.target_goal_bits[0].max(axis=-1),
    "camera_is_seen": lambda batch: batch.target_camera_view_mask[0].any(axis=0),
}


Matrices = list[NDArray[np.uint8]]


class Recorder:
    """Collects the columns of one episode from slot 0 of a batch: `begin` after the reset, `add` after each step."""

    def __init__(self) -> None:
        self.frames: dict[str, list[NDArray[Any]]] = {name: [] for name in FRAME_COLUMNS}
        self.steps: dict[str, list[NDArray[Any]]] = {name: [] for name in STEP_COLUMNS}
        self.facts: dict[str, Any] = {}
        self.knots: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
        self.messages: dict[str, Matrices] = {team: [] for team in TEAMS}

    def begin(self, batch: Batch) -> None:
        """Record the state after the reset."""
        self.knots = [batch.sight_table(0, camera) for camera in range(batch.scenario.num_cameras)]
        self.facts = describe_episode(batch) | {"boundary_counts": [len(angles) for angles, _ in self.knots]}
        self._add_frame(batch)

    def add(self, batch: Batch, camera_actions: NDArray[np.float64], target_actions: NDArray[np.float64]) -> None:
        """Record a step's (N_c, 2) and (N_t, 2) actions, its reward and the state after it."""
        self.steps["camera_action"].append(camera_actions.astype(np.float32))
        self.steps["target_action"].append(target_actions.astype(np.float32))
        self.steps["target_reward"].append(np.array(batch.target_reward[0]))
        self._add_frame(batch)

    def _add_frame(self, batch: Batch) -> None:
        for name, frames in self.frames.items():
            value = _DERIVED[name](batch) if name in _DERIVED else getattr(batch, name)[0]
            frames.append(np.array(value))

    def add_messages(self, **messages: Messages | None) -> None:
        """Record, by team, the messages that arrived before the last step; None for a team that cannot speak."""
        for team, spoken in messages.items():
            if spoken is not None:
                self.messages[team].append(spoken.kinds[0].copy())

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of `columns.LAYOUTS` by name."""
        recorded = self.frames | self.steps
        knots = {
            name: np.concatenate([pair[part] for pair in self.knots] or [np.empty(0)])
            for part, name in enumerate(("boundary_angle", "boundary_range"))
        }
        steps = len(self.steps["target_reward"])
        spoken = {name: column for team in TEAMS for name, column in _lines(team, self.messages[team], steps).items()}
        return {name: np.stack(values) for name, values in recorded.items()} | knots | spoken


def _lines(team: str, matrices: Matrices, steps: int) -> dict[str, NDArray[Any]]:
    """Return the lines (L, 3) between members that are ever used, by sender, recipient and kind, and when (S, L)."""
    if not matrices:
        lines, used = np.zeros((0, 3), np.int64), np.zeros((steps, 0), np.bool_)
    else:
        bits = np.array(list(KINDS.values()), np.uint8)
        spoken = np.stack(matrices)[..., None] & bits > 0
        lines = np.argwhere(spoken.any(axis=0))
        used = spoken[:, *lines.T]
        lines[:, 2] = bits[lines[:, 2]]
    return {f"{team}_message_lines": lines, f"{team}_messages": used}


def describe_scenario(scenario: Scenario) -> dict[str, Any]:
    """Return the scenario's part of the header; `config` is the form that `mate.Scenario.from_json` reads."""
    return {"name": scenario.name, "digest": scenario.digest, "config": json.loads(scenario.to_json())}


def describe_episode(batch: Batch) -> dict[str, Any]:
    """Return what a viewer needs and no step changes; lengths in map units, angles in degrees."""
    scenario = batch.scenario
    return {
        "terrain_size": TERRAIN_SIZE,
        "warehouses": WAREHOUSES.tolist(),
        "warehouse_radius": WAREHOUSE_RADIUS,
        "max_episode_steps": scenario.max_episode_steps,
        "freight_scale": scenario.freight_scale,
        "bounty_scale": scenario.bounty_scale,
        "reward_scale": scenario.reward_scale,
        "max_target_team_episode_reward": scenario.max_target_team_episode_reward,
        "cameras": [
            {
                "location": location.tolist(),
                "radius": scenario.camera_radius,
                "max_sight_range": scenario.camera_max_sight_range,
                "min_viewing_angle": scenario.camera_min_viewing_angle,
                "rotation_step": scenario.camera_rotation_step,
                "zooming_step": scenario.camera_zooming_step,
            }
            for location in batch.camera_location[0]
        ],
        "targets": [
            {
                "capacity": int(capacity),
                "step_size": float(step_size),
                "sight_range": scenario.target_sight_range,
                "orientation": float(orientation),
            }
            for capacity, step_size, orientation in zip(
                batch.target_capacity[0], batch.target_step_size[0], batch.target_orientation[0], strict=True
            )
        ],
        "obstacles": [
            {"location": location.tolist(), "radius": float(radius)}
            for location, radius in zip(batch.obstacle_location[0], batch.obstacle_radius[0], strict=True)
        ],
        "message_kinds": {str(bit): name for name, bit in KINDS.items()},
        "enhanced_observation": scenario.enhanced_observation,
        "shared_field_of_view": scenario.shared_field_of_view,
        "obstacle_transmittance": scenario.obstacle_transmittance,
    }
