"""Validation and scaling of payoff matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.payoffs import MetaGame

Array = NDArray[np.float64]


def check_payoff(payoff: Any) -> Array:
    """Return the payoffs of a matrix or a meta-game as an array (m, n) of finite numbers.

    Raises ValueError if there are no entries, or if one is missing or infinite.
    """
    matrix = np.asarray(payoff.payoff if isinstance(payoff, MetaGame) else payoff, dtype=np.float64)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"A meta-game needs at least one agent on each side, not a table of shape {matrix.shape}.")
    if not np.isfinite(matrix).all():
        raise ValueError("A meta-game with missing or infinite payoffs has no equilibrium. Leave those agents out.")
    return matrix


@dataclass(frozen=True)
class Scaled:
    """Payoffs scaled to lie between -1 and 1: payoff = centre + scale * matrix. A constant game has scale 0."""

    matrix: Array
    centre: float
    scale: float

    @classmethod
    def of(cls, payoff: Array) -> Scaled:
        """Return the scaled payoffs. Solvers' tolerances are absolute and meant for numbers around 1."""
        low, high = float(payoff.min()), float(payoff.max())
        centre, scale = low / 2 + high / 2, high / 2 - low / 2
        matrix = np.zeros_like(payoff) if scale == 0 else (payoff - centre) / scale
        return cls(matrix, centre, scale)
