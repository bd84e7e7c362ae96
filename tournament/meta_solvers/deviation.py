"""Deviation ratings (Marris et al. 2025, arXiv 2502.11645) of a zero-sum meta-game."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers import interior, polytopes
from tournament.meta_solvers.matrices import Array, Scaled, check_payoff

TIES = 1e-7
"""Maximum difference of payoffs that count as tied, payoffs being scaled to lie between -1 and 1."""


def deviation_ratings(payoff: Any) -> tuple[Array, Array]:
    """Return the deviation ratings of the cameras (m,) and the targets (n,); 0 is best, the others are negative.

    An agent's rating is its gain from deviating to it at the coarse correlated equilibrium whose gains are
    lexicographically smallest, the largest gain first. In a two-player zero-sum game the marginals of that equilibrium
    are Nash strategies x and y: the gains are payoff @ y - value and value - x @ payoff, and x and y are found
    separately, by successive linear programs. Clones have equal ratings and change no others.

    Raises ValueError if an entry is not finite or there are no entries.
    """
    matrix = check_payoff(payoff)
    scaled = Scaled.of(matrix)
    rows, columns = _gains(scaled.matrix), _gains(-scaled.matrix.T)
    return scaled.scale * (rows - rows.max()), scaled.scale * (columns - columns.max())


@dataclass(frozen=True)
class _Face:
    """The remaining strategies `inside` + `directions` @ w (n, k): those without negative weights."""

    inside: Array
    directions: Array

    def restrict(self, inside: Array, matrix: Array, tight: NDArray[np.bool_], empty: NDArray[np.bool_]) -> _Face:
        """Return the strategies near `inside` that keep the tight rows of the matrix (m, n) and the empty columns."""
        still = np.where(empty, 0.0, inside)
        fixed = np.vstack([matrix[tight] @ self.directions, self.directions[empty]])
        _, sizes, axes = np.linalg.svd(fixed, full_matrices=True)
        rank = int((sizes > TIES).sum())
        return _Face(still / still.sum(), self.directions @ axes[rank:].T)


def _gains(matrix: Array) -> Array:
    """Return the lexicographically smallest matrix @ y (m,), largest entry first, over strategies y of the columns."""
    matrix = np.unique(matrix, axis=1)
    columns = matrix.shape[1]
    start = interior.solve(matrix, temperature=0.0)
    if start is None:
        raise ArithmeticError("The first linear program of the deviation rating did not converge.")
    # Orthonormal directions whose weights sum to 0.
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
