"""The contribution of each seed to the means of a meta-game's cells, in parts that share no seeds with each other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate import Team
from tournament.meta_solvers.matrices import Array
from tournament.payoffs import MetaGame, average_by_cell
from tournament.strips import Cells, Common, Strip, Strips, split

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """The contributions `shares` (k, r) to the means of k `cells` (flat indices), dense or sparse.

    They are those of `seeds` (k,) informative seeds a cell, or fewer columns with the same products of rows
    (`Strip.condense`), which have the same distribution.
    """

    cells: Indices
    shares: Any
    seeds: Array

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
        variances = np.where(self._variances > 0, self._variances, 1e-300)
        added = weights**2 @ variances
        with np.errstate(invalid="ignore", divide="ignore"):
            found = added / (weights**2 @ (variances / np.maximum(self.seeds - 1.0, 1.0)))
        return np.where(np.isfinite(found), found, 1.0)

    @cached_property
    def _variances(self) -> Array:
        """Return the seeds' contributions to the variance of each cell (k,)."""
        return np.asarray((self.shares**2).sum(axis=1)).ravel()

    @cached_property
    def _squares(self) -> float:
        return float((self.shares**2).sum())

    @cached_property
    def _squares_of_totals(self) -> float:
        return float((self.shares.sum(axis=0) ** 2).sum())


@dataclass(frozen=True)
class SeedShares:
    """The contributions of a strip's seeds to the means of its cells (size,).

    `own` (r, size) are those of its own seeds, condensed, and `seeds` (size,) the numbers that are not 0; `alone`
    (size,) are sums of squares over the seeds that no other cell has.
    """

    own: Array
    seeds: Array
    alone: Array
    common: Common

    @classmethod
    def of(cls, strip: Strip, opponent: int) -> SeedShares:
        mean, count = average_by_cell(strip.agent, np.zeros_like(strip.agent), -strip.reward, (strip.size, 1))
        scale = np.sqrt(count * np.maximum(count - 1.0, 1.0))
        found = (-strip.reward - mean[strip.agent, 0]) / scale[strip.agent, 0]  # Corrected for the estimated mean.
        alone = np.bincount(strip.agent, found**2 * strip.alone, minlength=strip.size).astype(np.float64)
        own = strip.count(strip.own & (found != 0))
        return cls(strip.condense(found), own, alone, strip.find_common(opponent, found))


class SeedTable:
    """The contributions of the seeds to the means of a table of `shape` cells, which follow its episodes."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._strips = Strips(shape)
        self._shares: dict[str, dict[int, SeedShares]] = {team: {} for team in Team}

    def update(self, cells: Cells) -> None:
        """Replace the cells; only strips whose cells are other objects than before are summed."""
        for team, opponent, strip in self._strips.update(cells):
            self.take(team, opponent, strip)

    def take(self, team: str, opponent: int, strip: Strip) -> None:
        """Replace the contributions of a strip."""
        self._shares[team][opponent] = SeedShares.of(strip, opponent)

    def share_out(self) -> tuple[tuple[Part, ...], Array]:
        """Return the parts of the seeds that several cells share, and the other seeds' variance in the cells (m, n)."""
        cells = np.arange(np.prod(self._strips.shape)).reshape(self._strips.shape)
        strips = {team: self._shares[team].values() for team in Team}
        parts = [Part(own, one.own.T, one.seeds) for own, one in zip(cells.T, strips[Team.CAMERA], strict=True)]
        parts += [Part(own, one.own.T, one.seeds) for own, one in zip(cells, strips[Team.TARGET], strict=True)]
        parts.append(_join_common(Common.join(one.common for one in strips[Team.CAMERA]), cells))
        alone = np.stack([one.alone for one in strips[Team.CAMERA]], axis=1)
        return tuple(part for part in parts if part.shares.shape[1]), alone


def _join_common(common: Common, cells: Indices) -> Part:
    """Return the part of the seeds that several cameras and several targets share."""
    from scipy.sparse import csr_array

    line = cells[common.agent, common.opponent]
    seeds, number = np.unique(common.seed, return_inverse=True)
    shares = csr_array((common.value, (line, number)), shape=(cells.size, len(seeds)))
    return Part(cells.ravel(), shares, np.bincount(line[common.value != 0], minlength=cells.size).astype(np.float64))


def share_out(game: MetaGame) -> tuple[tuple[Part, ...], Array]:
    """Return the shares of all seeds of a meta-game with episodes (`SeedTable.share_out`)."""
    assert game.episodes is not None
    table = SeedTable(game.payoff.shape)
    table.update(split(game.episodes))
    return table.share_out()
