"""Compact sets of row keys: compressed runs of consecutive keys, which take almost no space."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVEL = 1
"""Compression level; higher ones take more time than they save space."""
MARK = b"R"
"""First byte of packed runs. Keys that were packed before there were runs begin as every zlib stream does."""

Runs = NDArray[np.int64]
"""The first key of each run and the key after its last (r, 2), in ascending order."""


def find_runs(keys: NDArray[np.integer[Any]]) -> Runs:
    """Return the runs of distinct keys, in any order."""
    ordered = np.sort(keys).astype(np.int64, copy=False)
    return merge(np.stack([ordered, ordered + 1], axis=1))


def merge(runs: Runs) -> Runs:
    """Join runs that follow each other without a gap."""
    begins = np.append(True, runs[1:, 0] != runs[:-1, 1])[: len(runs)]
    return np.stack([runs[begins, 0], runs[np.roll(begins, -1), 1]], axis=1)


def pack(parts: Iterable[Runs]) -> bytes:
    """Pack the keys of several runs without common keys. Equal sets give equal bytes."""
    runs = np.concatenate([np.empty((0, 2), np.int64), *parts])
    edges = merge(runs[np.argsort(runs[:, 0])]).ravel()
    return MARK + zlib.compress(np.diff(edges, prepend=np.int64(0)).astype("<i8", copy=False).tobytes(), LEVEL)


def unpack(packed: bytes) -> NDArray[np.int64]:
    """Return the keys, sorted."""
    has_runs = packed[:1] == MARK
    sums = np.cumsum(np.frombuffer(zlib.decompress(packed[has_runs:]), dtype="<i8"), dtype=np.int64)
    if not has_runs:
        return sums
    first, end = sums.reshape(-1, 2).T
    lengths = end - first
    return np.arange(lengths.sum()) + np.repeat(end - np.cumsum(lengths), lengths)
