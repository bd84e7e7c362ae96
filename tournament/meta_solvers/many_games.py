"""Interior-point solution of many small matrix games in one batch, by the method of `interior`.

The overhead of array operations dominates the solution of a single small game. Converged games keep their point while
the others iterate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.meta_solvers import interior
from tournament.meta_solvers.matrices import Array

LARGEST = 60
"""Maximum number of agents of both teams for which a batch is faster than one game after another."""


@dataclass
class Points:
    """`interior.InteriorPoint` for R games: x, z (R, m), y, s (R, n), level, price (R, 1)."""

    x: Array
    y: Array
    z: Array
    s: Array
    level: Array
    price: Array

    def parts(self) -> tuple[Array, ...]:
        return self.x, self.y, self.z, self.s, self.level, self.price

    def moved(self, by: Points, length: Array) -> Points:
        return Points(*(here + length * there for here, there in zip(self.parts(), by.parts(), strict=True)))

    def complementarity(self) -> Array:
        """Return the sums (R, 1) of products of weights and slacks."""
        products: Array = (self.x * self.z).sum(1, keepdims=True) + (self.y * self.s).sum(1, keepdims=True)
        return products

    def reach(self, by: Points) -> Array:
        """Return the longest steps (R, 1), at most 1, that keep all variables positive."""
        here, there = np.hstack(self.parts()[:4]), np.hstack(by.parts()[:4])
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = np.where(there < 0, interior.BACKING * here / -there, 1.0)
        return np.asarray(np.minimum(lengths.min(1, keepdims=True), 1.0))


def solve_many(games: Array, temperature: float = interior.TEMPERATURE) -> list[tuple[Array, Array] | None]:
    """Return the strategies (m,), (n,) of `interior.solve` for each of R games (R, m, n).

    Payoffs lie between -1 and 1. None for a game where the method does not converge.
    """
    point = _start(games, temperature)
    kept_x, kept_y = np.full_like(point.x, np.nan), np.full_like(point.y, np.nan)
    reached = np.full(len(games), interior.ACCEPTABLE)
    going = np.arange(len(games))
    for _ in range(interior.ITERATIONS):
        matrix = games[going]
        errors = _residuals(matrix, point, temperature)
        gap = point.complementarity()[:, 0]
        worst = np.maximum(np.abs(point.x * errors.x).max(1), np.abs(errors.s).max(1))
        is_better = (worst < interior.EXACT) & (gap < reached[going])
        was_solved = reached[going] < interior.ACCEPTABLE
        better = going[is_better]
        kept_x[better], kept_y[better], reached[better] = point.x[is_better], point.y[is_better], gap[is_better]
        goes_on = np.isfinite(gap) & (reached[going] >= interior.PRECISION) & (is_better | ~was_solved)
        if not goes_on.any():
            break
        going, matrix = going[goes_on], matrix[goes_on]
        point, errors = (Points(*(part[goes_on] for part in one.parts())) for one in (point, errors))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            point = _advance(matrix, point, errors, temperature)
    is_solved = reached < interior.ACCEPTABLE
    kept_x, kept_y = kept_x / kept_x.sum(1, keepdims=True), kept_y / kept_y.sum(1, keepdims=True)
    return [(x, y) if solved else None for x, y, solved in zip(kept_x, kept_y, is_solved, strict=True)]


def _start(games: Array, temperature: float) -> Points:
    count, rows, columns = games.shape
    x, y = np.full((count, rows), 1 / rows), np.full((count, columns), 1 / columns)
    earned, paid = games.mean(1), games.mean(2)
    level, price = earned.min(1, keepdims=True) - 0.1, paid.max(1, keepdims=True) + 0.1
    z = np.maximum(price - paid + temperature * (np.log(x) + 1), 0.05)
    return Points(x, y, z, earned - level, level, price)


def _residuals(games: Array, point: Points, temperature: float) -> Points:
    paid, earned = np.einsum("rij,rj->ri", games, point.y), np.einsum("ri,rij->rj", point.x, games)
    gradient = temperature * (np.log(point.x) + 1) + point.price - paid - point.z
    slack = earned - point.level - point.s
    sums = (1 - one.sum(1, keepdims=True) for one in (point.y, point.x))
    return Points(gradient, slack, np.zeros((len(games), 0)), slack, *sums)


def _advance(games: Array, point: Points, errors: Points, temperature: float) -> Points:
    """Take one predictor and one corrector step."""
    size = games.shape[1] + games.shape[2]
    mean = point.complementarity() / size
    system = _Systems(games, point, errors, temperature)
    guess = system.direct(np.zeros_like(point.x), np.zeros_like(point.y))
    reached = point.moved(guess, point.reach(guess)).complementarity() / size
    aim = mean * np.clip(reached / mean, 1e-6, 1.0) ** 3
    direction = system.direct(aim - guess.x * guess.z, aim - guess.y * guess.s)
    return point.moved(direction, point.reach(direction))


class _Systems:
    """The linearised conditions of optimality of each game, scaled so that large curvatures become 1."""

    def __init__(self, games: Array, point: Points, errors: Points, temperature: float) -> None:
        self.point, self.errors = point, errors
        count, rows, columns = games.shape
        row_curve, column_curve = (temperature + point.z) / point.x, point.s / point.y
        self.row_scale = np.minimum(1.0, 1 / np.sqrt(row_curve))
        self.column_scale = np.minimum(1.0, 1 / np.sqrt(column_curve))
        scaled = self.row_scale[:, :, None] * games * self.column_scale[:, None, :]
        self.matrix = np.zeros((count, rows + columns + 2, rows + columns + 2))
        row, column = np.arange(rows), rows + np.arange(columns)
        self.matrix[:, row, row] = self.row_scale**2 * row_curve
        self.matrix[:, column, column] = self.column_scale**2 * column_curve
        self.matrix[:, :rows, rows:-2], self.matrix[:, rows:-2, :rows] = -scaled, scaled.transpose(0, 2, 1)
        self.matrix[:, :rows, -2] = self.matrix[:, -2, :rows] = self.row_scale
        self.matrix[:, rows:-2, -1] = -self.column_scale
        self.matrix[:, -1, rows:-2] = self.column_scale

    def direct(self, row_aim: Array, column_aim: Array) -> Points:
        """Return the directions towards x * z = row_aim and y * s = column_aim, to first order."""
        point, errors, rows = self.point, self.errors, self.point.x.shape[1]
        row_side = self.row_scale * (row_aim / point.x - point.z - errors.x)
        column_side = self.column_scale * (column_aim / point.y - point.s - errors.y)
        right = np.hstack([row_side, column_side, errors.price, errors.level])
        found = np.linalg.solve(self.matrix, right[:, :, None])[:, :, 0]
        x, y = self.row_scale * found[:, :rows], self.column_scale * found[:, rows:-2]
        z = row_aim / point.x - point.z - point.z / point.x * x
        s = column_aim / point.y - point.s - point.s / point.y * y
        return Points(x, y, z, s, found[:, -1:], found[:, -2:-1])
