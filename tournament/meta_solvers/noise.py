"""How far the payoffs of a meta-game may be from those of infinitely many episodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.matrices import Array
from tournament.meta_solvers.variation import Parts, Squares
from tournament.payoffs import Episodes, MetaGame


@dataclass(frozen=True)
class Noise:
    """The distribution of the errors of a payoff matrix (m, n), to first order.

    `error` (m, n) holds standard deviations that are independent from cell to cell; `seeds`, a sparse matrix (m * n, S), what each of S
    seeds moves the means of the cells by, so that episodes that share a seed err together.
    """

    error: Array
    seeds: Any = None

    @classmethod
    def of(cls, game: MetaGame) -> Noise | None:
        """Noise of a complete meta-game, from its episodes clustered by seed, or else from the errors of its cells.

        Cells of one episode are given the errors of the others. None where no cell has two episodes.
        """
        known = np.isfinite(game.error)
        if not known.any():
            return None
        deviation = np.sqrt(np.mean(game.error[known] ** 2 * game.count[known]))
        lone = np.where(known, 0.0, deviation / np.sqrt(np.maximum(game.count, 1)))
        if game.episodes is None:
            return cls(np.where(known, game.error, lone))
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

    def squares(self) -> Squares:
        """The sums of squares to expect of the parts of an error table."""
        num_cameras, num_targets = self.error.shape
        total = float((self.error**2).sum())
        camera, target, mean = total / num_targets, total / num_cameras, total / self.error.size
        if self.seeds is not None:
            cell, seed = self.seeds.tocoo().coords
            shares = self.seeds.data
            total += float((shares**2).sum())
            camera += _squares_of_sums(shares, seed * num_cameras + cell // num_targets) / num_targets
            target += _squares_of_sums(shares, seed * num_targets + cell % num_targets) / num_cameras
            mean += _squares_of_sums(shares, seed) / self.error.size
        return Squares(camera - mean, target - mean, total - camera - target + mean)

    def shrink(self, payoff: Array) -> Shrunk:
        """What the payoffs (m, n) are likely to be, these errors considered."""
        observed, expected = Parts.of(payoff).squares(), self.squares()
        kept = (max(0.0, 1 - noise / seen) if seen > 0 else 0.0 for noise, seen in zip(expected, observed, strict=True))
        return Shrunk(payoff, self, Squares(*kept))


@dataclass(frozen=True)
class Shrunk:
    """Payoffs of which the errors' share is taken back, part by part (empirical Bayes: Efron and Morris 1973).

    Observed tables vary more than true ones, by their errors. `kept` is the share of each part's variation that is not noise.
    """

    payoff: Array
    noise: Noise
    kept: Squares

    def draw(self, replicates: int, seed: int) -> Iterator[Array]:
        """Tables (m, n) that the true payoffs may be."""
        expected = Parts.of(self.payoff).weighed(*self.kept)
        for table in self.noise.draw(replicates, seed):
            yield expected + Parts.of(table).weighed(*np.sqrt(self.kept))


def _squares_of_sums(shares: Array, groups: NDArray[np.int64]) -> float:
    """The sum over groups of the squared sum of their members."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    return float((np.add.reduceat(shares[order], starts) ** 2).sum())


def _spread(game: MetaGame, episodes: Episodes) -> Any:
    """What each seed moves the mean of each cell by, (m * n, S)."""
    from scipy.sparse import csr_array

    cell = episodes.camera * len(game.targets) + episodes.target
    count = game.count.ravel()[cell].astype(np.float64)
    residuals = -episodes.reward - game.payoff.ravel()[cell]
    shares = residuals / np.sqrt(count * np.maximum(count - 1, 1))
    seeds, clusters = np.unique(episodes.seed, return_inverse=True)
    return csr_array((shares, (cell, clusters)), shape=(game.payoff.size, len(seeds)))
