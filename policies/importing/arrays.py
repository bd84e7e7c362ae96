"""The functions that pickles of NumPy arrays call, as constructors of checked data.

Data types are plain numbers in the machine's byte order. An array's shape must account for exactly the bytes that the
file has for it, so an array cannot be larger than the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from policies.fields import shorten
from policies.importing.globals import Global

MAX_DIMENSIONS = 8
MAX_LENGTH = 2**31

_NUMBER_TYPES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_OBJECT_TYPES = frozenset({"O", "O8"})
_TEXT_TYPE = re.compile(r"[SU][0-9]{1,5}", re.ASCII)


class NotAnArray(Exception):
    """The arguments do not describe an array of plain data."""


class DataType:
    """A NumPy data type; arrays of texts or objects are skipped and have no values."""

    def __init__(self, code: Any, *options: Any) -> None:
        if isinstance(code, DataType):
            code = code.code
        is_known = isinstance(code, str) and (
            code in _NUMBER_TYPES or code in _OBJECT_TYPES or _TEXT_TYPE.fullmatch(code) is not None
        )
        if not is_known or len(options) > 2:
            raise NotAnArray(f"an array has the data type {shorten(code)}, which weights never have")
        self.code: str = code

    @property
    def is_number(self) -> bool:
        """Whether arrays of this type are read."""
        return self.code in _NUMBER_TYPES

    def build(self, state: Any) -> None:
        """Apply the pickled state: a version, the byte order, and fields that are None for plain numbers."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", "|", "="):
            raise NotAnArray("an array's data type is not in little-endian byte order, or not a plain one")
        if self.is_number and any(part is not None for part in state[2:5]):
            raise NotAnArray("an array's data type has fields; weights are plain numbers")


class Array:
    """An array: ``values`` is read-only and shares the file's memory; None if it is empty or does not hold numbers."""

    def __init__(self) -> None:
        self.values: np.ndarray | None = None

    def build(self, state: Any) -> None:
        """Apply the pickled state: a version, the shape, the data type, whether the order is Fortran's, the content."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise NotAnArray("an array's state is not what NumPy writes")
        _, shape, data_type, is_fortran, content = state
        if not isinstance(data_type, DataType):
            raise NotAnArray("an array lacks its data type")
        self.values = _values(content, data_type, shape, "F" if is_fortran else "C") if data_type.is_number else None


def _check_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or len(shape) > MAX_DIMENSIONS:
        raise NotAnArray("an array's shape is not a tuple of a few lengths")
    for length in shape:
        if isinstance(length, bool) or not isinstance(length, int) or not 0 <= length < MAX_LENGTH:
            raise NotAnArray(f"an array's shape has the length {shorten(length)}")
    return shape


def _values(content: Any, data_type: DataType, shape: Any, order: str) -> np.ndarray:
    shape = _check_shape(shape)
    if not isinstance(content, memoryview):
        raise NotAnArray("an array's content is not bytes")
    dtype = np.dtype(data_type.code)
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(content):
        raise NotAnArray(
            f"an array of shape {shorten(str(shape))} and type {data_type.code} takes {shorten(size)} bytes, "
            f"and {len(content):,} are there"
        )
    values = np.frombuffer(content, dtype).reshape(shape, order="F" if order == "F" else "C")
    values.flags.writeable = False
    return values


def _from_buffer(content: Any, data_type: Any, shape: Any, order: Any, axes: Any = None) -> Array:
    if not isinstance(data_type, DataType) or order not in ("C", "F") or axes is not None:
        raise NotAnArray("an array lacks its data type or order")
    array = Array()
    if data_type.is_number:
        array.values = _values(content, data_type, shape, order)
    return array


def _reconstruct(kind: Any, shape: Any, code: Any) -> Array:
    if kind != Global("numpy", "ndarray") or shape != (0,):
        raise NotAnArray("an array is of a class of its own")
    return Array()


def _scalar(data_type: Any, content: Any = None) -> Any:
    if not isinstance(data_type, DataType):
        raise NotAnArray("a number lacks its data type")
    if not data_type.is_number:
        return None
    return _values(content, data_type, (), "C").item()


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    if pairs != () and pairs != []:
        raise NotAnArray("an ordered dictionary is not written item by item")
    return {}


def _encode(text: Any, encoding: Any) -> memoryview:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise NotAnArray("bytes are not written as Latin-1 text")
    try:
        return memoryview(text.encode("latin-1"))
    except UnicodeEncodeError:
        raise NotAnArray("bytes are not written as Latin-1 text") from None


def _refuse_call(*arguments: Any) -> Any:
    raise NotAnArray("it makes an array that no file's bytes account for")


ENCODE = Global("_codecs", "encode")

_CORES = ("numpy.core", "numpy._core")

BUILDERS: dict[Global, Callable[..., Any]] = {
    Global("numpy", "dtype"): DataType,
    Global("numpy", "ndarray"): _refuse_call,
    Global("collections", "OrderedDict"): _ordered,
    ENCODE: _encode,
    **{Global(f"{core}.numeric", "_frombuffer"): _from_buffer for core in _CORES},
    **{Global(f"{core}.multiarray", "_reconstruct"): _reconstruct for core in _CORES},
    **{Global(f"{core}.multiarray", "scalar"): _scalar for core in _CORES},
}
