"""The sampling distribution of a meta-game's payoffs around their expectation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np

from tournament.intervals import Variance
from tournament.meta_solvers.matrices import Array
from tournament.meta_solvers.seed_shares import Part, share_out
from tournament.meta_solvers.variation import Parts, Squares
from tournament.payoffs import MetaGame

BATCH = 64
"""Number of tables that are drawn together."""
FEW = 1_000_000
"""Maximum number of entries in cached tables, and in weights that are multiplied at once."""


@dataclass(frozen=True)
class Noise:
    """The first-order distribution of the sampling errors of a payoff matrix (m, n).

    `error` (m, n) holds standard deviations that are independent between cells. `parts` hold the errors from seeds that
    several cells share, which are correlated: the seeds that all cameras played against one target form one part, those
    that one camera played another. `freedom` (m, n) are the degrees of freedom of `error`; None where it is known
    exactly.
    """

    error: Array
    parts: tuple[Part, ...] = ()
    freedom: Array | None = None

    @classmethod
    def of(cls, game: MetaGame, shares: tuple[tuple[Part, ...], Array] | None = None) -> Noise | None:
        """Return the noise of a complete meta-game, from its episodes clustered by seed or else its cells' errors.

        `shares` are those of the seeds (`seed_shares.share_out`), if they are known already.

        Cells of one episode take the errors of the others. None where the errors are unknown: no cell has two episodes,
        or the episodes of every cell are equal, which shows no variance.
        """
        known = np.isfinite(game.error)
        has_seeds = shares is not None or game.episodes is not None
        if not known.any() or (has_seeds and not game.error[known].any()):
            return None
        deviation = np.sqrt(np.mean(game.error[known] ** 2 * game.count[known]))
        lone = np.where(known, 0.0, deviation / np.sqrt(np.maximum(game.count, 1)))
        # The error of a cell with a single episode was not estimated from that cell.
        freedom = np.where(game.count > 1, game.count - 1.0, np.inf)
        if not has_seeds:
            return cls(np.where(known, game.error, lone), freedom=freedom)
        freedom[~known] = 1.0
        parts, alone = shares or share_out(game)
        return cls(np.sqrt(lone**2 + alone), parts, freedom)

    @property
    def is_none(self) -> bool:
        """Return whether the payoffs are exact."""
        return not self.error.any() and not any(abs(part.shares).max() for part in self.parts)

    def draw(self, replicates: int, seed: int) -> Iterator[Array]:
        """Yield errors (m, n), one table at a time: the multiplier bootstrap over seeds with normal multipliers."""
        return chain.from_iterable(self.draw_together(replicates, seed))

    def draw_together(self, replicates: int, seed: int) -> Iterator[Array]:
        """Yield the same tables, `BATCH` (R, m, n) at a time; small draws are cached."""
        if replicates * self.error.size > FEW:
            return self._draw(replicates, seed)
        if (replicates, seed) not in self._drawn:
            self._drawn[replicates, seed] = list(self._draw(replicates, seed))
        return iter(self._drawn[replicates, seed])

    @cached_property
    def _drawn(self) -> dict[tuple[int, int], list[Array]]:
        return {}

    def _draw(self, replicates: int, seed: int) -> Iterator[Array]:
        random = np.random.default_rng(seed)
        for first in range(0, replicates, BATCH):
            size = min(BATCH, replicates - first)
            tables = np.zeros((self.error.size, size))
            if self.error.any():
                tables += self.error.reshape(-1, 1) * random.standard_normal(tables.shape)
            for part in self.parts:
                tables[part.cells] += part.shares @ random.standard_normal((part.shares.shape[1], size))
            yield np.ascontiguousarray(tables.T).reshape(size, *self.error.shape)

    def variance_of(self, weights: Array) -> Variance:
        """Return the variance of the errors' weighted sum, and its degrees of freedom.

        `weights` is (m, n), or (K, m, n) for K sums. The shares of one seed are summed before they are squared, so that
        cells with shared seeds have correlated errors.
        """
        flat = weights.reshape(-1, self.error.size)
        size = max(FEW // self.error.size, 1)
        chunks = [self._add_variances(flat[first : first + size]) for first in range(0, len(flat), size)]
        return Variance.joined(chunks, weights.shape[:-2])

    def _add_variances(self, weights: Array) -> Variance:
        """Return the variances of the sums with weights (K, m n)."""
        found = Variance.known(np.zeros(len(weights)))
        own = (weights * self.error.ravel()) ** 2
        freedom = np.full(self.error.size, np.inf) if self.freedom is None else self.freedom.ravel()
        found.total += own.sum(axis=1)
        found.squares += (own**2 / freedom).sum(axis=1)
        for part in self.parts:
            mine = weights[:, part.cells]
            moved = mine @ part.shares
            found.add((moved**2).sum(axis=1), part.freedom_of(mine))
        return found

    def squares(self) -> Squares:
        """The expected sums of squares of an error table's parts."""
        return self._squares

    @cached_property
    def _squares(self) -> Squares:
        num_cameras, num_targets = self.error.shape
        total = float((self.error**2).sum())
        camera, target, mean = total / num_targets, total / num_cameras, total / self.error.size
        for part in self.parts:
            total += part.squares_of_sums(part.cells)
            camera += part.squares_of_sums(part.cells // num_targets) / num_targets
            target += part.squares_of_sums(part.cells % num_targets) / num_cameras
            mean += part.squares_of_sums(np.zeros_like(part.cells)) / self.error.size
        return Squares(camera - mean, target - mean, total - camera - target + mean)

    def shrink(self, payoff: Array) -> Shrunk:
        """Return a posterior of the payoffs (m, n) under these errors."""
        observed, expected = Parts.of(payoff).squares(), self.squares()
        kept = (max(0.0, 1 - noise / seen) if seen > 0 else 0.0 for noise, seen in zip(expected, observed, strict=True))
        return Shrunk(payoff, self, Squares(*kept))


@dataclass(frozen=True)
class Shrunk:
    """Payoffs shrunk part by part by the share of noise in their variance (empirical Bayes: Efron and Morris 1973).

    Observed tables vary more than true ones, by their errors. `kept` is the share of each part's variance that is
    signal.
    """

    payoff: Array
    noise: Noise
    kept: Squares

    def draw(self, replicates: int, seed: int) -> Iterator[Array]:
        """Yield tables (m, n) from the posterior of the true payoffs."""
        expected = Parts.of(self.payoff).weighed(*self.kept)
        for tables in self.noise.draw_together(replicates, seed):
            yield from expected + Parts.of(tables).weighed(*np.sqrt(self.kept))
