"""Interior-point solution of matrix games, with the row player's strategy of maximum entropy.

Maximises min_j (x A)_j + TEMPERATURE * entropy(x) over the row player's strategies x. As the temperature goes to 0 the
solution converges exponentially fast to the optimal strategy of maximum entropy (Cominetti and San Martin 1994). At any
temperature it is unique, changes continuously with A, permutes with the rows and gives clones equal weights. The method
is primal-dual path following with Mehrotra's predictor and corrector (Boyd and Vandenberghe 2004, 11.7; Mehrotra 1992).
Both simplices have interior points, so that the problem is feasible and bounded for all payoffs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TEMPERATURE = 1e-7
"""Weight of the entropy, payoffs lying between -1 and 1: much smaller differences of payoffs count as ties."""
ACCEPTABLE, PRECISION = 1e-13, 1e-17
"""Maximum complementarity at the end: the required and the sufficient one. The weights of rows whose columns bind
degenerately have an error of its square root."""
EXACT = 1e-11
"""Maximum residual of the other conditions of optimality."""
ITERATIONS = 60
"""Maximum number of iterations; about 15 are typical."""
BACKING = 0.99


@dataclass
class InteriorPoint:
    """Strategies x (m,) and y (n,), the rows' reduced costs z (m,), the columns' slacks s (n,) and both sides' values.

    In a solution either an agent's weight or its cost or slack is 0, up to PRECISION.
    """

    x: Array
    y: Array
    z: Array
    s: Array
    level: float
    price: float

    def moved(self, by: InteriorPoint, length: float) -> InteriorPoint:
        """Return this point after a step of this length along a direction."""
        pairs = ((getattr(self, name), getattr(by, name)) for name in ("x", "y", "z", "s", "level", "price"))
        return InteriorPoint(*(here + length * there for here, there in pairs))

    def complementarity(self) -> float:
        return float(self.x @ self.z + self.y @ self.s)

    def reach(self, by: InteriorPoint) -> float:
        """Return the longest step, at most 1, that keeps all variables positive."""
        length = 1.0
        for here, there in ((self.x, by.x), (self.y, by.y), (self.z, by.z), (self.s, by.s)):
            falling = there < 0
            if falling.any():
                length = min(length, BACKING * float((here[falling] / -there[falling]).min()))
        return length


def solve(matrix: Array, temperature: float = TEMPERATURE, copies: Array | None = None) -> InteriorPoint | None:
    """Return the rows' optimal strategy of maximum entropy, and one of the columns' of largest support.

    `matrix` (m, n) holds the row player's payoffs, between -1 and 1. At temperature 0 the rows' strategy, too, is only
    one of largest support. `copies` (m,) is the number of clones that a row stands for (default 1). None if the method
    does not converge.
    """
    shares = np.ones(len(matrix)) if copies is None else copies
    point, solution, reached = _start(matrix, temperature, shares), None, ACCEPTABLE
    for _ in range(ITERATIONS):
        errors = _residuals(matrix, point, temperature, shares)
        is_exact = max(np.abs(point.x * errors.x).max(), np.abs(errors.s).max()) < EXACT
        if is_exact and point.complementarity() < reached:
            solution, reached = point, point.complementarity()
        elif solution is not None:
            break  # Rounding prevents further progress.
        if reached < PRECISION or not np.isfinite(point.complementarity()):
            break
        point = _advance(_System(matrix, point, errors, temperature), point)
    if solution is None:
        return None
    return replace(solution, x=solution.x / solution.x.sum(), y=solution.y / solution.y.sum())


def _start(matrix: Array, temperature: float, copies: Array) -> InteriorPoint:
    columns = matrix.shape[1]
    x, y = copies / copies.sum(), np.full(columns, 1 / columns)
    level, price = float((x @ matrix).min()) - 0.1, float((matrix @ y).max()) + 0.1
    z = np.maximum(price - matrix @ y + temperature * (np.log(x / copies) + 1), 0.05)
    return InteriorPoint(x, y, z, x @ matrix - level, level, price)


def _residuals(matrix: Array, point: InteriorPoint, temperature: float, copies: Array) -> InteriorPoint:
    """Return the residuals of the conditions of optimality: gradients for x and y, sums to 1 for level and price."""
    gradient = temperature * (np.log(point.x / copies) + 1) + point.price - matrix @ point.y - point.z
    slack = point.x @ matrix - point.level - point.s
    return InteriorPoint(gradient, slack, np.zeros(0), slack, 1 - point.y.sum(), 1 - point.x.sum())


def _advance(system: _System, point: InteriorPoint) -> InteriorPoint:
    """Take one predictor and one corrector step."""
    size = len(point.x) + len(point.y)
    mean = point.complementarity() / size
    guess = system.direct(np.zeros_like(point.x), np.zeros_like(point.y))
    reached = point.moved(guess, point.reach(guess)).complementarity() / size
    aim = mean * min(1.0, max(reached / mean, 1e-6)) ** 3
    direction = system.direct(aim - guess.x * guess.z, aim - guess.y * guess.s)
    return point.moved(direction, point.reach(direction))


class _System:
    """The linearised conditions of optimality at a point, factorised and scaled so that large curvatures become 1."""

    def __init__(self, matrix: Array, point: InteriorPoint, errors: InteriorPoint, temperature: float) -> None:
        from scipy.linalg import lu_factor

        self.point, self.errors = point, errors
        rows, columns = matrix.shape
        row_curve, column_curve = (temperature + point.z) / point.x, point.s / point.y
        self.row_scale = np.minimum(1.0, 1 / np.sqrt(row_curve))
        self.column_scale = np.minimum(1.0, 1 / np.sqrt(column_curve))
        scaled = self.row_scale[:, None] * matrix * self.column_scale
        system = np.zeros((rows + columns + 2, rows + columns + 2), order="F")  # as LAPACK requires
        row_part, column_part = slice(0, rows), slice(rows, rows + columns)
        np.fill_diagonal(system[row_part, row_part], self.row_scale**2 * row_curve)
        np.fill_diagonal(system[column_part, column_part], self.column_scale**2 * column_curve)
        system[row_part, column_part], system[column_part, row_part] = -scaled, scaled.T
        system[row_part, -2] = system[-2, row_part] = self.row_scale
        system[column_part, -1] = -self.column_scale
        system[-1, column_part] = self.column_scale
        self.factors = lu_factor(system, overwrite_a=True, check_finite=False)

    def direct(self, row_aim: Array, column_aim: Array) -> InteriorPoint:
        """Return the direction towards x * z = row_aim and y * s = column_aim, to first order."""
        from scipy.linalg import lu_solve

        point, errors = self.point, self.errors
        row_side = self.row_scale * (row_aim / point.x - point.z - errors.x)
        column_side = self.column_scale * (column_aim / point.y - point.s - errors.y)
        right = np.concatenate([row_side, column_side, [errors.price, errors.level]])
        found = lu_solve(self.factors, right, check_finite=False)
        rows = len(point.x)
        x, y = self.row_scale * found[:rows], self.column_scale * found[rows:-2]
        z = row_aim / point.x - point.z - point.z / point.x * x
        s = column_aim / point.y - point.s - point.s / point.y * y
        return InteriorPoint(x, y, z, s, float(found[-1]), float(found[-2]))
