"""Composed rewards for targets."""

from __future__ import annotations

from mate.messages import Team
from mate.wrappers.auxiliary_rewards import AuxiliaryTeamRewards

__all__ = ["AuxiliaryTargetRewards"]


class AuxiliaryTargetRewards(AuxiliaryTeamRewards):
    """Targets are rewarded for ``raw_reward``, ``coverage_rate``, ``real_coverage_rate``, ``mean_transport_rate``,
    ``normalized_goal_distance``, ``sparse_delivery``, ``soft_coverage_score``, ``is_tracked``, ``is_colliding`` and
    ``baseline``, each with its coefficient. All reductions are accepted (Q44).
    """

    TEAM = Team.TARGET
