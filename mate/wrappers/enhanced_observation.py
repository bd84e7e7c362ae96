"""Observations of everything."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.constants import OBSERVATION_OFFSET, TARGET_STATE_DIM_PRIVATE
from mate.layout import observation_slices_of
from mate.messages import Team
from mate.wrappers.observation import ObservationWrapper, applies_to, check_team_name
from mate.wrappers.relative_coordinates import RelativeCoordinates
from mate.wrappers.rescaled_observation import RescaledObservation
from mate.wrappers.typing import assert_base_environment, assert_once

__all__ = ["EnhancedObservation"]

EMPTY_BITS = slice(OBSERVATION_OFFSET + TARGET_STATE_DIM_PRIVATE - 4, OBSERVATION_OFFSET + TARGET_STATE_DIM_PRIVATE)


class EnhancedObservation(ObservationWrapper):
    """Shows the team ``both | camera | target | none`` every entity, and targets which warehouses are really empty.

    Only observations change: masks, rewards and beliefs do not, and the opponents inside a single-team wrapper around
    this one receive the enhanced observations too (Q29).
    """

    def __init__(self, env: Any, team: str = "both") -> None:
        assert_base_environment(env)
        assert_once(env, RelativeCoordinates, RescaledObservation)
        super().__init__(env)
        self.enhanced_team = check_team_name(team)

    def observation(self, observation: Any) -> Any:
        return self._map_teams(self._enhance, observation)

    def _enhance(self, rows: np.ndarray, team: Team) -> np.ndarray:
        if not applies_to(team, self.enhanced_team):
            return rows
        base = self.unwrapped
        slices = observation_slices_of(team, base.num_cameras, base.num_targets, base.num_obstacles)
        public = {Team.CAMERA: base.camera_states_public, Team.TARGET: base.target_states_public}
        enhanced = np.array(rows)
        for name, states in (
            ("opponent", public[team.opponent]),
            ("obstacle", base.obstacle_states),
            ("teammate", public[team]),
        ):
            enhanced[:, slices[f"{name}_states_with_mask"]] = _flagged(states)
        if team is Team.TARGET:
            enhanced[:, EMPTY_BITS] = ~base.remaining_cargoes.any(axis=1)
        return enhanced

    def description(self) -> str:
        return f"(team={self.enhanced_team})"


def _flagged(states: np.ndarray) -> np.ndarray:
    return np.column_stack([states, np.ones(len(states))]).ravel()
