"""Connected components: the agents that can be rated together, by play or by comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tournament.payoffs import MetaGame
from tournament.strips import Indices

Chosen = NDArray[np.bool_]


def connect_by_play(game: MetaGame, anchors: tuple[int | None, int | None]) -> tuple[Chosen, Chosen]:
    """Return masks of the cameras (m,) and targets (n,) that play connects with the anchors (indices).

    Where the anchors are absent or not connected with each other, the component with most episodes is used.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    num_cameras, num_targets = game.count.shape
    rows, columns = np.nonzero(game.count)
    size = num_cameras + num_targets
    graph = csr_array((np.ones(len(rows)), (rows, num_cameras + columns)), shape=(size, size))
    count, labels = connected_components(graph, directed=False)
    own = labels[:num_cameras], labels[num_cameras:]
    episodes = np.bincount(own[0], game.count.sum(axis=1), minlength=count)
    held = np.zeros(count)
    for part, anchor in zip(own, anchors, strict=True):
        if anchor is not None:
            held[part[anchor]] += 1
    if not episodes.any():
        return np.zeros(num_cameras, dtype=bool), np.zeros(num_targets, dtype=bool)
    best = max(np.flatnonzero(episodes), key=lambda number: (held[number], episodes[number]))
    return own[0] == best, own[1] == best


def connect_by_comparison(count: NDArray[np.float64], anchor: int | None, has_played: Chosen) -> Indices:
    """Return the agents that comparisons, `count` (m, m), connect with the anchor; without one, the largest component.

    The largest has most comparisons. The anchor, or the only agent that has played, is rated even without comparisons.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    number, labels = connected_components(csr_array(count), directed=False)
    if anchor is not None and has_played[anchor]:
        return np.flatnonzero(labels == labels[anchor])
    if has_played.sum() == 1:
        return np.flatnonzero(has_played)
    comparisons = np.bincount(labels, count.sum(axis=1), minlength=number)
    if not comparisons.any():
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(labels == comparisons.argmax())
