"""How often an agent is in the support of the equilibrium, over what the payoffs might have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.meta_solvers.equilibria import nash
from tournament.meta_solvers.matrices import Array, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.payoffs import MetaGame

PLAYED = 1e-4
"""A weight below this is not counted as played."""


@dataclass(frozen=True)
class SupportFrequency:
    """Shares of bootstrap replicates in which agents (m,), (n,) are in the support; `values` are the replicates' game values."""

    camera: Array
    target: Array
    values: Array

    @property
    def value_interval(self) -> tuple[float, float]:
        """The middle 95 % of the values."""
        low, high = np.quantile(self.values, (0.025, 0.975))
        return float(low), float(high)


def support_frequency(
    game: MetaGame, replicates: int = 200, seed: int = 0, noise: Noise | None = None
) -> SupportFrequency | None:
    """Solve the meta-game (complete) again and again with other errors of its payoffs.

    The errors are drawn by seeds where the meta-game has its episodes, cell by cell otherwise (or from `noise`). None where nothing
    is known of them. Raises ValueError if payoffs are missing.
    """
    payoff = check_payoff(game)
    noise = Noise.of(game) if noise is None else noise
    if noise is None:
        return None
    camera, target = np.zeros(payoff.shape[0]), np.zeros(payoff.shape[1])
    values = []
    for table in noise.draw(1 if noise.is_none else replicates, seed):
        solution = nash(payoff + table)
        camera += solution.camera > PLAYED
        target += solution.target > PLAYED
        values.append(solution.value)
    return SupportFrequency(camera / len(values), target / len(values), np.array(values))
