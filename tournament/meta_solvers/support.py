"""How often an agent is in the support of the equilibrium, over what the payoffs might be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.meta_solvers import interior
from tournament.meta_solvers.equilibria import nash, solve_linear_program
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.payoffs import MetaGame

PLAYED = 1e-4
"""A weight below this is not counted as played."""


@dataclass(frozen=True)
class SupportFrequency:
    """Shares of replicates in which agents (m,), (n,) are in the support; `values` are the replicates' game values."""

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
    """Solve the meta-game (complete) again and again, with payoffs that may be the true ones.

    They are drawn by seeds where the meta-game has its episodes, cell by cell otherwise (or from `noise`), and shrunk by the share
    of noise in them: a table to which noise is only added has more agents in its support than the true one. Exact payoffs are solved
    once. None where nothing is known of the errors. Raises ValueError if payoffs are missing.
    """
    payoff = check_payoff(game)
    noise = Noise.of(game) if noise is None else noise
    if noise is None:
        return None
    if noise.is_none:
        solution = nash(payoff)
        return SupportFrequency(
            (solution.camera > PLAYED).astype(np.float64),
            (solution.target > PLAYED).astype(np.float64),
            np.array([solution.value]),
        )
    camera, target = np.zeros(payoff.shape[0]), np.zeros(payoff.shape[1])
    values = np.empty(replicates)
    for number, table in enumerate(noise.shrink(payoff).draw(replicates, seed)):
        row, column, values[number] = _solve(table)
        camera += row > PLAYED
        target += column > PLAYED
    return SupportFrequency(camera / replicates, target / replicates, values)


def _solve(payoff: Array) -> tuple[Array, Array, float]:
    """Strategies of largest support, both from one solution, and the value."""
    scaled = Scaled.of(payoff)
    solution = interior.solve(scaled.matrix)
    row, column = solve_linear_program(scaled.matrix) if solution is None else (solution.x, solution.y)
    middle = ((row @ scaled.matrix).min() + (scaled.matrix @ column).max()) / 2
    return row, column, float(middle * scaled.scale + scaled.centre)
