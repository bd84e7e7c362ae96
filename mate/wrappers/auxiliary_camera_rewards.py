"""Composed rewards for cameras."""

from __future__ import annotations

import numpy as np

from mate.messages import Team
from mate.wrappers.auxiliary_rewards import TEAM_COMPONENTS, AuxiliaryRewards
from mate.wrappers.soft_coverage import individual_scores

__all__ = ["AuxiliaryCameraRewards"]


class AuxiliaryCameraRewards(AuxiliaryRewards):
    """Cameras are rewarded for ``raw_reward``, ``coverage_rate``, ``real_coverage_rate``, ``mean_transport_rate``,
    ``soft_coverage_score``, ``num_tracked`` and ``baseline``, each with its coefficient.
    """

    TEAM = Team.CAMERA
    COMPONENTS = {**TEAM_COMPONENTS, "num_tracked": lambda env: env.camera_target_view_mask.sum(axis=1)}

    def soft_coverage_scores(self, matrix: np.ndarray) -> np.ndarray:
        return individual_scores(matrix, self.unwrapped.camera_target_view_mask)
