"""Decomposition of a payoff matrix into the agents' additive effects and the interaction."""

from __future__ import annotations

from typing import Any, NamedTuple

from tournament.meta_solvers.matrices import Array


class Squares(NamedTuple):
    """Sums of squares of a table's parts over all cells: numbers, or arrays (R,) for R tables."""

    camera: Any
    target: Any
    rest: Any


class Parts(NamedTuple):
    """payoff = mean (1, 1) + camera (m, 1) + target (1, n) + rest (m, n).

    Rows and columns of all parts but the mean sum to 0. The parts of R tables (R, m, n) equal those of each table, to
    the last bit.
    """

    mean: Array
    camera: Array
    target: Array
    rest: Array

    @classmethod
    def of(cls, table: Array) -> Parts:
        mean = table.mean(axis=(-2, -1), keepdims=True)
        camera = table.mean(axis=-1, keepdims=True) - mean
        target = table.mean(axis=-2, keepdims=True) - mean
        return cls(mean, camera, target, table - mean - camera - target)

    def squares(self) -> Squares:
        num_cameras, num_targets = self.rest.shape[-2:]
        camera, target, rest = ((part**2).sum(axis=(-2, -1)) for part in (self.camera, self.target, self.rest))
        return Squares(camera * num_targets, target * num_cameras, rest)

    def weighed(self, camera: float, target: float, rest: float) -> Array:
        """Return the tables with the parts other than the mean multiplied by these weights."""
        return self.mean + camera * self.camera + target * self.target + rest * self.rest
