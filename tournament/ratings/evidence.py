"""The evidence of a board: sums over its strips, which further episodes change only where they were played.

A fit needs no episodes beyond these sums (`tournament.strips`). For any order of additions, the ratings equal those of
all episodes at once, to the last bit, because a strip that has changed is summed anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from mate import Team
from tournament.meta_solvers.seed_shares import Part, SeedTable
from tournament.payoffs import Array, MetaGame, describe_cells
from tournament.ratings.comparisons import Comparisons
from tournament.ratings.margin import Deviations
from tournament.strips import Cells, Indices, Strips, split


class BoardEvidence:
    """Sums over the episodes among `cameras` and `targets` (digests, in the order of the meta-game).

        evidence = BoardEvidence(cameras, targets, cells)    # sorts and compares everything
        evidence.update(cells)                               # the strips of cells that are other objects than before
        ratings.rate(evidence)

    The agents are fixed: another agent needs new evidence. Besides the cells, it needs at most 40 m n (m + n) bytes for
    m cameras and n targets. `num_summed` counts the episodes of the strips that were summed.
    """

    def __init__(self, cameras: Sequence[str], targets: Sequence[str], cells: Cells | None = None) -> None:
        self.fields = tuple(cameras), tuple(targets)
        shape = len(cameras), len(targets)
        self._strips = Strips(shape)
        self._payoff, self._error, self._count = np.empty(shape), np.empty(shape), np.empty(shape, np.int64)
        sizes = zip(Team, (shape, shape[::-1]), strict=True)
        self.comparisons: dict[str, Comparisons] = {team: Comparisons(team, *size) for team, size in sizes}
        self.deviations: dict[str, dict[int, Deviations]] = {team: {} for team in Team}
        self._shares, self._part = SeedTable(shape), SeedTable((0, 0))
        self._members: tuple[list[int], list[int]] = [], []
        self.num_summed = 0
        self.update(cells or {})

    @classmethod
    def of(cls, game: MetaGame) -> BoardEvidence:
        """Return the evidence of a meta-game with episodes."""
        assert game.episodes is not None
        return cls(game.cameras, game.targets, split(game.episodes))

    @property
    def game(self) -> MetaGame:
        """The meta-game, without its episodes."""
        return MetaGame(*self.fields, self._payoff.copy(), self._error.copy(), self._count.copy())

    def __len__(self) -> int:
        return int(self._count.sum())

    def update(self, cells: Cells) -> None:
        """Replace the cells."""
        self._cells = cells
        for team, opponent, strip in self._strips.update(cells):
            self.num_summed += len(strip.seed)
            self.comparisons[team].take(opponent, strip)
            self.deviations[team][opponent] = Deviations.of(strip, opponent)
            self._shares.take(team, opponent, strip)
            if team == Team.CAMERA:
                found = describe_cells(strip.agent, np.zeros_like(strip.agent), -strip.reward, (strip.size, 1))
                for matrix, column in zip((self._payoff, self._error, self._count), found, strict=True):
                    matrix[:, opponent] = column[:, 0]

    def share_out(self, cameras: Indices, targets: Indices) -> tuple[tuple[Part, ...], Array]:
        """Return the shares of the seeds in the table of these agents, ascending (`SeedTable.share_out`)."""
        if (len(cameras), len(targets)) == self._count.shape:
            return self._shares.share_out()
        members = cameras.tolist(), targets.tolist()
        if members != self._members:
            self._members, self._part = members, SeedTable((len(cameras), len(targets)))
        rows, columns = ({number: place for place, number in enumerate(agents)} for agents in members)
        self._part.update(
            {
                (rows[camera], columns[target]): cell
                for (camera, target), cell in self._cells.items()
                if camera in rows and target in columns
            }
        )
        return self._part.share_out()

    def digest(self) -> bytes:
        """Return a digest of the agents and the episodes."""
        return hashlib.sha256(repr(self.fields).encode() + self._strips.digest()).digest()
