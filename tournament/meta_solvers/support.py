"""How often an agent is in the support of the equilibrium, over what the payoffs might be."""

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
"""A weight below this is not counted as played."""
TOGETHER = 256
"""Replicates that are solved at once."""
MOST = many_games.LARGEST // 2
"""Agents of either team among whom the strategies of a replicate are looked for first: so many at most."""
LEAST, FAR = 10, 12.0
"""So many at least, and else those that are this many standard deviations behind or less."""
SLACK = 1e-5
"""What others may gain against these strategies, payoffs being scaled to 1, before they are looked for among all."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class SupportFrequency:
    """Shares of replicates in which agents (m,), (n,) are in the support."""

    camera: Array
    target: Array


def support_frequency(
    game: MetaGame,
    replicates: int = 200,
    seed: int = 0,
    noise: Noise | None = None,
    solution: Equilibrium | None = None,
) -> SupportFrequency | None:
    """Solve the meta-game (complete) again and again, with payoffs that may be the true ones.

    They are drawn by seeds where the meta-game has its episodes, cell by cell otherwise (or from `noise`), and shrunk by the share
    of noise in them: a table to which noise is only added has more agents in its support than the true one. Exact payoffs are solved
    once. None where nothing is known of the errors. `solution` is the equilibrium of the payoffs, if it is known already.
    Raises ValueError if payoffs are missing.
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
    """Rows and columns, in order, that are most likely to be played in `tables` (R, m, n): those that gain most by `payoff`."""
    if max(payoff.shape) <= MOST:
        return np.arange(payoff.shape[0]), np.arange(payoff.shape[1])
    gains, losses = tables @ solution.target, solution.camera @ tables
    behind = -(payoff @ solution.target), solution.camera @ payoff
    return _find_nearest(behind[0], gains.std(axis=0).mean()), _find_nearest(behind[1], losses.std(axis=0).mean())


def _find_nearest(behind: Array, deviation: float) -> Indices:
    """Those that are not far behind the first, at least `LEAST` and at most `MOST`; tables vary by this deviation."""
    order = np.argsort(behind, kind="stable")[:MOST]
    is_near = behind[order] <= behind[order[0]] + FAR * deviation
    return np.sort(order[: max(LEAST, int(is_near.sum()))])


def _solve_all(tables: Iterator[Array], payoff: Array, solution: Equilibrium) -> Iterator[Solution]:
    """Strategies of largest support, both from one solution of each table.

    The games among likely agents are solved together. That is enough where nobody else would gain against their strategies.
    """
    while drawn := list(islice(tables, TOGETHER)):
        likely = _choose_likely(np.array(drawn), payoff, solution)
        part, chunk = np.ix_(*likely), [Scaled.of(table) for table in drawn]
        found: list[tuple[Array, Array] | None] = [None] * len(chunk)
        if sum(map(len, likely)) <= many_games.LARGEST:
            with suppress(np.linalg.LinAlgError):  # Of one of them: each is solved by itself then.
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
