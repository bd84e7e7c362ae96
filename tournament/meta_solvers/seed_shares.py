"""The contribution of each seed to the means of a meta-game's cells, in parts that share no seeds with each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from tournament.meta_solvers.matrices import Array
from tournament.ordering import sort
from tournament.payoffs import Episodes, MetaGame

Indices = NDArray[np.int64]

SPARSE = 8
"""Minimum number of entries for each non-zero from which on a matrix is stored as a sparse one."""


@dataclass(frozen=True)
class Part:
    """The contributions `shares` (k, S), dense or sparse, of S seeds to the means of k `cells` (flat indices)."""

    cells: Indices
    shares: Any

    def squares_of_sums(self, group: Indices) -> float:
        """Return the sum over seeds and groups of the squared total of a seed's contributions to a group (k,)."""
        from scipy.sparse import csr_array

        if (np.diff(group) > 0).all():
            return self._squares
        if (group == group[0]).all():
            return self._squares_of_totals
        labels, number = np.unique(group, return_inverse=True)
        members = csr_array((np.ones(len(group)), (number, np.arange(len(group)))), shape=(len(labels), len(group)))
        return float(((members @ self.shares) ** 2).sum())

    def freedom_of(self, weights: Array) -> Array:
        """Return the degrees of freedom (K,) of the variances of sums over the cells with weights (K, k).

        The degrees of freedom of each cell, one less than its seeds, are averaged harmonically by the cell's share of
        the variance: many episodes of one cell do not compensate for few of the cell that matters most.
        """
        variances, seeds = self._by_cell
        added = weights**2 @ np.where(variances > 0, variances, 1e-300)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = added / (weights**2 @ (np.where(variances > 0, variances, 1e-300) / np.maximum(seeds - 1.0, 1.0)))
        return np.where(np.isfinite(found), found, 1.0)

    @cached_property
    def _by_cell(self) -> tuple[Array, Array]:
        """Return the seeds' contributions to the variance of each cell (k,), and their number (k,)."""
        squares = self.shares**2
        return np.asarray(squares.sum(axis=1)).ravel(), np.asarray((squares != 0).sum(axis=1)).ravel().astype(
            np.float64
        )

    @cached_property
    def _squares(self) -> float:
        return float((self.shares**2).sum())

    @cached_property
    def _squares_of_totals(self) -> float:
        return float((self.shares.sum(axis=0) ** 2).sum())


def share_out(game: MetaGame, episodes: Episodes) -> tuple[tuple[Part, ...], Array]:
    """Return the parts of the seeds that several cells share, and the other seeds' variance in the cells (m, n)."""
    owners = _Owners.of(episodes, game.payoff.shape)
    count = game.count.astype(np.float64)
    scale = np.sqrt(count * np.maximum(count - 1, 1))
    columns = episodes.camera, episodes.target, episodes.cluster
    shares, alone = _share(*columns, episodes.reward, owners.owner, owners.alone, game.payoff, scale)
    full = np.zeros(int(owners.sizes[owners.is_full].sum()))
    _fill(*columns, shares, owners.owner, owners.column, owners.starts, owners.widths, len(game.targets), full)
    parts = []
    for number, rows in owners.list_rows(episodes.cluster):
        shape = int(owners.heights[number]), int(owners.widths[number])
        if rows is None:
            start = int(owners.starts[number])
            matrix: Any = full[start : start + shape[0] * shape[1]].reshape(shape)
        else:
            matrix = owners.scatter(number, episodes, rows, shares[rows], shape)
        parts.append(Part(owners.cells_of(number), matrix))
    return tuple(parts), alone


@dataclass(frozen=True)
class _Owners:
    """The part that each seed belongs to: a target's, if several cameras played it, a camera's, or that of all cells.

    `owner` (S,) is the part, in this order, and `column` (S,) the index within it. `widths` and `entries` are each
    part's number of seeds and of episodes. Seeds of a single pairing belong to no part; their owner is `alone`.
    """

    shape: tuple[int, int]
    owner: Indices
    column: Indices
    widths: Indices
    entries: Indices

    @classmethod
    def of(cls, episodes: Episodes, shape: tuple[int, int]) -> _Owners:
        kind, camera, target = episodes.kinds
        alone = shape[0] + shape[1] + 1
        common = np.full(len(kind), alone - 1)
        owner = np.choose(kind, (common + 1, target, shape[1] + camera, common))
        order = sort(np.arange(len(owner)), owner, alone + 1)
        widths = np.bincount(owner, minlength=alone + 1)
        column = np.empty_like(order)
        column[order] = np.arange(len(order)) - np.repeat(np.cumsum(widths) - widths, widths)
        entries = np.bincount(owner, np.bincount(episodes.cluster, minlength=len(owner)), minlength=alone + 1)
        return cls(shape, owner, column, widths[:alone], entries[:alone].astype(np.int64))

    @property
    def alone(self) -> int:
        return len(self.widths)

    @cached_property
    def heights(self) -> Indices:
        num_cameras, num_targets = self.shape
        return np.repeat([num_cameras, num_targets, num_cameras * num_targets], [num_targets, num_cameras, 1])

    @cached_property
    def sizes(self) -> Indices:
        return self.heights * self.widths

    @cached_property
    def is_full(self) -> NDArray[np.bool_]:
        return self.entries * SPARSE > self.sizes

    @cached_property
    def starts(self) -> Indices:
        """Offsets of the dense parts' matrices; -1 for other parts, and for seeds of no part."""
        sizes = np.where(self.is_full, self.sizes, 0)
        return np.append(np.where(self.is_full, np.cumsum(sizes) - sizes, -1), -1)

    def list_rows(self, cluster: Indices) -> list[tuple[int, Indices | None]]:
        """Return the parts that have any seeds, with the rows of those that are not dense."""
        rows = np.zeros(0, dtype=np.int64)
        if not self.is_full[self.entries > 0].all():
            is_sparse = np.append(~self.is_full, False)
            rows = np.flatnonzero(is_sparse[self.owner][cluster])
        owner = self.owner[cluster[rows]]
        order = sort(np.arange(len(rows)), owner, self.alone)
        edges = np.searchsorted(owner[order], np.arange(self.alone + 1))
        numbers = np.flatnonzero(self.entries).tolist()
        return [
            (number, None if self.is_full[number] else rows[order[edges[number] : edges[number + 1]]])
            for number in numbers
        ]

    def cells_of(self, number: int) -> Indices:
        """Return the flat cells of a target's column, of a camera's row, or all."""
        num_cameras, num_targets = self.shape
        if number < num_targets:
            return np.arange(num_cameras) * num_targets + number
        if number < num_targets + num_cameras:
            return np.arange(num_targets) + (number - num_targets) * num_targets
        return np.arange(num_cameras * num_targets)

    def scatter(self, number: int, episodes: Episodes, rows: Indices, shares: Array, shape: tuple[int, int]) -> Any:
        """Return the sparse matrix of a part."""
        from scipy.sparse import csr_array

        num_cameras, num_targets = self.shape
        camera, target = episodes.camera[rows], episodes.target[rows]
        line = camera * num_targets + target
        if number < num_targets + num_cameras:
            line = camera if number < num_targets else target
        return csr_array((shares, (line, self.column[episodes.cluster[rows]])), shape=shape)


@kernel
def _share(camera, target, cluster, reward, owner, alone, payoff, scale):  # type: ignore[no-untyped-def]
    """Return each episode's contribution to its cell's mean, and the squares of those of unshared seeds by cell.

    `scale` corrects the contributions for the estimation of the mean.
    """
    shares, squares = np.empty(len(reward)), np.zeros(payoff.shape)
    for row in range(len(reward)):
        one, other = camera[row], target[row]
        shares[row] = (-reward[row] - payoff[one, other]) / scale[one, other]
        if owner[cluster[row]] == alone:
            squares[one, other] += shares[row] ** 2
    return shares, squares


@kernel
def _fill(  # type: ignore[no-untyped-def]
    camera, target, cluster, shares, owner, column, starts, widths, num_targets, full
):
    """Add the episodes' contributions to the matrices of dense parts, which lie one after another in `full`."""
    num_agents = len(widths) - 1
    for row in range(len(shares)):
        seed = cluster[row]
        part = owner[seed]
        if starts[part] >= 0:
            line = camera[row] * num_targets + target[row]
            if part < num_agents:
                line = camera[row] if part < num_targets else target[row]
            full[starts[part] + line * widths[part] + column[seed]] += shares[row]
