"""In which order the rows of a payoff table are best looked at. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_FOR_BEST_ORDER = 200
"""Up to so many rows the order of the leaves is optimised as well, which takes the square of the time."""


def by_similarity(table: NDArray[np.float64]) -> list[int]:
    """An order of the rows of (m, n) numbers in which rows that are alike stand beside each other.

    Rows are clustered by average linkage of their Euclidean distances, and the leaves of the tree ordered so that neighbours
    differ least (Bar-Joseph, Gifford and Jaakkola 2001); the end with the larger mean comes first. Numbers that are missing (NaN)
    count as what the row and column would have if there were no interaction.
    """
    if len(table) < 3:
        return list(range(len(table)))
    from scipy.cluster.hierarchy import leaves_list, linkage  # Loaded when first needed.

    filled = _fill(table)
    tree = linkage(filled, "average", optimal_ordering=len(table) <= MOST_FOR_BEST_ORDER)
    order = leaves_list(tree).tolist()
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
