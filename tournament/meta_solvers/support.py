"""Support frequencies: how often each agent is in the support of the equilibrium, over the payoffs' posterior."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers import interior, many_games
from tournament.meta_solvers.equilibria import Equilibrium, nash, solve_linear_program
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.payoffs import MetaGame

PLAYED = 1e-4
"""Minimum weight of an agent that counts as being in the support."""
TOGETHER = 256
"""Number of replicates that are solved together."""
MOST = many_games.LARGEST // 2
"""Maximum number of likely agents of either team, among whom a replicate's strategies are searched first."""
LEAST, FAR = 10, 12.0
"""Minimum number of likely agents, and the standard deviations behind the best within which others are likely too."""
SLACK = 1e-5
"""Maximum gain of other agents, payoffs being scaled to 1, above which the replicate is solved among all agents."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class SupportFrequency:
    """Shares of replicates in which the cameras (m,) and targets (n,) are in the support."""

    camera: Array
    target: Array


def support_frequency(
    game: MetaGame,
    replicates: int = 200,
    seed: int = 0,
    noise: Noise | None = None,
    solution: Equilibrium | None = None,
) -> SupportFrequency | None:
    """Solve a complete meta-game repeatedly, with payoffs drawn from their posterior.

    Payoffs are drawn by seeds where the meta-game has its episodes, cell by cell otherwise (or from `noise`), and
    shrunk by the share of noise in them: a table with added noise has more agents in its support than the true one.
    Exact payoffs are solved once. `solution` is the equilibrium of the payoffs, if it is known already. None where the
    errors are unknown. Raises ValueError if payoffs are missing.
    """
    payoff = check_payoff(game)
    noise = Noise.of(game) if noise is None else noise
    if noise is None:
        return None
    solution = solution or nash(payoff)
    if noise.is_none:
        return SupportFrequency(
            (solution.camera > PLAYED).astype(np.float64),
            (solution.target > PLAYED).astype(np.float64),
        )
    camera, target = np.zeros(payoff.shape[0]), np.zeros(payoff.shape[1])
    for row, column in _solve_all(noise.shrink(payoff).draw(replicates, seed), payoff, solution):
        camera += row > PLAYED
        target += column > PLAYED
    return SupportFrequency(camera / replicates, target / replicates)


Solution = tuple[Array, Array]


def _choose_likely(tables: Array, payoff: Array, solution: Equilibrium) -> tuple[Indices, Indices]:
    """Return the sorted rows and columns most likely in the support of `tables` (R, m, n), by gain in `payoff`."""
    if max(payoff.shape) <= MOST:
        return np.arange(payoff.shape[0]), np.arange(payoff.shape[1])
    gains, losses = tables @ solution.target, solution.camera @ tables
    behind = -(payoff @ solution.target), solution.camera @ payoff
    return _find_nearest(behind[0], gains.std(axis=0).mean()), _find_nearest(behind[1], losses.std(axis=0).mean())


def _find_nearest(behind: Array, deviation: float) -> Indices:
    """Return the agents that are least behind, from `LEAST` to `MOST` of them; `deviation` is that of the tables."""
    order = np.argsort(behind, kind="stable")[:MOST]
    is_near = behind[order] <= behind[order[0]] + FAR * deviation
    return np.sort(order[: max(LEAST, int(is_near.sum()))])


def _solve_all(tables: Iterator[Array], payoff: Array, solution: Equilibrium) -> Iterator[Solution]:
    """Yield strategies of largest support, both from one solution of each table.

    The games among likely agents are solved as a batch, which suffices where no other agent gains against their
    strategies.
    """
    while drawn := list(islice(tables, TOGETHER)):
        likely = _choose_likely(np.array(drawn), payoff, solution)
        part, chunk = np.ix_(*likely), [Scaled.of(table) for table in drawn]
        found: list[tuple[Array, Array] | None] = [None] * len(chunk)
        if sum(map(len, likely)) <= many_games.LARGEST:
            with suppress(np.linalg.LinAlgError):  # One game of the batch is singular: each is solved by itself then.
                found = many_games.solve_many(np.array([scaled.matrix[part] for scaled in chunk]))
        yield from (_solve(scaled, strategies, likely) for scaled, strategies in zip(chunk, found, strict=True))


def _solve(scaled: Scaled, strategies: tuple[Array, Array] | None, likely: tuple[Indices, Indices]) -> Solution:
    row, column = (np.zeros(size) for size in scaled.matrix.shape)
    if strategies is not None:
        row[likely[0]], column[likely[1]] = strategies
    if strategies is None or (scaled.matrix @ column).max() - (row @ scaled.matrix).min() > SLACK:
        solution = interior.solve(scaled.matrix)
        row, column = solve_linear_program(scaled.matrix) if solution is None else (solution.x, solution.y)
    return row, column
