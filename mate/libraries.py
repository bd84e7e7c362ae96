"""Compiled kernels in less memory.

Numba keeps the LLVM module of each kernel that it reads from its cache, parsed, for kernels that may be compiled later
and inline it. In a process that only plays, nothing is compiled any more, and the modules of all kernels take 30 MiB.
Here they are kept as compressed bitcode (1 MiB), which is parsed when a kernel is compiled after all.
"""

from __future__ import annotations

import zlib
from typing import Any

import llvmlite.binding as llvm
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen


class CompactLibrary(JITCodeLibrary):
    """A library of compiled code. It keeps its module for linking as bitcode, if it was read from the cache."""

    _bitcode = b""

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> Any:
        library = super()._unserialize(codegen, state)  # type: ignore[no-untyped-call]
        _, kind, data = state
        if kind == "object":
            library._bitcode, library._shared_module = zlib.compress(data[1], level=1), None
        return library

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None and self._bitcode:
            self._shared_module = llvm.parse_bitcode(zlib.decompress(self._bitcode))
        return super()._get_module_for_linking()  # type: ignore[no-untyped-call]


def keep_compact() -> None:
    """Make Numba keep kernels of this process that are loaded from now on in compact form."""
    JITCPUCodegen._library_class = CompactLibrary
