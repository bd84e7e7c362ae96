"""How far the payoffs of a meta-game may be from those of infinitely many episodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.matrices import Array
from tournament.meta_solvers.variation import Parts, Squares
from tournament.ordering import ONE_PAIRING, find_kinds, sort
from tournament.payoffs import Episodes, MetaGame

BATCH = 64
"""Tables that are drawn together."""
SPARSE = 8
"""A matrix with less than one number in so many places is stored as a sparse one."""


@dataclass(frozen=True)
class Part:
    """What each of S seeds moves the means of k cells by: `shares` (k, S), full or sparse. `cells` (k,) are flat indices."""

    cells: NDArray[np.int64]
    shares: Any

    def squares_of_sums(self, group: NDArray[np.int64]) -> float:
        """The sum, over seeds and groups, of the squared sum of what a seed moves the group's cells by."""
        from scipy.sparse import csr_array

        labels, number = np.unique(group, return_inverse=True)
        if len(labels) == len(group):
            return float((self.shares**2).sum())
        if len(labels) == 1:
            return float((self.shares.sum(axis=0) ** 2).sum())
        members = csr_array((np.ones(len(group)), (number, np.arange(len(group)))), shape=(len(labels), len(group)))
        return float(((members @ self.shares) ** 2).sum())


@dataclass(frozen=True)
class Noise:
    """The distribution of the errors of a payoff matrix (m, n), to first order.

    `error` (m, n) holds standard deviations that are independent from cell to cell; `parts` what seeds that several cells share move their
    means by, so that they err together. Seeds that all cameras have met against one target make one part, those that one camera has met another.
    """

    error: Array
    parts: tuple[Part, ...] = ()

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
        return _by_seeds(game, game.episodes, lone)

    @property
    def is_none(self) -> bool:
        """Whether the payoffs are exact."""
        return not self.error.any() and not any(abs(part.shares).max() for part in self.parts)

    def draw(self, replicates: int, seed: int) -> Iterator[Array]:
        """Errors (m, n), one table at a time: the multiplier bootstrap over seeds with normal multipliers."""
        random = np.random.default_rng(seed)
        for first in range(0, replicates, BATCH):
            size = min(BATCH, replicates - first)
            tables = np.zeros((self.error.size, size))
            if self.error.any():
                tables += self.error.reshape(-1, 1) * random.standard_normal(tables.shape)
            for part in self.parts:
                tables[part.cells] += part.shares @ random.standard_normal((part.shares.shape[1], size))
            yield from np.ascontiguousarray(tables.T).reshape(size, *self.error.shape)

    def variance_of(self, weights: Array) -> float:
        """The variance of the sum of the errors with these weights (m, n)."""
        own = float(((weights * self.error) ** 2).sum())
        return own + sum(float(((weights.ravel()[part.cells] @ part.shares) ** 2).sum()) for part in self.parts)

    def squares(self) -> Squares:
        """The sums of squares to expect of the parts of an error table."""
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


def _by_seeds(game: MetaGame, episodes: Episodes, error: Array) -> Noise:
    """The noise of these episodes, besides an independent `error` (m, n). A seed of a single pairing makes an independent error too."""
    num_cameras, num_targets = error.shape
    cell = episodes.camera * num_targets + episodes.target
    count = game.count.ravel()[cell].astype(np.float64)
    shares = (-episodes.reward - game.payoff.ravel()[cell]) / np.sqrt(count * np.maximum(count - 1, 1))
    kind, camera, target = find_kinds(episodes.cluster, episodes.camera, episodes.target)
    common = np.full(len(kind), num_cameras + num_targets)
    owner = np.choose(kind, (common + 1, target, num_targets + camera, common))
    is_lone = (kind == ONE_PAIRING)[episodes.cluster]
    alone = np.bincount(cell[is_lone], shares[is_lone] ** 2, minlength=error.size).reshape(error.shape)
    order = np.argsort(owner, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    rows = sort(np.arange(len(cell)), owner[episodes.cluster], num_cameras + num_targets + 2)
    starts = np.searchsorted(owner[order], np.arange(num_cameras + num_targets + 2))
    edges = np.searchsorted(owner[episodes.cluster[rows]], np.arange(num_cameras + num_targets + 2))
    parts = []
    for number, ((first, last), (start, end)) in enumerate(zip(pairwise(starts), pairwise(edges), strict=True)):
        if end > start:
            chosen = rows[start:end]
            cells, row = _cells_of(number, error.shape, cell[chosen])
            column = place[episodes.cluster[chosen]] - first
            parts.append(Part(cells, _fill(row, column, shares[chosen], (len(cells), int(last - first)))))
    return Noise(np.sqrt(error**2 + alone), tuple(parts))


def _cells_of(
    owner: int, shape: tuple[int, ...], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The flat cells of a target's column, then of a camera's row, then all; and the places of the `chosen` cells among them."""
    num_cameras, num_targets = shape
    if owner < num_targets:
        return np.arange(num_cameras) * num_targets + owner, chosen // num_targets
    if owner < num_targets + num_cameras:
        return np.arange(num_targets) + (owner - num_targets) * num_targets, chosen % num_targets
    return np.arange(num_cameras * num_targets), chosen


def _fill(row: NDArray[np.int64], column: NDArray[np.int64], values: Array, shape: tuple[int, int]) -> Any:
    """A matrix with these entries, which are added where several are of one place."""
    if len(values) * SPARSE > shape[0] * shape[1]:
        return np.bincount(row * shape[1] + column, values, minlength=shape[0] * shape[1]).reshape(shape)
    from scipy.sparse import csr_array

    return csr_array((values, (row, column)), shape=shape)
