"""Meta-solvers that ignore the payoffs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tournament.meta_solvers.matrices import Array


def uniform(payoff: Any) -> tuple[Array, Array]:
    """Return uniform strategies: the meta-solver of fictitious self-play (FSP)."""
    rows, columns = np.shape(payoff)
    return np.full(rows, 1 / rows), np.full(columns, 1 / columns)


def self_play(payoff: Any) -> tuple[Array, Array]:
    """Return only the newest, that is the last, agent of each team: self-play (SP)."""
    rows, columns = np.shape(payoff)
    return np.eye(rows)[-1], np.eye(columns)[-1]
