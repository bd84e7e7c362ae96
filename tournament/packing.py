"""Sets of row keys in few bytes: what lies between neighbours, compressed. Keys given in a row take next to nothing."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

LEVEL = 1
"""Of compression; more takes longer than it is worth."""


def pack(keys: NDArray[np.int64]) -> bytes:
    """Distinct keys in any order. The same keys give the same bytes."""
    ordered = np.sort(keys).astype("<i8", copy=False)
    return zlib.compress(np.diff(ordered, prepend=np.int64(0)).tobytes(), LEVEL)


def unpack(packed: bytes) -> NDArray[np.int64]:
    """The keys, sorted."""
    return np.cumsum(np.frombuffer(zlib.decompress(packed), dtype="<i8"), dtype=np.int64)
