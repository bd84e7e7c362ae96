"""Ordering of rows by small whole numbers, in time proportional to their number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel

Indices = NDArray[np.int64]


def sort(order: Indices, keys: Indices, size: int) -> Indices:
    """`order` sorted by keys[order], which are in [0, size); what has equal keys stays in order."""
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
    """`numpy.insert` at ascending places, at the price of copying where these are near each other."""
    if not len(places):
        return column.copy()
    first, last = int(places[0]), int(places[-1])
    middle = np.insert(column[first:last], places - first, values)
    return np.concatenate([column[:first], middle, column[last:]])


def renumber(labels: Indices, size: int) -> Indices:
    """The labels, which are in [0, size), as 0, 1, ... in ascending order of those that occur."""
    occurs = np.zeros(size, dtype=bool)
    occurs[labels] = True
    return np.asarray((np.cumsum(occurs) - 1)[labels])


def find_runs(column: Indices) -> Indices:
    """Where the runs of equal values begin, and the length of the column at the end."""
    return np.flatnonzero(np.diff(column, prepend=-1, append=-1))


ONE_PAIRING, SEVERAL_CAMERAS, SEVERAL_TARGETS, SEVERAL_OF_BOTH = range(4)
"""Kinds of seeds, by whom their episodes are of."""


Kinds = tuple[Indices, Indices, Indices]
"""For each seed, by its number, its kind, and the camera and the target of its first episode, all (S,)."""


def find_kinds(cluster: Indices, camera: Indices, target: Indices) -> Kinds:
    """The kinds of seeds, which are numbered by `cluster` (E,)."""
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
