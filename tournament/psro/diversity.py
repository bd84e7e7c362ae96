"""Diversity of populations."""

from __future__ import annotations

from typing import Any

import numpy as np

from tournament.meta_solvers import nash
from tournament.meta_solvers.matrices import Array, check_payoff


def effective_diversity(payoff: Any) -> float:
    """Return the effective diversity of the equilibrium (Balduzzi et al. 2019, for two populations).

    It is x max(payoff - value, 0) y with Nash strategies x and y: 0 where the equilibrium is one pair of agents, and
    invariant to clones and to agents outside the support.
    """
    matrix = check_payoff(payoff)
    solution = nash(matrix)
    return float(solution.camera @ np.maximum(matrix - solution.value, 0.0) @ solution.target)


def effective_size(strategy: Array) -> float:
    """Return the effective number of agents, 1 to m, in a strategy (m,): the exponential of its entropy."""
    played = strategy[strategy > 0]
    return float(np.exp(-(played * np.log(played)).sum()))
