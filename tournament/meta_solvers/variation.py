"""The variation of a payoff matrix in parts: what one number an agent explains, and the rest."""

from __future__ import annotations

from typing import NamedTuple

from tournament.meta_solvers.matrices import Array


class Squares(NamedTuple):
    """Sums of squares over all cells of the parts of a table."""

    camera: float
    target: float
    rest: float


class Parts(NamedTuple):
    """payoff = mean + camera (m, 1) + target (1, n) + rest (m, n); rows and columns of each part but the mean sum to 0."""

    mean: float
    camera: Array
    target: Array
    rest: Array

    @classmethod
    def of(cls, table: Array) -> Parts:
        mean = float(table.mean())
        camera = table.mean(axis=1, keepdims=True) - mean
        target = table.mean(axis=0, keepdims=True) - mean
        return cls(mean, camera, target, table - mean - camera - target)

    def squares(self) -> Squares:
        num_cameras, num_targets = self.rest.shape
        camera, target, rest = ((part**2).sum() for part in (self.camera, self.target, self.rest))
        return Squares(float(camera * num_targets), float(target * num_cameras), float(rest))

    def weighed(self, camera: float, target: float, rest: float) -> Array:
        """The table (m, n) with its parts but the mean multiplied."""
        return self.mean + camera * self.camera + target * self.target + rest * self.rest
