"""Reading of the data in a pickle without unpickling it.

This is an interpreter of the pickle opcodes (protocols 0 to 5, as documented in Python's ``pickletools``) that can
build numbers, strings, containers and NumPy arrays. It imports nothing and calls nothing. It recognises the few
functions that pickles of arrays call by name (``policies.importing.arrays``). Other names in genuine RLlib checkpoints
become inert placeholders. Every other name or construct is refused. All sizes that a pickle states are compared with
the actual number of bytes, and the resulting structures are never walked recursively.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from policies.importing import arrays
from policies.importing.errors import CutOff, ImportRefused
from policies.importing.globals import Global, explain, is_inert

MAX_OPCODES = 50_000
MAX_MEMO = 50_000
MAX_STACK = 20_000
MAX_MARKS = 200
MAX_KEY_PARTS = 16
MAX_KEY_LENGTH = 1_000
MAX_ODD_KEYS = 1_000
MAX_LINE = 300
MAX_TEXT = 4_000_000
MAX_INTEGER_BYTES = 64
SMALL_INTEGER = 2**60


class Inert:
    """A placeholder for an object that unpickling would build: its name, arguments and state, which are not used."""

    __slots__ = ("arguments", "callee", "items", "state")

    def __init__(self, callee: Global | Inert, arguments: Any) -> None:
        self.callee = callee
        self.arguments = arguments
        self.state: Any = None
        self.items: list[Any] = []

    def __repr__(self) -> str:
        return "Inert()"


class _Mark:
    """A marker of the beginning of a run of stack entries."""


_MARK = _Mark()


@dataclass
class PickleReader:
    """Reads one pickle from ``data``; ``where`` names it in refusals."""

    data: memoryview
    where: str
    position: int = 0
    stack: list[Any] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)
    num_marks: int = 0
    num_odd_keys: int = 0
    num_encoded: int = 0

    def read(self) -> Any:
        """Return the object that the pickle describes. Raises ImportRefused if it contains anything but data."""
        for _ in range(MAX_OPCODES):
            opcode = self.take(1)[0]
            if opcode == 0x2E:  # STOP
                return self._finish()
            handler = _HANDLERS.get(opcode)
            if handler is None:
                raise self.refuse(f"it uses {_REFUSED.get(opcode, f'the unknown opcode 0x{opcode:02x}')}")
            handler(self)
            if len(self.stack) > MAX_STACK:
                raise self.refuse(f"it nests or stacks more than {MAX_STACK:,} values")
        raise self.refuse(f"it has more than {MAX_OPCODES:,} instructions")

    def refuse(self, problem: str) -> ImportRefused:
        """Return a refusal that names this pickle and the position in it."""
        return ImportRefused(f"{self.where}, byte {self.position:,}: {problem}")

    def cut_off(self, problem: str) -> CutOff:
        """Return the refusal of a pickle that is truncated."""
        return CutOff(f"{self.where}, byte {self.position:,}: {problem}; the file is cut off or damaged")

    def _finish(self) -> Any:
        value = self.pop()
        if self.stack:
            raise self.refuse("values are left over at its end; the file is damaged")
        rest = len(self.data) - self.position
        if rest:
            raise self.refuse(
                f"{rest:,} bytes follow the end of the pickle; they were not read, and do not belong there"
            )
        return value

    # Bytes

    def take(self, length: int) -> memoryview:
        """Return the next bytes, without copying them."""
        end = self.position + length
        if end > len(self.data):
            raise self.cut_off(f"it ends where {length:,} more bytes are announced")
        chunk = self.data[self.position : end]
        self.position = end
        return chunk

    def unpack(self, layout: str) -> Any:
        """Return the next number, in a format of ``struct``."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def line(self, encoding: str = "ascii", limit: int = MAX_LINE) -> str:
        """Return the text up to the next line feed: the arguments of protocol 0."""
        reach = MAX_LINE
        while True:
            window = bytes(self.data[self.position : self.position + min(reach, limit)])
            length = window.find(b"\n")
            if length >= 0:
                self.position += length + 1
                return self.decode(window[:length], encoding)
            if reach >= limit or len(window) < reach:
                raise self.refuse("a line of text has no end or is too long")
            reach *= 4

    def decode(self, content: Any, encoding: str = "utf-8") -> str:
        """Return bytes as text. Raises ImportRefused if they cannot be decoded."""
        if len(content) > MAX_TEXT:
            raise self.refuse(f"a text is longer than {MAX_TEXT:,} bytes")
        try:
            return bytes(content).decode(encoding, "surrogatepass" if encoding == "utf-8" else "strict")
        except UnicodeDecodeError:
            raise self.refuse("a text is not valid; the file is damaged") from None

    # Stack and memo

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        if not self.stack or self.stack[-1] is _MARK:
            raise self.refuse("an instruction lacks its operand; the file is damaged")
        return self.stack.pop()

    def top(self) -> Any:
        value = self.pop()
        self.stack.append(value)
        return value

    def mark(self) -> None:
        self.num_marks += 1
        if self.num_marks > MAX_MARKS:
            raise self.refuse(f"it nests more than {MAX_MARKS} deep")
        self.stack.append(_MARK)

    def pop_to_mark(self) -> list[Any]:
        for index in range(len(self.stack) - 1, -1, -1):
            if self.stack[index] is _MARK:
                values = self.stack[index + 1 :]
                del self.stack[index:]
                self.num_marks -= 1
                return values
        raise self.refuse("an instruction lacks its mark; the file is damaged")

    def memoize(self, index: int) -> None:
        if index > MAX_MEMO or len(self.memo) > MAX_MEMO:
            raise self.refuse(f"it refers to memory cell {index:,}; more than {MAX_MEMO:,} are not read")
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        if index not in self.memo:
            raise self.refuse(f"it refers to memory cell {index:,}, which is empty")
        self.push(self.memo[index])

    # Containers

    def set_items(self, values: list[Any]) -> None:
        target = self.top()
        if len(values) % 2:
            raise self.refuse("a dictionary has a key without a value; the file is damaged")
        if isinstance(target, Inert):
            target.items.extend(values)
        elif isinstance(target, dict):
            for key, value in zip(values[::2], values[1::2], strict=True):
                target[self.check_key(key)] = value
        else:
            raise self.refuse("items are set on what is no dictionary")

    def append_items(self, values: list[Any]) -> None:
        target = self.top()
        if isinstance(target, Inert):
            target.items.extend(values)
        elif isinstance(target, list):
            target.extend(values)
        else:
            raise self.refuse("items are appended to what is no list")

    def check_key(self, key: Any) -> Any:
        """Return a dictionary's key or a set's member, if its hash and comparison are cheap. Raises ImportRefused.

        Hashes of texts are salted, and those of small integers differ. Other keys can be chosen to collide, so that the
        cost of each grows with their number: only a few are accepted. A tuple is hashed anew each time it is used, and
        equal texts are compared to their end, so both have to be short.
        """
        if isinstance(key, tuple) and len(key) <= MAX_KEY_PARTS:
            is_odd = True
            for part in key:
                self._check_key_part(part)
        else:
            is_odd = isinstance(key, float) or (isinstance(key, int) and abs(key) >= SMALL_INTEGER)
            if not isinstance(key, Inert | Global):
                self._check_key_part(key)
        self.num_odd_keys += is_odd
        if self.num_odd_keys > MAX_ODD_KEYS:
            raise self.refuse(
                f"it has more than {MAX_ODD_KEYS:,} keys that are large integers, fractions or tuples, which can "
                f"be chosen to "
                "collide; no checkpoint has so many"
            )
        return key

    def _check_key_part(self, part: Any) -> None:
        if not isinstance(part, str | int | float | None):
            raise self.refuse("a dictionary's key or a set's member is neither text nor number, nor a few of them")
        if isinstance(part, str) and len(part) > MAX_KEY_LENGTH:
            raise self.refuse(f"a dictionary's key has {len(part):,} characters; at most {MAX_KEY_LENGTH:,} are read")

    # Names and calls

    def find(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.refuse("a name is not given as text")
        found = Global(module, name)
        if found not in arrays.BUILDERS and not is_inert(found):
            raise self.refuse(
                f"it names {found.shown}, which is not among the data of a genuine checkpoint; nothing was executed"
                + explain(found)
            )
        self.push(found)

    def call(self, callee: Any, arguments: Any) -> None:
        if not isinstance(arguments, tuple):
            raise self.refuse("the arguments of a call are no tuple")
        if isinstance(callee, Global) and callee in arrays.BUILDERS:
            if callee == arrays.ENCODE:
                self._count_encoded(arguments)
            try:
                self.push(arrays.BUILDERS[callee](*arguments))
            except arrays.NotAnArray as error:
                raise self.refuse(str(error)) from None
            except TypeError:
                raise self.refuse(f"{callee.shown} is given other arguments than arrays are written with") from None
        elif isinstance(callee, Global | Inert):
            self.push(Inert(callee, arguments))
        else:
            raise self.refuse("it calls what is no function")

    def _count_encoded(self, arguments: tuple[Any, ...]) -> None:
        """Refuse to encode more text than the file has: a pickle can refer to the same text many times."""
        self.num_encoded += len(arguments[0]) if arguments and isinstance(arguments[0], str) else 0
        if self.num_encoded > len(self.data):
            raise self.refuse("it turns the same text into bytes again and again")

    def build(self, state: Any) -> None:
        target = self.top()
        if isinstance(target, Inert):
            target.state = state
        elif isinstance(target, arrays.Array | arrays.DataType):
            try:
                target.build(state)
            except arrays.NotAnArray as error:
                raise self.refuse(str(error)) from None
        else:
            raise self.refuse("a state is set on what has none")


def _number(reader: PickleReader, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except (ValueError, OverflowError):
        raise reader.refuse("a number is not valid; the file is damaged") from None


def _proto(reader: PickleReader) -> None:
    if reader.take(1)[0] > 5 or reader.position != 2:
        raise reader.refuse("its pickle protocol is unknown, or announced twice")


def _frame(reader: PickleReader) -> None:
    length = reader.unpack("<Q")
    if length > len(reader.data) - reader.position:
        raise reader.cut_off(f"a frame of {length:,} bytes is announced")


def _int(reader: PickleReader) -> None:
    text = reader.line()
    reader.push({"00": False, "01": True}[text] if text in ("00", "01") else _number(reader, text, int))


def _long(reader: PickleReader, length: int) -> None:
    if not 0 <= length <= MAX_INTEGER_BYTES:
        raise reader.refuse(f"an integer of {length:,} bytes is announced")
    reader.push(int.from_bytes(reader.take(length), "little", signed=True))


def _string(reader: PickleReader) -> None:
    text = reader.line()
    if len(text) < 2 or text[0] not in "'\"" or text[-1] != text[0] or "\\" in text:
        raise reader.refuse("a text is not quoted as it should be; the file is damaged")
    reader.push(text[1:-1])


def _tuple(reader: PickleReader, length: int) -> None:
    values = [reader.pop() for _ in range(length)]
    reader.push(tuple(reversed(values)))


def _pop(reader: PickleReader) -> None:
    if reader.stack and reader.stack[-1] is _MARK:
        reader.pop_to_mark()
    else:
        reader.pop()


def _dict(reader: PickleReader) -> None:
    values = reader.pop_to_mark()
    reader.push({})
    reader.set_items(values)


def _add_items(reader: PickleReader) -> None:
    values = reader.pop_to_mark()
    target = reader.top()
    if not isinstance(target, set):
        raise reader.refuse("members are added to what is no set")
    target.update(reader.check_key(value) for value in values)


def _set_item(reader: PickleReader) -> None:
    value, key = reader.pop(), reader.pop()
    reader.set_items([key, value])


def _append(reader: PickleReader) -> None:
    value = reader.pop()
    reader.append_items([value])


def _global(reader: PickleReader) -> None:
    module = reader.line()
    reader.find(module, reader.line())


def _stack_global(reader: PickleReader) -> None:
    name, module = reader.pop(), reader.pop()
    reader.find(module, name)


def _reduce(reader: PickleReader) -> None:
    arguments, callee = reader.pop(), reader.pop()
    reader.call(callee, arguments)


def _new_object_with_names(reader: PickleReader) -> None:
    names, arguments, callee = reader.pop(), reader.pop(), reader.pop()
    if not isinstance(callee, Global | Inert) or callee in arrays.BUILDERS or not isinstance(names, dict):
        raise reader.refuse("an object is made in a way that no data of a checkpoint is")
    reader.push(Inert(callee, (arguments, names)))


def _build(reader: PickleReader) -> None:
    state = reader.pop()
    reader.build(state)


_HANDLERS: dict[int, Any] = {
    ord(code): handler
    for code, handler in {
        "\x80": _proto,
        "\x95": _frame,
        "(": PickleReader.mark,
        "0": _pop,
        "1": PickleReader.pop_to_mark,
        "2": lambda r: r.push(r.top()),
        "N": lambda r: r.push(None),
        "\x88": lambda r: r.push(True),
        "\x89": lambda r: r.push(False),
        "I": _int,
        "L": lambda r: r.push(_number(r, r.line().removesuffix("L"), int)),
        "F": lambda r: r.push(_number(r, r.line(), float)),
        "J": lambda r: r.push(r.unpack("<i")),
        "K": lambda r: r.push(r.take(1)[0]),
        "M": lambda r: r.push(r.unpack("<H")),
        "\x8a": lambda r: _long(r, r.take(1)[0]),
        "\x8b": lambda r: _long(r, r.unpack("<i")),
        "G": lambda r: r.push(r.unpack(">d")),
        "S": _string,
        "U": lambda r: r.push(r.decode(r.take(r.take(1)[0]), "ascii")),
        "T": lambda r: r.push(r.decode(r.take(r.unpack("<I")), "ascii")),
        "V": lambda r: r.push(r.line("raw-unicode-escape", MAX_TEXT)),
        "\x8c": lambda r: r.push(r.decode(r.take(r.take(1)[0]))),
        "X": lambda r: r.push(r.decode(r.take(r.unpack("<I")))),
        "\x8d": lambda r: r.push(r.decode(r.take(r.unpack("<Q")))),
        "C": lambda r: r.push(r.take(r.take(1)[0])),
        "B": lambda r: r.push(r.take(r.unpack("<I"))),
        "\x8e": lambda r: r.push(r.take(r.unpack("<Q"))),
        "\x96": lambda r: r.push(r.take(r.unpack("<Q"))),
        ")": lambda r: r.push(()),
        "t": lambda r: r.push(tuple(r.pop_to_mark())),
        "\x85": lambda r: _tuple(r, 1),
        "\x86": lambda r: _tuple(r, 2),
        "\x87": lambda r: _tuple(r, 3),
        "]": lambda r: r.push([]),
        "l": lambda r: r.push(r.pop_to_mark()),
        "a": _append,
        "e": lambda r: r.append_items(r.pop_to_mark()),
        "}": lambda r: r.push({}),
        "d": _dict,
        "s": _set_item,
        "u": lambda r: r.set_items(r.pop_to_mark()),
        "\x8f": lambda r: r.push(set()),
        "\x90": _add_items,
        "\x91": lambda r: r.push(frozenset(map(r.check_key, r.pop_to_mark()))),
        "g": lambda r: r.recall(_number(r, r.line(), int)),
        "h": lambda r: r.recall(r.take(1)[0]),
        "j": lambda r: r.recall(r.unpack("<I")),
        "p": lambda r: r.memoize(_number(r, r.line(), int)),
        "q": lambda r: r.memoize(r.take(1)[0]),
        "r": lambda r: r.memoize(r.unpack("<I")),
        "\x94": lambda r: r.memoize(len(r.memo)),
        "c": _global,
        "\x93": _stack_global,
        "R": _reduce,
        "\x81": _reduce,
        "\x92": _new_object_with_names,
        "b": _build,
    }.items()
}

# Constructs that no checkpoint needs, and that run code or refer to objects outside the file.
_REFUSED = {
    ord("i"): "the instruction INST, which makes an object of a named class",
    ord("o"): "the instruction OBJ, which makes an object of a class",
    ord("P"): "a persistent id, which refers to something outside the file",
    ord("Q"): "a persistent id, which refers to something outside the file",
    0x82: "an extension code, which stands for a registered function",
    0x83: "an extension code, which stands for a registered function",
    0x84: "an extension code, which stands for a registered function",
    0x97: "a buffer outside the file",
    0x98: "a buffer outside the file",
}


def read_pickle(data: bytes | memoryview, where: str) -> Any:
    """Return the object that a pickle describes. Byte strings are read-only views; arrays are ``arrays.Array``.

    Raises ImportRefused, naming ``where``, if it contains anything that genuine checkpoints do not.
    """
    return PickleReader(memoryview(data).toreadonly(), where).read()
