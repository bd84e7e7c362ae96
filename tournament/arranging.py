"""Orders of a payoff table's rows that make its structure visible. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_FOR_BEST_ORDER = 200
"""Maximum number of rows whose leaf order is optimised, which takes quadratic time."""


def by_similarity(table: NDArray[np.float64]) -> list[int]:
    """Return an order of the rows of (m, n) numbers in which similar rows are neighbours.

    Rows are clustered by average linkage of Euclidean distances, with the optimal leaf order (Bar-Joseph, Gifford and
    Jaakkola 2001); the end with the larger mean comes first. Missing numbers (NaN) are replaced by the additive fit of
    row and column.
    """
    if len(table) < 3:
        return list(range(len(table)))
    from scipy.cluster.hierarchy import leaves_list, linkage  # Loaded when first needed.

    filled = _fill(table)
    tree = linkage(filled, "average", optimal_ordering=len(table) <= MOST_FOR_BEST_ORDER)
    order: list[int] = leaves_list(tree).tolist()
    half = len(order) // 2
    return order if filled[order[:half]].mean() >= filled[order[-half:]].mean() else order[::-1]


def _fill(table: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = np.isnan(table)
    if not missing.any():
        return table
    if missing.all():
        return np.zeros_like(table)
    overall = float(np.nanmean(table))
    rows = np.where(missing, overall, table).mean(axis=1, keepdims=True)
    columns = np.where(missing, overall, table).mean(axis=0, keepdims=True)
    return np.where(missing, rows + columns - overall, table)
