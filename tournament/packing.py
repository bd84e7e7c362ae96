"""Compact sets of row keys: compressed differences. Consecutive keys take almost no space."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

LEVEL = 1
"""Compression level; higher ones take more time than they save space."""


def pack(keys: NDArray[np.int64]) -> bytes:
    """Pack distinct keys, in any order. Equal sets give equal bytes."""
    ordered = np.sort(keys).astype("<i8", copy=False)
    return zlib.compress(np.diff(ordered, prepend=np.int64(0)).tobytes(), LEVEL)


def unpack(packed: bytes) -> NDArray[np.int64]:
    """Return the keys, sorted."""
    return np.cumsum(np.frombuffer(zlib.decompress(packed), dtype="<i8"), dtype=np.int64)
