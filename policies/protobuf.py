"""Messages of Protocol Buffers as data: the wire format alone, without the schema's classes.

The wire format is public (protobuf.dev, "Encoding"): a message is a sequence of fields, each with a number, a wire type
and a value. The only objects built are numbers and views of the given bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from policies.errors import CheckpointError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 2_000_000


class Damaged(CheckpointError):
    """The bytes are not a message."""


class ProtobufMessage:
    """The fields of a message by number, in their order: integers, or views of bytes."""

    def __init__(self, content: memoryview, budget: list[int] | None = None) -> None:
        self.budget = budget if budget is not None else [MAX_FIELDS]
        self.fields: dict[int, list[int | memoryview]] = {}
        for number, value in _fields(content, self.budget):
            self.fields.setdefault(number, []).append(value)

    def integer(self, number: int, default: int = 0) -> int:
        """Return the last integer of a field, as a signed 64-bit integer."""
        found = [value for value in self.fields.get(number, ()) if isinstance(value, int)]
        value = found[-1] if found else default
        return value - (1 << 64) if value >= 1 << 63 else value

    def integers(self, number: int) -> list[int]:
        """Return all integers of a field, packed or not."""
        found: list[int] = []
        for value in self.fields.get(number, ()):
            if isinstance(value, int):
                found.append(value)
            else:
                place = 0
                while place < len(value):
                    one, place = _varint(value, place)
                    found.append(one)
        self._spend(len(found))
        return [value - (1 << 64) if value >= 1 << 63 else value for value in found]

    def floats(self, number: int) -> list[float]:
        """Return all 32-bit floats of a field, packed or not."""
        found: list[float] = []
        for value in self.fields.get(number, ()):
            packed = struct.pack("<I", value & 0xFFFFFFFF) if isinstance(value, int) else bytes(value)
            if len(packed) % 4:
                raise Damaged("a list of floats has a length that is none")
            found += struct.unpack(f"<{len(packed) // 4}f", packed)
        self._spend(len(found))
        return found

    def bytes(self, number: int) -> memoryview | None:
        """Return the bytes of a field; None if it is missing."""
        found = [value for value in self.fields.get(number, ()) if isinstance(value, memoryview)]
        return found[-1] if found else None

    def text(self, number: int) -> str:
        """Return the text of a field; empty if it is missing."""
        found = self.bytes(number)
        try:
            return "" if found is None else str(found, "utf-8")
        except UnicodeDecodeError:
            raise Damaged("a text is not UTF-8") from None

    def texts(self, number: int) -> list[str]:
        """Return all texts of a field."""
        try:
            return [str(value, "utf-8") for value in self.fields.get(number, ()) if isinstance(value, memoryview)]
        except UnicodeDecodeError:
            raise Damaged("a text is not UTF-8") from None

    def message(self, number: int) -> ProtobufMessage | None:
        """Return the message in a field; None if it is missing."""
        found = self.bytes(number)
        return None if found is None else ProtobufMessage(found, self.budget)

    def messages(self, number: int) -> list[ProtobufMessage]:
        """Return all messages in a field."""
        return [
            ProtobufMessage(value, self.budget)
            for value in self.fields.get(number, ())
            if isinstance(value, memoryview)
        ]

    def _spend(self, amount: int) -> None:
        self.budget[0] -= amount
        if self.budget[0] < 0:
            raise Damaged(f"it has more than {MAX_FIELDS:,} fields")


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if place >= len(content) or shift > 63:
            raise Damaged("it is cut off, or not a message of Protocol Buffers")
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, place
        shift += 7


def _fields(content: memoryview, budget: list[int]) -> Iterator[tuple[int, int | memoryview]]:
    place = 0
    while place < len(content):
        budget[0] -= 1
        if budget[0] < 0:
            raise Damaged(f"it has more than {MAX_FIELDS:,} fields")
        key, place = _varint(content, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(content, place)
            yield number, value
            continue
        if kind == BYTES:
            size, place = _varint(content, place)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise Damaged("it is not a message of Protocol Buffers")
        if size > len(content) - place:
            raise Damaged("it is cut off, or not a message of Protocol Buffers")
        part = content[place : place + size]
        place += size
        yield number, part if kind == BYTES else int.from_bytes(part, "little")


def message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    """Return the bytes of a message with these fields: integers become varints, floats have 32 bits."""
    parts = []
    for number, value in fields:
        if isinstance(value, int):
            parts.append(_write_varint(number << 3 | VARINT) + _write_varint(value & 0xFFFFFFFFFFFFFFFF))
        elif isinstance(value, float):
            parts.append(_write_varint(number << 3 | FIXED32) + struct.pack("<f", value))
        else:
            content = value.encode() if isinstance(value, str) else value
            parts.append(_write_varint(number << 3 | BYTES) + _write_varint(len(content)) + content)
    return b"".join(parts)


def _write_varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
