"""The meta-solvers by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tournament.meta_solvers import library
from tournament.meta_solvers.alpha_ranking import alpha_rank
from tournament.meta_solvers.dynamics import fictitious_play, projected_replicator
from tournament.meta_solvers.equilibria import nash
from tournament.meta_solvers.fixed import self_play, uniform
from tournament.meta_solvers.matrices import Array


@dataclass(frozen=True)
class MetaSolver:
    """A map from the cameras' payoffs (m, n) to the teams' strategies (m,) and (n,); the newest agents are last.

    `upstream` is the abbreviation with which upstream's names of PSRO results begin.
    """

    name: str
    title: str
    explanation: str
    solve: Callable[[Any], tuple[Array, Array]]
    upstream: str = ""

    def __call__(self, payoff: Any) -> tuple[Array, Array]:
        return self.solve(payoff)


def _nash_strategies(payoff: Any) -> tuple[Array, Array]:
    equilibrium = nash(payoff)
    return equilibrium.camera, equilibrium.target


def _alpha_rank_strategies(payoff: Any) -> tuple[Array, Array]:
    ranking = alpha_rank(payoff)
    return ranking.camera_mass, ranking.target_mass


_ALL = (
    MetaSolver(
        "nash", "Nash equilibrium", "No agent of the pool gains against these strategies.", _nash_strategies, "NE"
    ),
    MetaSolver(
        "uniform", "Uniform (fictitious self-play)", "All agents of the pool with equal weights.", uniform, "FSP"
    ),
    MetaSolver("self-play", "Self-play", "Only the newest agent of each team.", self_play, "SP"),
    MetaSolver(
        "replicator",
        "Projected replicator dynamics",
        "Close to an equilibrium, where every agent keeps a small weight.",
        projected_replicator,
    ),
    MetaSolver(
        "alpha-rank",
        "Alpha-Rank",
        "How often evolution by better responses visits each agent.",
        _alpha_rank_strategies,
    ),
    MetaSolver(
        "fictitious-play",
        "Fictitious play",
        "Repeated best responses to the average of past play: an approximate equilibrium.",
        fictitious_play,
    ),
    MetaSolver(
        "nashpy-lp",
        "Nash equilibrium (nashpy)",
        "nashpy's linear program: an equilibrium too, but where there are several it depends on the agents' order.",
        library.linear_program,
    ),
    MetaSolver(
        "nashpy-fictitious",
        "Fictitious play (nashpy)",
        "nashpy's fictitious play of 2,000 rounds: a coarser approximation.",
        library.fictitious_play,
    ),
    MetaSolver(
        "nashpy-replicator",
        "Replicator dynamics (nashpy)",
        "nashpy's replicator dynamics of two populations, averaged over time; agents may die out.",
        library.replicator_dynamics,
    ),
)
META_SOLVERS: dict[str, MetaSolver] = {solver.name: solver for solver in _ALL}
