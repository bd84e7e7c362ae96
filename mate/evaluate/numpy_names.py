"""Agents written for NumPy 1: what to write in place of names that NumPy 2 no longer has."""

from __future__ import annotations

import re
from pathlib import Path
from traceback import extract_tb

import numpy as np

__all__ = ["explain"]

_NUMPY = Path(np.__file__).parent
_MISSING = re.compile(r"module 'numpy' has no attribute '(\w+)'|`np\.(\w+)` was removed")
_ADVISED = re.compile(r"Use `?([\w.]+)`? instead")
_SUCCESSORS = {
    "bool8": "np.bool_",
    "int": "int",
    "float": "float",
    "object": "object",
    "str": "str",
    "complex": "complex",
    "int0": "np.intp",
    "uint0": "np.uintp",
    "product": "np.prod",
    "cumproduct": "np.cumprod",
    "sometrue": "np.any",
    "alltrue": "np.all",
    "trapz": "np.trapezoid",
    "in1d": "np.isin",
    "row_stack": "np.vstack",
}


def explain(error: AttributeError) -> str | None:
    """Return where a name of NumPy 1 is used and what to write instead; None for an error of another kind."""
    found = _MISSING.search(str(error))
    if found is None:
        return None
    name = found[1] or found[2]
    advised = _ADVISED.search(str(error))
    successor = _SUCCESSORS.get(name) or (advised and advised[1])
    frames = [frame for frame in extract_tb(error.__traceback__) if not Path(frame.filename).is_relative_to(_NUMPY)]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else ""
    advice = f"Write {successor} instead." if successor else "Look it up in NumPy's migration guide."
    return f"{place}np.{name} is of NumPy 1, and NumPy 2 is installed. {advice}"
