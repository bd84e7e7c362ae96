"""Deviation ratings (Marris et al. 2025, arXiv 2502.11645) of a zero-sum meta-game."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers import interior, polytopes
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff

TIES = 1e-7
"""Payoffs between -1 and 1 that differ by less are the same."""


def deviation_ratings(payoff: Any) -> tuple[Array, Array]:
    """What each camera (m,) and each target (n,) gains by deviating to it from the strictest equilibrium; 0 is best, others are below.

    The rating takes the coarse correlated equilibrium that makes the gains smallest, the largest gain first (lexicographically). In a
    zero-sum game of two players its marginals are Nash strategies x and y, so that the gains are payoff @ y - value and value - x @ payoff,
    and x and y can be found apart, by successive linear programs. Clones have equal ratings and change no others.

    Raises ValueError if an entry is not finite or there are no entries.
    """
    matrix = check_payoff(payoff)
    scaled = Scaled.of(matrix)
    rows, columns = _gains(scaled.matrix), _gains(-scaled.matrix.T)
    return scaled.scale * (rows - rows.max()), scaled.scale * (columns - columns.max())


@dataclass(frozen=True)
class _Face:
    """Strategies `inside` + `directions` @ w (n, k) that are still possible, those with no weight below 0."""

    inside: Array
    directions: Array

    def restrict(self, inside: Array, matrix: Array, tight: NDArray[np.bool_], empty: NDArray[np.bool_]) -> _Face:
        """The strategies beside `inside` that change no tight row of the matrix (m, n) and leave empty columns empty."""
        still = np.where(empty, 0.0, inside)
        fixed = np.vstack([matrix[tight] @ self.directions, self.directions[empty]])
        _, sizes, axes = np.linalg.svd(fixed, full_matrices=True)
        rank = int((sizes > TIES).sum())
        return _Face(still / still.sum(), self.directions @ axes[rank:].T)


def _gains(matrix: Array) -> Array:
    """matrix @ y (m,) for the strategy y of the columns that minimises it lexicographically, the largest first."""
    matrix = np.unique(matrix, axis=1)
    columns = matrix.shape[1]
    start = interior.solve(matrix, temperature=0.0)
    if start is None:
        raise ArithmeticError("The first linear program of the deviation rating did not converge.")
    # Orthonormal directions in which weights add up to 0.
    directions = np.linalg.qr(np.eye(columns)[:, 1:] - 1 / columns)[0]
    face = _Face(np.full(columns, 1 / columns), directions)
    free = start.x < start.z
    face = face.restrict(start.y, matrix, ~free, start.y < start.s)
    while True:
        moves = matrix @ face.directions
        free &= (np.abs(moves) > TIES).any(axis=1)
        if not free.any():
            return matrix @ face.inside
        alive = face.inside > 0
        weights, tight, empty = polytopes.lower_largest(
            matrix[free] @ face.inside, moves[free], face.inside[alive], face.directions[alive]
        )
        emptied = ~alive
        emptied[alive] = empty
        inside = face.inside + face.directions @ weights
        newly = np.zeros_like(free)
        newly[free] = tight
        face = face.restrict(inside, matrix, newly, emptied)
        free &= ~newly
