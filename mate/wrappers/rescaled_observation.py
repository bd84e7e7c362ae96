"""Observations in [-1, 1]."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from mate.messages import Team
from mate.observations import rescale_observation, rescaled_observation_space_of
from mate.wrappers.observation import ObservationWrapper
from mate.wrappers.single_team import MultiCamera, MultiTarget, SingleTeam
from mate.wrappers.typing import assert_mate_environment, assert_once

__all__ = ["RescaledObservation"]


class RescaledObservation(ObservationWrapper):
    """Rescales every bounded entry of the observations to [-1, 1], and declares the spaces accordingly (Q27).

    Around a single-team environment only the own team's observations change. The spaces follow ``load_config`` (Q41).
    """

    def __init__(self, env: Any) -> None:
        assert_mate_environment(env)
        assert_once(env, RescaledObservation)
        super().__init__(env)

    def observation(self, observation: Any) -> Any:
        return self._map_teams(self._rescale, observation)

    def _rescale(self, rows: np.ndarray, team: Team) -> np.ndarray:
        return rescale_observation(rows, team, self.num_cameras, self.num_targets, self.num_obstacles)

    def _space_of(self, team: Team) -> spaces.Box:
        if isinstance(self.env, SingleTeam) and team is not self.env.team:
            space: spaces.Box = getattr(self.env, f"{team.name.lower()}_observation_space")
            return space
        return rescaled_observation_space_of(team, self.num_cameras, self.num_targets, self.num_obstacles)

    @property
    def camera_observation_space(self) -> spaces.Box:
        return self._space_of(Team.CAMERA)

    @property
    def target_observation_space(self) -> spaces.Box:
        return self._space_of(Team.TARGET)

    @property
    def camera_joint_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.camera_observation_space] * self.num_cameras)

    @property
    def target_joint_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.target_observation_space] * self.num_targets)

    @property
    def teammate_observation_space(self) -> spaces.Box:
        return self._space_of(self.env.team)

    @property
    def teammate_joint_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.teammate_observation_space] * self.env.num_teammates)

    @property
    def observation_space(self) -> spaces.Space:
        if isinstance(self.env, (MultiCamera, MultiTarget)):
            return self.teammate_joint_observation_space
        if isinstance(self.env, SingleTeam):
            return self.teammate_observation_space
        return spaces.Tuple((self.camera_joint_observation_space, self.target_joint_observation_space))
