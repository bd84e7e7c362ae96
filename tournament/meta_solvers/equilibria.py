"""Nash equilibria of zero-sum meta-games.

The equilibria are the solutions of one linear program and its dual (von Neumann 1928; Dantzig 1951). Of several optimal
strategies the one of maximum entropy is returned: it is unique, independent of the order of the agents, and clones
share the weight that one of them would have. No supports or vertices are enumerated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tournament.meta_solvers import interior
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff

NEGLIGIBLE = 1e-8
"""Minimum weight of an agent in a strategy; smaller ones are rounded to 0."""
CERTAIN = 1e-5
"""Maximum NashConv of an equilibrium, payoffs being scaled to lie between -1 and 1."""


@dataclass(frozen=True)
class Equilibrium:
    """A pair of optimal strategies of a zero-sum game, and the game's value to the row player (the cameras).

    `has_maximum_entropy` says whether both strategies are the unique ones of maximum entropy. Otherwise they are
    vertices of the optimal set, found by the linear program.
    """

    value: float
    camera: Array
    target: Array
    has_maximum_entropy: bool


def nash(payoff: Any) -> Equilibrium:
    """Return optimal strategies (m,) and (n,) of the zero-sum game with the row player's payoffs (m, n).

    Each strategy's guarantee is verified to differ from the value by at most a 10 millionth of the payoffs' range,
    except where payoffs tie to that precision. Raises ValueError if an entry is not finite or there are no entries,
    ArithmeticError if no equilibrium is found.
    """
    matrix = check_payoff(payoff)
    scaled = Scaled.of(matrix)
    if scaled.scale == 0:
        rows, columns = matrix.shape
        return Equilibrium(scaled.centre, np.full(rows, 1 / rows), np.full(columns, 1 / columns), True)
    row, column = _spread(scaled.matrix), _spread(-scaled.matrix.T)
    found = row is not None and column is not None
    if row is None or column is None:
        row, column = solve_linear_program(scaled.matrix)
    lower, upper = float((row @ scaled.matrix).min()), float((scaled.matrix @ column).max())
    if upper - lower > CERTAIN:
        raise ArithmeticError(
            f"No equilibrium was found: the value lies between {lower} and {upper} (payoffs in -1 to 1)."
        )
    return Equilibrium((lower + upper) / 2 * scaled.scale + scaled.centre, row, column, found)


def _spread(matrix: Array) -> Array | None:
    """Return the rows' optimal strategy of maximum entropy; groups of clones are solved as one row."""
    distinct, clone_of, copies = np.unique(matrix, axis=0, return_inverse=True, return_counts=True)
    solution = interior.solve(np.unique(distinct, axis=1), copies=copies.astype(np.float64))
    return None if solution is None else _round((solution.x / copies)[clone_of])


def _round(weights: Array) -> Array:
    kept = np.where(weights > NEGLIGIBLE, weights, 0.0)
    shares: Array = kept / kept.sum()
    return shares


def solve_linear_program(matrix: Array) -> tuple[Array, Array]:
    """Return optimal strategies that are vertices: max v such that every column pays the rows at least v.

    `matrix` (m, n) holds payoffs around 1. Raises ArithmeticError if the solver fails, which near-ties can cause.
    """
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
    return _round(result.x[:-1]), _round(-result.ineqlin.marginals)
