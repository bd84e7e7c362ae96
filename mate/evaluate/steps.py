"""The report of one step of an episode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class StepRow:
    """One row of the table of steps. Rewards are the target team's, rates are fractions of one."""

    step: int
    cargo: int
    reward: float
    episode_reward: float
    mean_transport_rate: float
    mean_coverage_rate: float
    normalised_reward: float

    @property
    def steps_per_cargo(self) -> float:
        """Steps over delivered cargoes, NaN before the first delivery."""
        return self.step / self.cargo if self.cargo else nan


StepWatcher = Callable[[StepRow, Callable[[], NDArray[np.uint8]]], None]
"""Called with a step and something that draws its picture, (H, W, 3) uint8."""
