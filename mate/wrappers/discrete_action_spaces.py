"""Upstream's name for ``mate.wrappers.discrete``."""

from __future__ import annotations

import numpy as np

from mate.wrappers.discrete import DiscreteCamera, DiscreteTarget

__all__ = ["DiscreteCamera", "DiscreteTarget", "indices_of_nearest_grid_point"]


def indices_of_nearest_grid_point(continuous: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return for each of the points (N, 2) the index of the nearest of the grid's (K, 2), the first on ties."""
    return np.asarray(np.linalg.norm(continuous - grid[:, np.newaxis], axis=-1).argmin(axis=0))
