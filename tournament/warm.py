"""Compilation of the kernels of ratings and meta-solvers in advance: ``python -m mate.warm tournament.warm``."""

from __future__ import annotations

import numpy as np

from tournament.meta_solvers.dynamics import fictitious_play, projected_replicator
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import rate


def warm() -> None:
    """Rate tiny leagues, and solve one by what is compiled, so that all kernels are compiled.

    The other solvers are not called: nashpy loads networkx, and every process would keep its 13 MiB.
    """
    everybody = np.indices((3, 3, 3)).reshape(3, -1)
    for played in (everybody, everybody[:, 1:]):  # Incomplete deals are compared by other kernels.
        episodes = Episodes(played[0], played[1], played[2], np.linspace(0.0, 1.0, played.shape[1]))
        game = MetaGame.from_episodes(["c0", "c1", "c2"], ["t0", "t1", "t2"], episodes)
        rate(game, {})
    for solve in (projected_replicator, fictitious_play):
        solve(game.payoff)
