"""Linear-time sorting of rows by small whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel

Indices = NDArray[np.int64]


def sort(order: Indices, keys: Indices, size: int) -> Indices:
    """Return `order` sorted stably by keys[order], which are in [0, size)."""
    return np.asarray(_count_sort(order, keys, size))


@kernel
def _count_sort(order, keys, size):  # type: ignore[no-untyped-def]
    ends = np.zeros(size + 1, np.int64)
    for key in keys:
        ends[key + 1] += 1
    for number in range(size):
        ends[number + 1] += ends[number]
    found = np.empty_like(order)
    for item in order:
        found[ends[keys[item]]] = item
        ends[keys[item]] += 1
    return found


def insert(column: NDArray[Any], places: Indices, values: NDArray[Any]) -> NDArray[Any]:
    """Insert at ascending places, as `numpy.insert`, at the cost of a copy where these are close together."""
    if not len(places):
        return column.copy()
    first, last = int(places[0]), int(places[-1])
    middle = np.insert(column[first:last], places - first, values)
    return np.concatenate([column[:first], middle, column[last:]])


def renumber(labels: Indices, size: int) -> Indices:
    """Renumber the labels, which are in [0, size), as 0, 1, ... in ascending order of those that occur."""
    occurs = np.zeros(size, dtype=bool)
    occurs[labels] = True
    return np.asarray((np.cumsum(occurs) - 1)[labels])


def find_runs(column: Indices) -> Indices:
    """Return where the runs of equal values begin, and the column's length at the end."""
    return np.flatnonzero(np.diff(column, prepend=-1, append=-1))


ONE_PAIRING, SEVERAL_CAMERAS, SEVERAL_TARGETS, SEVERAL_OF_BOTH = range(4)
"""Kinds of seeds, by the agents of their episodes."""


Kinds = tuple[Indices, Indices, Indices]
"""The kind of each seed, by its number, and the camera and the target of its first episode, all (S,)."""


def find_kinds(cluster: Indices, camera: Indices, target: Indices) -> Kinds:
    """Return the kinds of seeds, which are numbered by `cluster` (E,)."""
    size = int(cluster.max(initial=-1)) + 1
    kind, first_camera, first_target = _find_kinds(cluster, camera, target, size)
    return kind, first_camera, first_target


@kernel
def _find_kinds(cluster, camera, target, size):  # type: ignore[no-untyped-def]
    kind = np.zeros(size, np.int64)
    first_camera, first_target = np.full(size, -1), np.full(size, -1)
    for row in range(len(cluster)):
        seed = cluster[row]
        if first_camera[seed] < 0:
            first_camera[seed], first_target[seed] = camera[row], target[row]
        if camera[row] != first_camera[seed]:
            kind[seed] |= 1
        if target[row] != first_target[seed]:
            kind[seed] |= 2
    return kind, first_camera, first_target
