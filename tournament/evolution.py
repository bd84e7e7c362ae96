"""alpha-Rank (evolutionary ranking) of a board."""

from __future__ import annotations

from typing import Any

import numpy as np

from tournament.meta_solvers import AlphaRank, alpha_rank
from tournament.payoffs import MetaGame
from tournament.ratings import complete_part

LARGEST = 300
"""Maximum number of a board's profiles, cameras times targets, for which alpha-Rank is computed."""


def describe(game: MetaGame) -> dict[str, Any] | None:
    """Return alpha-Rank of the complete part of a meta-game, as JSON values.

    None if that part is too large, or has fewer than two agents of a team. `camera_mass` and `target_mass` are by
    digest. `sinks` are the sink components of the response graph, each with the number of its `profiles` and the
    digests of the `cameras` and `targets` in them.
    """
    rows, columns = complete_part(game.count > 0)
    if min(len(rows), len(columns)) < 2 or len(rows) * len(columns) > LARGEST:
        return None
    found = alpha_rank(game.payoff[np.ix_(rows, columns)])
    cameras, targets = [game.cameras[row] for row in rows], [game.targets[column] for column in columns]
    return {
        "camera_mass": dict(zip(cameras, found.camera_mass.tolist(), strict=True)),
        "target_mass": dict(zip(targets, found.target_mass.tolist(), strict=True)),
        "sinks": list_sinks(found, cameras, targets),
    }


def list_sinks(found: AlphaRank, cameras: list[str], targets: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "profiles": len(sink),
            "cameras": [cameras[row] for row in np.unique(sink[:, 0])],
            "targets": [targets[column] for column in np.unique(sink[:, 1])],
        }
        for sink in found.sinks
    ]
