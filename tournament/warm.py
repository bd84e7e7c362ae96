"""Compilation of the kernels of ratings and meta-solvers in advance: ``python -m mate.warm tournament.warm``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.dynamics import fictitious_play, projected_replicator
from tournament.payoffs import Episodes
from tournament.ratings import BoardEvidence

Indices = NDArray[np.int64]


def warm() -> None:
    """Rate tiny leagues, extend their evidence, and solve one by what is compiled, so that all kernels are compiled.

    The other solvers are not called: nashpy loads networkx, and every process would keep its 13 MiB.
    """
    everybody = np.indices((3, 3, 3)).reshape(3, -1)
    for played in (everybody, everybody[:, 1:]):  # Incomplete deals are compared by other kernels.
        evidence = _rate(*played)
    for solve in (projected_replicator, fictitious_play):
        solve(evidence.game.payoff)


def _rate(camera: Indices, target: Indices, seed: Indices) -> BoardEvidence:
    """Rate these episodes, then twice as many."""
    reward = np.linspace(0.0, 1.0, len(seed))
    evidence = BoardEvidence(["c0", "c1", "c2"], ["t0", "t1", "t2"], Episodes(camera, target, seed, reward))
    evidence.rate({})
    evidence.add(Episodes(camera, target, seed + 3, reward[::-1].copy()))
    evidence.rate({})
    return evidence
