"""Compiled kernels that keep what they are linked from as bitcode."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from numba import njit
from numba.core.codegen import JITCPUCodegen

from mate.libraries import CompactLibrary, keep_compact

SOURCE = """
from numba import njit

@njit(cache=True)
def square(number):
    return number * number
"""


def load(file: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location("squares", file)
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_kernel_from_the_cache_is_compact_and_can_still_be_inlined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "squares.py"
    file.write_text(SOURCE)
    assert load(file).square(3) == 9  # compiled, and written to the cache
    monkeypatch.setattr(JITCPUCodegen, "_library_class", JITCPUCodegen._library_class)
    keep_compact()

    square = load(file).square
    assert square(5) == 25 and sum(square.stats.cache_hits.values()) == 1
    [compiled] = square.overloads.values()
    assert isinstance(compiled.library, CompactLibrary) and compiled.library._shared_module is None

    cube = njit(lambda number: number * square(number))
    assert cube(3) == 27
