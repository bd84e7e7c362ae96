"""Minimax of linear functions over a polytope, by an interior-point method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PRECISION = 1e-12
ITERATIONS = 80
_BACKING = 0.99


class _Step(NamedTuple):
    """Changes of the variables (k + 1,), the slacks and the multipliers (both r + n)."""

    variables: Array
    slacks: Array
    multipliers: Array


def lower_largest(
    values: Array, slopes: Array, inside: Array, directions: Array
) -> tuple[Array, NDArray[np.bool_], NDArray[np.bool_]]:
    """Minimise over w (k,) the maximum of `values` + `slopes` @ w (r,) where `inside` + `directions` @ w (n,) >= 0.

    `inside` is positive, and the polytope bounded. Returns w in the interior of the set of solutions, a mask of the r
    functions that attain the maximum in every solution, and a mask of the n constraints that are active in every
    solution. By Mehrotra's predictor-corrector method (1992). Raises ArithmeticError if it does not converge.
    """
    rows = len(values)
    bounds = np.vstack(
        [np.column_stack([slopes, -np.ones(rows)]), np.column_stack([-directions, np.zeros(len(inside))])]
    )
    limits = np.concatenate([-values, inside])
    cost = np.append(np.zeros(slopes.shape[1]), 1.0)
    variables = np.append(np.zeros(slopes.shape[1]), values.max() + 0.1)
    slacks = limits - bounds @ variables
    multipliers = np.concatenate([np.full(rows, 1 / rows), np.full(len(inside), 1 / len(inside))])
    for _ in range(ITERATIONS):
        primal, dual = limits - bounds @ variables - slacks, -cost - bounds.T @ multipliers
        if slacks @ multipliers < PRECISION and max(np.abs(primal).max(), np.abs(dual).max()) < 1e-10:
            tight = multipliers > slacks
            return variables[:-1], tight[:rows], tight[rows:]
        step = _direct(bounds, slacks, multipliers, primal, dual)
        length = min(_reach(slacks, step.slacks), _reach(multipliers, step.multipliers))
        variables = variables + length * step.variables
        slacks, multipliers = slacks + length * step.slacks, multipliers + length * step.multipliers
    raise ArithmeticError("A linear program over the optimal strategies did not converge.")


def _direct(bounds: Array, slacks: Array, multipliers: Array, primal: Array, dual: Array) -> _Step:
    """Return the predictor-corrector step, from one factorisation of the linearised conditions of optimality."""
    from scipy.linalg import lu_factor, lu_solve

    size, extent = bounds.shape
    scale = np.minimum(1.0, np.sqrt(multipliers / slacks))
    system = np.zeros((extent + size, extent + size))
    system[:extent, extent:] = (scale[:, None] * bounds).T
    system[extent:, :extent] = scale[:, None] * bounds
    np.fill_diagonal(system[extent:, extent:], -(scale**2) * slacks / multipliers)
    factors = lu_factor(system, check_finite=False)

    def towards(aim: Array) -> _Step:
        right = np.concatenate([dual, scale * (primal - aim / multipliers + slacks)])
        found = lu_solve(factors, right, check_finite=False)
        change = scale * found[extent:]
        return _Step(found[:extent], aim / multipliers - slacks - slacks / multipliers * change, change)

    mean = slacks @ multipliers / size
    guess = towards(np.zeros(size))
    length = min(_reach(slacks, guess.slacks), _reach(multipliers, guess.multipliers))
    reached = (slacks + length * guess.slacks) @ (multipliers + length * guess.multipliers) / size
    aim = mean * min(1.0, max(reached / mean, 1e-6)) ** 3
    return towards(aim - guess.slacks * guess.multipliers)


def _reach(here: Array, change: Array) -> float:
    """Return the longest step, at most 1, that keeps all entries positive."""
    falling = change < 0
    return min(1.0, _BACKING * float((here[falling] / -change[falling]).min())) if falling.any() else 1.0
