"""Compact sets of row keys: compressed edges of runs of consecutive keys, which take almost no space."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 1
"""Compression level; higher ones take more time than they save space."""
MARK = b"R"
"""First byte of packed edges. Keys that were packed before begin as every zlib stream does."""

Integers = NDArray[np.integer[Any]]


def find_edges(keys: Integers) -> Integers:
    """Return the first key of each run, and the key after its last, in ascending order, of distinct keys."""
    return _join(np.concatenate([keys, keys + 1]))


def list_keys(edges: Integers) -> NDArray[np.int64]:
    """Return the keys of the runs with these edges, sorted."""
    first, end = edges.astype(np.int64).reshape(-1, 2).T
    lengths = end - first
    return np.arange(lengths.sum()) + np.repeat(end - np.cumsum(lengths), lengths)


def _join(edges: Integers) -> Integers:
    """Return the edges sorted, without those at which one run ends and another begins."""
    ordered = np.sort(edges)
    is_twice = ordered[1:] == ordered[:-1]
    return np.asarray(ordered[~(np.append(is_twice, False) | np.append(False, is_twice))[: len(ordered)]])


def pack(parts: Iterable[Integers]) -> bytes:
    """Pack the keys of several sets, given by their edges, without common keys. Equal keys give equal bytes."""
    edges = _join(np.concatenate([np.empty(0, np.uint8), *parts])).astype("<i8")
    return MARK + zlib.compress(np.diff(edges, prepend=np.int64(0)).tobytes(), LEVEL)


def unpack(packed: bytes) -> NDArray[np.int64]:
    """Return the keys, sorted."""
    has_edges = packed[:1] == MARK
    sums = np.cumsum(np.frombuffer(zlib.decompress(packed[has_edges:]), dtype="<i8"), dtype=np.int64)
    return list_keys(sums) if has_edges else sums
