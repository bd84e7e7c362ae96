"""How kernels are compiled, and where the compiled code is kept.

Kernels compile on first use and are then read from disk by every later process; ``python -m mate.warm`` compiles
them all at set-up. Numba notices a changed file but not a changed callee in another file, and a stale kernel would
break the promise that an episode is a pure function. So the compiled code lies in a folder named after the
sources that kernels share: ``$NUMBA_CACHE_DIR`` (default: ``.numba_cache`` beside the package, where that is writable).
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import numba

_PACKAGE = Path(__file__).resolve().parent
_SHARED_SOURCES = (
    "compilation.py",
    "constants.py",
    "geometry.py",
    "streams.py",
    "engine/*.py",
    "agents/draws.py",
    "agents/laws/*.py",
    "agents/batched/*.py",
)


def source_digest() -> str:
    """16 hexadecimal digits that name the content of the sources whose kernels are called across files."""
    digest = hashlib.sha256(numba.__version__.encode())
    for pattern in _SHARED_SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _choose_cache() -> None:
    base = os.environ.get("NUMBA_CACHE_DIR") or str(_PACKAGE.parent / ".numba_cache")
    if os.access(Path(base).parent, os.W_OK) or os.access(base, os.W_OK):
        numba.config.CACHE_DIR = str(Path(base) / source_digest())  # type: ignore[attr-defined]


_choose_cache()

_EXACT: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

kernel = numba.njit(cache=True, **_EXACT)
"""Decorator of compiled functions: exact arithmetic, no interpreter lock; division by zero follows IEEE 754."""

part = numba.njit(**_EXACT, **_INNER)
"""Like ``kernel``, for what only other kernels call: half the time to compile, and stored with its callers."""

inlined = numba.njit(forceinline=True, **_EXACT, **_INNER)
"""Like ``part``, for what runs for every pair of entities: a call would cost more than it does."""
