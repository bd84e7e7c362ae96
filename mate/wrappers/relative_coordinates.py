"""Observations relative to the observer."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.messages import Team
from mate.observations import convert_coordinates
from mate.wrappers.observation import ObservationWrapper
from mate.wrappers.typing import assert_mate_environment, assert_once

__all__ = ["RelativeCoordinates"]


class RelativeCoordinates(ObservationWrapper):
    """Expresses coordinates relative to each observer; the declared spaces stay as they are (Q28).

    Around a single-team environment only the own team's observations change.
    """

    def __init__(self, env: Any) -> None:
        assert_mate_environment(env)
        assert_once(env, RelativeCoordinates)
        super().__init__(env)

    def observation(self, observation: Any) -> Any:
        return self._map_teams(self._convert, observation)

    def _convert(self, rows: np.ndarray, team: Team) -> np.ndarray:
        return convert_coordinates(rows, team, self.num_cameras, self.num_targets, self.num_obstacles)
