"""How different the agents of populations are."""

from __future__ import annotations

from typing import Any

import numpy as np

from tournament.meta_solvers import nash
from tournament.meta_solvers.matrices import Array, check_payoff


def effective_diversity(payoff: Any) -> float:
    """How much the agents that an equilibrium plays win and lose against each other (Balduzzi et al. 2019, for two populations).

    x max(payoff - value, 0) y with Nash strategies x and y: 0 where one pair of agents is all there is to the game, and unchanged by
    clones and by agents that are never played.
    """
    matrix = check_payoff(payoff)
    solution = nash(matrix)
    return float(solution.camera @ np.maximum(matrix - solution.value, 0.0) @ solution.target)


def effective_size(strategy: Array) -> float:
    """How many agents a strategy (m,) plays, less those that it hardly plays: the exponential of its entropy, 1 to m."""
    played = strategy[strategy > 0]
    return float(np.exp(-(played * np.log(played)).sum()))
