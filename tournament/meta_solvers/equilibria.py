"""Meta-solvers: from a meta-game to one strategy per team.

The meta-game is zero-sum, so its equilibria are the solutions of one linear program and its dual (von Neumann 1928; Dantzig
1951). Where several strategies are optimal, the one of maximum entropy is taken: it is unique, it does not depend on the order
of the agents, and clones share what one of them would have. Nothing here enumerates supports or vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEASIBILITY = 1e-7
"""By how much a strategy may fall short of the game's value, payoffs being scaled to 1."""
TIGHT = 1e-6
"""Weights and gains below this count as none."""


@dataclass(frozen=True)
class Equilibrium:
    """A pair of optimal strategies of a zero-sum game, and its value to the row player (the cameras).

    `has_maximum_entropy` says whether both strategies are the unique ones of maximum entropy; otherwise they are vertices
    of the optimal set, found by the linear program.
    """

    value: float
    camera: Array
    target: Array
    has_maximum_entropy: bool


def nash(payoff: Array) -> Equilibrium:
    """Optimal strategies (m,) and (n,) of the zero-sum game with the row player's payoffs (m, n).

    Raises ValueError if an entry is not finite or there are no entries.
    """
    matrix = np.asarray(payoff, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"A meta-game needs at least one agent on each side, not a table of shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError("A meta-game with missing or infinite payoffs has no equilibrium: leave those agents out.")
    centre = (matrix.max() + matrix.min()) / 2
    scale = np.abs(matrix - centre).max()
    if scale == 0:
        rows, columns = matrix.shape
        return Equilibrium(float(centre), np.full(rows, 1 / rows), np.full(columns, 1 / columns), True)
    # The solver's tolerances are absolute: they are meant for numbers around 1.
    scaled = (matrix - centre) / scale
    value, row, column = _solve(scaled)
    best_row, best_column = _spread(scaled, value, row, column)
    return Equilibrium(
        value=float(value * scale + centre),
        camera=row if best_row is None else best_row,
        target=column if best_column is None else best_column,
        has_maximum_entropy=best_row is not None and best_column is not None,
    )


def _solve(matrix: Array) -> tuple[float, Array, Array]:
    """Value and optimal strategies by one linear program: max v such that every column gives the row at least v."""
    from scipy.optimize import linprog

    rows, columns = matrix.shape
    result = linprog(
        c=np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-matrix.T, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
        method="highs",
    )
    if not result.success:
        raise ArithmeticError(f"The linear program of the meta-game was not solved: {result.message}")
    return float(result.x[-1]), _normalise(result.x[:-1]), _normalise(-result.ineqlin.marginals)


def _normalise(weights: Array) -> Array:
    positive = np.maximum(weights, 0.0)
    return positive / positive.sum()


def _spread(matrix: Array, value: float, row: Array, column: Array) -> tuple[Array | None, Array | None]:
    """The optimal strategies of maximum entropy; None for one that could not be computed to tolerance."""
    return _spread_rows(matrix, value, row, column), _spread_rows(-matrix.T, -value, column, row)


def _spread_rows(matrix: Array, value: float, row: Array, column: Array) -> Array | None:
    """The row player's. By complementary slackness, no optimal strategy of the rows plays a row that earns less than the value
    against `column`, and all of them earn exactly the value against the columns that `column` plays: often that leaves one."""
    rows = value - matrix @ column < TIGHT
    columns = column > TIGHT
    equations = np.vstack([matrix[np.ix_(rows, columns)].T, np.ones(rows.sum())])
    if np.linalg.matrix_rank(equations, tol=TIGHT) == rows.sum():
        return row
    played = np.zeros(len(row), dtype=bool)
    played[rows] = _largest_support(matrix[rows], value)
    return _maximise_entropy(matrix, value, played, columns)


def _largest_support(matrix: Array, value: float) -> NDArray[np.bool_]:
    """Rows that some optimal strategy of the row player plays.

    One linear program over the cone of multiples of optimal strategies: every row that can have weight 1 in it, has.
    """
    from scipy.optimize import linprog

    rows, columns = matrix.shape
    reach = 1e3  # Rows that no optimal strategy plays with more than a thousandth are left out.
    result = linprog(
        c=np.append(np.zeros(rows), -np.ones(rows)),
        A_ub=np.vstack(
            [
                np.hstack([value - FEASIBILITY - matrix.T, np.zeros((columns, rows))]),
                np.hstack([-np.eye(rows), np.eye(rows)]),
                np.append(np.ones(rows), np.zeros(rows))[None],
            ]
        ),
        b_ub=np.append(np.zeros(columns + rows), reach),
        bounds=[(0, None)] * rows + [(0, 1)] * rows,
        method="highs",
    )
    return result.x[rows:] > 0.5 if result.success else np.ones(rows, dtype=bool)


def _maximise_entropy(matrix: Array, value: float, rows: NDArray[np.bool_], binding: NDArray[np.bool_]) -> Array | None:
    """The optimal row strategy of maximum entropy on the support `rows`, by the dual of that problem.

    Its weights are proportional to exp(matrix @ multipliers): the multipliers of columns that the opponent plays (`binding`, where
    every optimal strategy earns exactly the value, by strict complementarity) are free, the others at least 0.
    """
    from scipy.optimize import minimize
    from scipy.special import logsumexp, softmax

    gains = matrix[rows] - value

    def dual(multipliers: Array) -> tuple[float, Array]:
        exponents = gains @ multipliers
        return float(logsumexp(exponents)), softmax(exponents) @ gains

    bounds = [(None, None) if free else (0, None) for free in binding]
    options = {"maxiter": 5000, "maxfun": 20000, "ftol": 1e-15, "gtol": 1e-9}
    found = minimize(dual, np.zeros(len(binding)), jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    strategy = np.zeros(len(rows))
    strategy[rows] = softmax(gains @ found.x)
    shortfall = value - (strategy @ matrix).min()
    return strategy if np.isfinite(strategy).all() and shortfall <= 1e-6 else None
