"""Deviation ratings (Marris et al. 2025, arXiv 2502.11645) of a zero-sum meta-game."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.matrices import Array, Scaled, check_payoff

TOLERANCE = 1e-7


def deviation_ratings(payoff: Any) -> tuple[Array, Array]:
    """What each camera (m,) and each target (n,) gains by deviating to it from the strictest equilibrium; 0 is best, others are below.

    The rating takes the coarse correlated equilibrium that makes the gains smallest, the largest gain first (lexicographically). In a
    zero-sum game of two players its marginals are Nash strategies x and y, so that the gains are payoff @ y - value and value - x @ payoff,
    and x and y can be found apart, by successive linear programs. Clones have equal ratings and change no others.
    """
    matrix = check_payoff(payoff)
    scaled = Scaled.of(matrix)
    if scaled.scale == 0:
        return np.zeros(matrix.shape[0]), np.zeros(matrix.shape[1])
    rows, columns = _gains(scaled.matrix), _gains(-scaled.matrix.T)
    return scaled.scale * (rows - rows.max()), scaled.scale * (columns - columns.max())


def _gains(matrix: Array) -> Array:
    """matrix @ y (m,) for the strategy y of the columns that minimises it lexicographically, the largest first."""
    matrix = np.unique(matrix, axis=1)
    fixed = np.full(len(matrix), np.nan)
    alive = np.ones(matrix.shape[1], dtype=bool)
    while True:
        strategy, level, binding, excluded = _lower_the_rest(matrix[:, alive], fixed)
        fixed[binding] = level
        alive[np.flatnonzero(alive)[excluded]] = False
        known = ~np.isnan(fixed)
        if known.all() or _is_determined(matrix[:, alive], known):
            weights = np.zeros(matrix.shape[1])
            weights[alive] = strategy[~excluded]
            return matrix @ (weights / weights.sum())


def _is_determined(matrix: Array, known: NDArray[np.bool_]) -> bool:
    """Whether the gains that are known leave no choice for the others."""
    moves = np.vstack([matrix, np.ones(matrix.shape[1])])
    fixing = np.vstack([matrix[known], np.ones(matrix.shape[1])])
    return bool(np.linalg.matrix_rank(fixing, tol=1e-6) == np.linalg.matrix_rank(moves, tol=1e-6))


def _lower_the_rest(matrix: Array, fixed: Array) -> tuple[Array, float, NDArray[np.int64], NDArray[np.bool_]]:
    """Minimise the largest gain of the rows that are not fixed.

    Returns the strategy, that gain, the rows that have it in every solution, and the columns that have no weight in any.
    """
    from scipy.optimize import linprog

    rows, columns = matrix.shape
    free = np.isnan(fixed)
    result = linprog(
        c=np.append(np.zeros(columns), 1.0),
        A_ub=np.hstack([matrix, np.where(free, -1.0, 0.0)[:, None]]),
        b_ub=np.where(free, 0.0, fixed + 1e-9),
        A_eq=np.append(np.ones(columns), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * columns + [(None, None)],
        method="highs",
    )
    if not result.success:
        raise ArithmeticError(f"A linear program of the deviation rating was not solved: {result.message}")
    duals = -result.ineqlin.marginals
    binding = np.flatnonzero(free & (duals > TOLERANCE))
    excluded = result.lower.marginals[:-1] > TOLERANCE
    return result.x[:-1], float(result.x[-1]), binding, excluded & (result.x[:-1] < TOLERANCE)
