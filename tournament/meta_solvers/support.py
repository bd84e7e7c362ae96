"""How often an agent is in the support of the equilibrium, over what the payoffs might be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tournament.meta_solvers import interior, many_games
from tournament.meta_solvers.equilibria import nash, solve_linear_program
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.payoffs import MetaGame

PLAYED = 1e-4
"""A weight below this is not counted as played."""
TOGETHER = 256
"""Replicates that are solved at once."""


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
    for number, (row, column, value) in enumerate(_solve_all(noise.shrink(payoff).draw(replicates, seed))):
        camera += row > PLAYED
        target += column > PLAYED
        values[number] = value
    return SupportFrequency(camera / replicates, target / replicates, values)


Solution = tuple[Array, Array, float]


def _solve_all(tables: Iterator[Array]) -> Iterator[Solution]:
    """Strategies of largest support, both from one solution, and the value of each table; small ones together."""
    while chunk := [Scaled.of(table) for table in islice(tables, TOGETHER)]:
        found: list[tuple[Array, Array] | None] = [None] * len(chunk)
        if sum(chunk[0].matrix.shape) <= many_games.LARGEST:
            with suppress(np.linalg.LinAlgError):  # Of one of them: each is solved by itself then.
                found = many_games.solve_many(np.array([scaled.matrix for scaled in chunk]))
        yield from (_solve(scaled, strategies) for scaled, strategies in zip(chunk, found, strict=True))


def _solve(scaled: Scaled, strategies: tuple[Array, Array] | None) -> Solution:
    if strategies is None:
        solution = interior.solve(scaled.matrix)
        strategies = solve_linear_program(scaled.matrix) if solution is None else (solution.x, solution.y)
    row, column = strategies
    middle = ((row @ scaled.matrix).min() + (scaled.matrix @ column).max()) / 2
    return row, column, float(middle * scaled.scale + scaled.centre)
