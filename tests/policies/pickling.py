"""Writing pickles by hand, with names that need not exist: what tests build RLlib's files with."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Name:
    """A class or function by reference."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call of a name (or of another call's result), and the state given to its result."""

    callee: Any
    arguments: tuple = ()
    state: Any = None
    is_new: bool = False


@dataclass(frozen=True)
class OldArray:
    """An array in the form that NumPy uses up to pickle protocol 4."""

    values: np.ndarray


@dataclass(frozen=True)
class ObjectArray:
    """An array of objects."""

    contents: list


def dtype_of(code: str) -> Call:
    """A NumPy data type."""
    return Call(Name("numpy", "dtype"), (code, False, True), (3, "<", None, None, None, -1, -1, 0))


class PickleWriter:
    """Writes one pickle of a protocol from 0 to 5."""

    def __init__(self, protocol: int = 5) -> None:
        self.protocol = protocol
        self.out = bytearray()
        self.memo: dict[int, int] = {}
        self.kept: list[Any] = []

    def dump(self, value: Any) -> bytes:
        """The pickle of a value."""
        self.out = bytearray(struct.pack("<BB", 0x80, self.protocol) if self.protocol >= 2 else b"")
        self.memo, self.kept = {}, []
        self.write(value)
        self.out += b"."
        if self.protocol >= 4:
            self.out[2:2] = b"\x95" + struct.pack("<Q", len(self.out) - 2)
        return bytes(self.out)

    def write(self, value: Any) -> None:
        if id(value) in self.memo:
            self.out += b"j" + struct.pack("<I", self.memo[id(value)])
            return
        writer = getattr(self, f"write_{type(value).__name__}")
        writer(value)
        if isinstance(value, str | Name | Call | dict | list | OldArray | np.ndarray):
            index = self.memo[id(value)] = len(self.memo)
            self.kept.append(value)
            self.out += b"\x94" if self.protocol >= 4 else b"r" + struct.pack("<I", index)

    def write_NoneType(self, value: None) -> None:
        self.out += b"N"

    def write_bool(self, value: bool) -> None:
        self.out += b"\x88" if value else b"\x89"

    def write_int(self, value: int) -> None:
        if 0 <= value < 256:
            self.out += b"K" + bytes([value])
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            self.out += b"\x8a" + bytes([len(content)]) + content

    def write_float(self, value: float) -> None:
        self.out += b"G" + struct.pack(">d", value)

    def write_str(self, value: str) -> None:
        content = value.encode()
        if self.protocol >= 4 and len(content) < 256:
            self.out += b"\x8c" + bytes([len(content)]) + content
        else:
            self.out += b"X" + struct.pack("<I", len(content)) + content

    def write_bytes(self, value: bytes) -> None:
        self.out += b"B" + struct.pack("<I", len(value)) + value

    def write_bytearray(self, value: bytearray) -> None:
        self.out += b"\x96" + struct.pack("<Q", len(value)) + value

    def write_tuple(self, value: tuple) -> None:
        if len(value) > 3 or self.protocol < 2:
            self.out += b"("
        for member in value:
            self.write(member)
        self.out += {0: b")", 1: b"\x85", 2: b"\x86", 3: b"\x87"}.get(len(value), b"t") if self.protocol >= 2 else b"t"

    def write_list(self, value: list) -> None:
        self.out += b"](" if value else b"]"
        for member in value:
            self.write(member)
        self.out += b"e" if value else b""

    def write_dict(self, value: dict) -> None:
        self.out += b"}(" if value else b"}"
        for key, member in value.items():
            self.write(key)
            self.write(member)
        self.out += b"u" if value else b""

    def write_Name(self, value: Name) -> None:
        if self.protocol >= 4:
            self.write(value.module)
            self.write(value.name)
            self.out += b"\x93"
        else:
            self.out += f"c{value.module}\n{value.name}\n".encode()

    def write_Call(self, value: Call) -> None:
        self.write(value.callee)
        self.write_tuple(value.arguments)
        self.out += b"\x81" if value.is_new else b"R"
        if value.state is not None:
            self.write(value.state)
            self.out += b"b"

    def write_ndarray(self, value: np.ndarray) -> None:
        from_buffer = Name("numpy.core.numeric", "_frombuffer")
        content: Any = bytearray(value.tobytes()) if self.protocol >= 5 else value.tobytes()
        self.write_Call(Call(from_buffer, (content, dtype_of(value.dtype.str[1:]), value.shape, "C")))

    def write_OldArray(self, value: OldArray) -> None:
        content = (1, value.values.shape, dtype_of(value.values.dtype.str[1:]), False, value.values.tobytes())
        self.write_Call(Call(_RECONSTRUCT, (Name("numpy", "ndarray"), (0,), b"b"), content))

    def write_ObjectArray(self, value: ObjectArray) -> None:
        content = (1, (len(value.contents),), dtype_of("O8"), False, value.contents)
        self.write_Call(Call(_RECONSTRUCT, (Name("numpy", "ndarray"), (0,), b"b"), content))


_RECONSTRUCT = Name("numpy.core.multiarray", "_reconstruct")


def dump(value: Any, protocol: int = 5) -> bytes:
    """The pickle of a value."""
    return PickleWriter(protocol).dump(value)
