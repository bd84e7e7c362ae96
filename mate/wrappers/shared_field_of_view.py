"""Observations shared among teammates."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.layout import observation_slices_of
from mate.messages import Team
from mate.wrappers.enhanced_observation import EMPTY_BITS
from mate.wrappers.observation import ObservationWrapper, applies_to, check_team_name
from mate.wrappers.relative_coordinates import RelativeCoordinates
from mate.wrappers.rescaled_observation import RescaledObservation
from mate.wrappers.typing import assert_base_environment, assert_once

__all__ = ["SharedFieldOfView"]


class SharedFieldOfView(ObservationWrapper):
    """Shows every member of the team ``both | camera | target | none`` what any of them sees, and all teammates.

    Targets also share which warehouses any of them believes empty. Only observations change (Q29).
    """

    def __init__(self, env: Any, team: str = "both") -> None:
        assert_base_environment(env)
        assert_once(env, RelativeCoordinates, RescaledObservation)
        super().__init__(env)
        self.sharing_team = check_team_name(team)

    def observation(self, observation: Any) -> Any:
        return self._map_teams(self._share, observation)

    def _share(self, rows: np.ndarray, team: Team) -> np.ndarray:
        if len(rows) == 0 or not applies_to(team, self.sharing_team):
            return rows
        base = self.unwrapped
        slices = observation_slices_of(team, base.num_cameras, base.num_targets, base.num_obstacles)
        shared = np.array(rows)
        for name in ("opponent", "obstacle", "teammate"):
            seen = rows[:, slices[f"{name}_mask"]] != 0.0
            length = slices[f"{name}_mask"].step
            records = rows[:, slices[f"{name}_states_with_mask"]].reshape(len(rows), seen.shape[1], length)
            # Whoever sees an entity has the same record of it; a record seen by nobody is zero in every row.
            shared[:, slices[f"{name}_states_with_mask"]] = records[
                seen.argmax(axis=0), np.arange(seen.shape[1])
            ].ravel()
        if team is Team.TARGET:
            shared[:, EMPTY_BITS] = rows[:, EMPTY_BITS].any(axis=0)
        return shared

    def description(self) -> str:
        return f"(team={self.sharing_team})"
