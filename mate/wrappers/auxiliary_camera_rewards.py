"""Composed rewards for cameras."""

from __future__ import annotations

from mate.messages import Team
from mate.wrappers.auxiliary_rewards import AuxiliaryTeamRewards

__all__ = ["AuxiliaryCameraRewards"]


class AuxiliaryCameraRewards(AuxiliaryTeamRewards):
    """Cameras are rewarded for ``raw_reward``, ``coverage_rate``, ``real_coverage_rate``, ``mean_transport_rate``,
    ``soft_coverage_score``, ``num_tracked`` and ``baseline``, each with its coefficient.
    """

    TEAM = Team.CAMERA
