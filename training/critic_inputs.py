"""Inputs of a central critic: the global state, with each entry scaled to the order of one."""

from __future__ import annotations

import numpy as np

from mate.layout import state_space_of
from mate.scenario import Scenario

GREATEST_CAPACITY = 2
"""Maximum units of cargo that a target carries at once."""

USUAL_COUNT = 8
"""Scale of the numbers of cameras, targets and obstacles, which are the first entries of the state."""


class StateScaling:
    """Maps global states (..., S) to critic inputs (..., S).

    Entries with two bounds are mapped to [-1, 1]; freights, bounties and cargo are divided by their usual size.
    Upstream's training leaves these unbounded, up to several hundred, which saturates the first layer.
    """

    def __init__(self, scenario: Scenario) -> None:
        space = state_space_of(scenario.num_cameras, scenario.num_targets, scenario.num_obstacles)
        is_bounded = np.isfinite(space.low) & np.isfinite(space.high) & (space.high > space.low)
        low, high = np.where(is_bounded, space.low, 0.0), np.where(is_bounded, space.high, 1.0)
        self._middle = np.where(is_bounded, (low + high) / 2.0, 0.0)
        self._half = np.where(is_bounded, (high - low) / 2.0, 1.0)
        targets = scenario.num_targets
        self._half[:3] = USUAL_COUNT
        tail = self._half[len(self._half) - 2 * targets - 16 :]
        tail[:targets] = GREATEST_CAPACITY * scenario.freight_scale
        tail[targets : 2 * targets] = GREATEST_CAPACITY * max(scenario.bounty_scale, 1)
        tail[2 * targets :] = max(scenario.num_cargoes_per_target * targets / 12.0, 1.0)

    def __call__(self, states: np.ndarray) -> np.ndarray:
        """Return the inputs as float32."""
        return ((states - self._middle) / self._half).astype(np.float32)
