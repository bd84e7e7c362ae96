"""How far the payoffs of a meta-game may be from those of infinitely many episodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tournament.meta_solvers.matrices import Array
from tournament.payoffs import Episodes, MetaGame


@dataclass(frozen=True)
class Noise:
    """The distribution of the errors of a payoff matrix (m, n), to first order.

    `error` (m, n) holds standard deviations that are independent from cell to cell; `seeds`, a sparse matrix (m * n, seeds), what each
    seed moves the means of the cells by, so that episodes that share a seed err together.
    """

    error: Array
    seeds: Any = None

    @classmethod
    def of(cls, game: MetaGame) -> Noise | None:
        """Noise of a complete meta-game, from its episodes clustered by seed, or else from the errors of its cells.

        Cells of one episode are given the errors of the others. None where no cell has two episodes.
        """
        error = game.error
        known = np.isfinite(error)
        if not known.any():
            return None
        deviation = np.sqrt(np.mean((error[known] ** 2) * game.count[known]))
        lone = np.where(known, 0.0, deviation / np.sqrt(np.maximum(game.count, 1)))
        if game.episodes is None:
            return cls(np.where(known, error, lone))
        return cls(lone, _spread(game, game.episodes))

    @property
    def is_none(self) -> bool:
        """Whether the payoffs are exact."""
        return not self.error.any() and (self.seeds is None or not self.seeds.data.any())

    def draw(self, replicates: int, seed: int) -> Iterator[Array]:
        """Errors (m, n), one table at a time: the multiplier bootstrap over seeds with normal multipliers."""
        random = np.random.default_rng(seed)
        for _ in range(replicates):
            table = self.error * random.standard_normal(self.error.shape)
            if self.seeds is not None:
                table += (self.seeds @ random.standard_normal(self.seeds.shape[1])).reshape(self.error.shape)
            yield table

    def scaled(self, factor: float) -> Noise:
        """The noise of payoffs in other units."""
        return replace(self, error=self.error * factor, seeds=None if self.seeds is None else self.seeds * factor)


def _spread(game: MetaGame, episodes: Episodes) -> Any:
    from scipy.sparse import csr_array

    cell = episodes.camera * len(game.targets) + episodes.target
    count = game.count.ravel()[cell].astype(np.float64)
    residuals = -episodes.reward - game.payoff.ravel()[cell]
    shares = residuals / np.sqrt(count * np.maximum(count - 1, 1))
    _, clusters = np.unique(episodes.seed, return_inverse=True)
    size = (game.payoff.size, int(clusters.max()) + 1)
    return csr_array((shares, (cell, clusters)), shape=size)
