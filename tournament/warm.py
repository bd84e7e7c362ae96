"""Compiling the kernels of ratings and meta-solvers ahead: ``python -m mate.warm tournament.warm``."""

from __future__ import annotations

import numpy as np

from tournament.meta_solvers import META_SOLVERS
from tournament.payoffs import Episodes
from tournament.ratings import Evidence


def warm() -> None:
    """Rate a tiny league, add to its evidence, and solve it in every way, so that all kernels are compiled and cached."""
    camera, target, seed = (axis.ravel() for axis in np.indices((2, 2, 3)))
    evidence = Evidence(["c0", "c1"], ["t0", "t1"], Episodes(camera, target, seed, 0.1 * (camera + target)))
    evidence.add(Episodes(camera, target, seed + 3, 0.1 * (camera - target)))
    evidence.rate({})
    for solver in META_SOLVERS.values():
        solver.solve(evidence.game.payoff)
