"""Meta-solvers: from a meta-game to one strategy per team, and analyses of the whole game.

    solution = nash(payoff)                                   # Equilibrium: value, camera, target (maximum entropy)
    camera, target = META_SOLVERS["uniform"](payoff)          # any meta-solver by its name
    exploitability(game, camera, target).describe()           # "0.031 (0.012 to 0.050) within this pool"
    support_frequency(game, replicates=200, seed=0)           # certainty of the supports
    cameras, targets = deviation_ratings(payoff)
    cyclicity(game)                                           # the cyclic share of the payoff variance
    alpha_rank(payoff)                                        # slow at 100 x 100

Payoffs are the cameras'; rows are cameras and columns are targets. Functions of a `game` take a complete `MetaGame`,
whose cells are all played, and compute standard errors from its episodes or cells.
"""

from tournament.meta_solvers.alpha_ranking import AlphaRank, alpha_rank
from tournament.meta_solvers.cycles import Cyclicity, cyclicity
from tournament.meta_solvers.deviation import deviation_ratings
from tournament.meta_solvers.dynamics import fictitious_play, projected_replicator
from tournament.meta_solvers.equilibria import Equilibrium, nash
from tournament.meta_solvers.exploitation import WITHIN, Exploitability, exploitability
from tournament.meta_solvers.fixed import self_play, uniform
from tournament.meta_solvers.noise import Noise
from tournament.meta_solvers.registry import META_SOLVERS, MetaSolver
from tournament.meta_solvers.support import SupportFrequency, support_frequency

__all__ = [
    "META_SOLVERS",
    "WITHIN",
    "AlphaRank",
    "Cyclicity",
    "Equilibrium",
    "Exploitability",
    "MetaSolver",
    "Noise",
    "SupportFrequency",
    "alpha_rank",
    "cyclicity",
    "deviation_ratings",
    "exploitability",
    "fictitious_play",
    "nash",
    "projected_replicator",
    "self_play",
    "support_frequency",
    "uniform",
]
