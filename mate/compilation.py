"""How kernels are compiled, and where the compiled code is kept.

Kernels compile on first use and are then read from disk by every later process; ``python -m mate.warm`` compiles
them all at set-up. Numba notices a changed file but not a changed callee or constant in another file, and a stale
kernel would break the promise that an episode is a pure function. So the compiled code of each module lies in a folder
of its own, ``NAME-DIGEST``, named after everything that the module reads from (``mate.sources``). These folders lie in
``$NUMBA_CACHE_DIR``; without it in ``.numba_cache`` beside the package, or in the user's cache where that is not
writable.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import RLock
from typing import Any

import numba
from numba import types

from mate.sources import PACKAGES, ROOT, digest_of, file_of

_EXACT: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
_FOLDER = re.compile(r"(?P<module>[\w.]+)-[0-9a-f]{16}|[0-9a-f]{16}")
_configuring = RLock()
_parts: list[Any] = []


def cache_base() -> Path:
    """Return the folder in which the folders of all modules lie."""
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen)
    beside = ROOT / ".numba_cache"
    if os.access(beside if beside.exists() else ROOT, os.W_OK):
        return beside
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mate-arena" / "kernels"


def cache_folder(module: str, file: Path) -> Path:
    """Return the folder of the compiled code of the module of that name and file."""
    digest = hashlib.sha256(f"{numba.__version__} {digest_of(file)}".encode())
    return cache_base() / f"{module}-{digest.hexdigest()[:16]}"


def outdated_folders() -> Iterator[Path]:
    """Yield the folders that were made from earlier sources of our packages."""
    base = cache_base()
    for folder in base.iterdir() if base.is_dir() else ():
        if named := _FOLDER.fullmatch(folder.name):
            module = named["module"] or ""
            file = file_of(module)
            is_ours = module.split(".")[0] in ("", *PACKAGES)  # without a name: of a time when all shared a folder
            if is_ours and (file is None or folder != cache_folder(module, file)):
                yield folder


def kernel(function: Callable[..., Any], **options: Any) -> Any:
    """Decorate a compiled function: exact arithmetic, no interpreter lock; division by zero follows IEEE 754."""
    with _configuring:  # Numba asks where to keep a function's code when it is decorated, and has one setting for all.
        others = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        folder = cache_folder(function.__module__, Path(inspect.getfile(function)).resolve())
        numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
        try:
            return numba.njit(**_EXACT | options, cache=True)(function)
        finally:
            numba.config.CACHE_DIR = others  # type: ignore[attr-defined]


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """Like ``kernel``, for what kernels call for every agent and Python calls too."""
    return kernel(function, forceinline=True)


def part(function: Callable[..., Any], **options: Any) -> Any:
    """Like ``kernel``, for what only other kernels call: half the time to compile, and stored with its callers.

    A part counts no references (``_nrt``), because its caller holds all arrays. To count those of a whole world in
    every function takes a fifth of the time to compile. So a part may neither make nor return arrays: ``check_parts``.
    """
    made = numba.njit(**_EXACT, **_INNER, **options)(function)
    _parts.append(made)
    return made


def inlined(function: Callable[..., Any]) -> Any:
    """Like ``part``, for what runs for every pair of entities: a call would cost more than it does."""
    return part(function, forceinline=True)


def check_parts() -> None:
    """Raise TypeError if a part that this process has compiled returns arrays. Numba refuses those that make some."""
    for made in _parts:
        if any(_holds_array(signature.return_type) for signature in made.nopython_signatures):
            name = f"{made.py_func.__module__}.{made.py_func.__name__}"
            raise TypeError(f"{name} is a part and returns arrays whose references nobody counted; make it a kernel.")


def _holds_array(kind: Any) -> bool:
    parts: Any = kind if isinstance(kind, types.BaseTuple) else ()
    return isinstance(kind, types.Array) or any(map(_holds_array, parts))
