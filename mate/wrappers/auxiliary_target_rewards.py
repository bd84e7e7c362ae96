"""Composed rewards for targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.constants import TERRAIN_WIDTH
from mate.messages import Team
from mate.wrappers.auxiliary_rewards import TEAM_COMPONENTS, AuxiliaryRewards
from mate.wrappers.more_training_information import UNLOADED_GOAL_DISTANCE, distance_outside_warehouse
from mate.wrappers.soft_coverage import individual_scores

__all__ = ["AuxiliaryTargetRewards"]


def normalized_goal_distances(env: Any) -> np.ndarray:
    """(N_t,) distances to the goals, over the width of the terrain.

    An unloaded target's goal is the nearest warehouse that it does not believe empty, or 1000 map units away if it
    believes so of all.
    """
    distances = distance_outside_warehouse(env.target_warehouse_distances)
    nearest = np.where(env.target_empty_bits, np.inf, distances).min(axis=1)
    nearest = np.where(np.isfinite(nearest), nearest, UNLOADED_GOAL_DISTANCE)
    goals = env.target_goals
    own = distances[np.arange(len(goals)), np.maximum(goals, 0)]
    return np.where(goals >= 0, own, nearest) / TERRAIN_WIDTH


class AuxiliaryTargetRewards(AuxiliaryRewards):
    """Targets are rewarded for ``raw_reward``, ``coverage_rate``, ``real_coverage_rate``, ``mean_transport_rate``,
    ``normalized_goal_distance``, ``sparse_delivery``, ``soft_coverage_score``, ``is_tracked``, ``is_colliding`` and
    ``baseline``, each with its coefficient. All reductions are accepted (Q44).
    """

    TEAM = Team.TARGET
    COMPONENTS = {
        **TEAM_COMPONENTS,
        "normalized_goal_distance": normalized_goal_distances,
        "sparse_delivery": lambda env: env.target_dones,
        "is_tracked": lambda env: env.tracked_bits,
        "is_colliding": lambda env: np.array([target.is_colliding for target in env.targets]),
    }

    def soft_coverage_scores(self, matrix: np.ndarray) -> np.ndarray:
        return individual_scores(matrix.T, self.unwrapped.camera_target_view_mask.T)
