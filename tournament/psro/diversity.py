"""How different the agents of populations are, and which of two runs' populations is better."""

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


def relative_population_performance(payoff: Any) -> float:
    """What a population of cameras (rows) is worth against one of targets (columns): the value of their game (Balduzzi et al. 2019)."""
    return nash(payoff).value


def compare_runs(first_against_second: Any, second_against_first: Any) -> float:
    """How much better the first of two runs is, both teams taken together; above 0 if it is better.

    The arguments are the payoffs of one run's cameras against the other's targets. Half the difference of both games' values: what it is
    worth to be the cameras cancels.
    """
    return (nash(first_against_second).value - nash(second_against_first).value) / 2
