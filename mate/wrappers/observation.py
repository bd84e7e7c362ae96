"""The common ground of wrappers that change what is observed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mate.layers import Wrapper
from mate.messages import TEAMS_OF, Team
from mate.wrappers.single_team import SingleTeam


class ObservationWrapper(Wrapper):
    """Passes every observation of the layer below through ``observation``."""

    def observation(self, observation: Any) -> Any:
        """Return this layer's transform of an observation."""
        raise NotImplementedError

    def reset(self, **kwargs: Any) -> Any:
        return self.observation(self.env.reset(**kwargs))

    def step(self, action: Any) -> Any:
        observation, reward, done, infos = self.env.step(action)
        return self.observation(observation), reward, done, infos

    def _map_teams(self, function: Callable[[np.ndarray, Team], np.ndarray], observation: Any) -> Any:
        """Apply ``function(rows, team)`` to each team's observation that leaves this layer."""
        if isinstance(self.env, SingleTeam):
            return function(observation, self.env.team)
        camera, target = observation
        return function(camera, Team.CAMERA), function(target, Team.TARGET)


def check_team_name(team: str) -> str:
    """Raise AssertionError unless ``team`` names which teams something applies to."""
    assert team in TEAMS_OF, f"team must be one of {', '.join(TEAMS_OF)}, not {team!r}"
    return team


def applies_to(team: Team, name: str) -> bool:
    """Whether a wrapper for the teams called ``name`` changes ``team``."""
    return team in TEAMS_OF[name]
