"""The replay file: a line of magic, a JSON header, and one deflate stream of columns.

`docs/replay-format.md` describes it.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.replays.columns import LAYOUTS, ColumnLayout, ReplayError

MAGIC = b"MATERPLY"
FORMAT_VERSION = 2
READABLE_VERSIONS = (1, 2)
MAX_HEADER_BYTES = 4_000_000
MAX_BODY_BYTES = 400_000_000
COMPRESSION = 6  # 9 takes eight times as long for 2 % fewer bytes
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Replay:
    """One episode, ready to show or to run again.

    `header` has everything but the columns: versions, scenario, agents, seed, result and constants. `columns` maps
    names to arrays, frames or steps first: float32 actions, and what the viewer draws (quantised, units as in
    `docs/replay-format.md`).
    """

    header: Mapping[str, Any]
    columns: Mapping[str, NDArray[Any]]

    @property
    def seed(self) -> int:
        return int(self.header["seed"])

    @property
    def num_steps(self) -> int:
        return int(self.header["result"]["steps"])

    @property
    def digest(self) -> int:
        """The recorded running hash of the trajectory, a 64-bit integer."""
        return int(self.header["result"]["digest"], 16)


def write(header: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a replay file's content; `columns` has the names of `columns.LAYOUTS`. Equal input gives equal bytes."""
    table, parts, offset = [], [], 0
    for name, layout in LAYOUTS.items():
        values = np.asarray(columns[name])
        entry = layout.to_json(values.shape, offset)
        table.append(entry)
        parts.append(layout.encode(values))
        offset += entry["bytes"]
    head = {"format": "mate-arena-replay", "version": FORMAT_VERSION, **header, "body_bytes": offset, "columns": table}
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    return MAGIC + _LENGTH.pack(len(text)) + text + zlib.compress(b"".join(parts), COMPRESSION)


def read(data: bytes) -> Replay:
    """Return the replay in a file's content. Raises ReplayError if it is truncated, altered or of another version."""
    header, body = read_header(data)
    columns = {}
    for entry in header["columns"]:
        layout, shape = ColumnLayout.from_json(entry)
        start, length = int(entry["offset"]), layout.num_bytes(shape)
        if start < 0 or start + length > len(body):
            raise ReplayError(f"The replay is truncated: column {layout.name} lies beyond its end.")
        columns[layout.name] = layout.decode(body[start : start + length], shape)
    expected = [name for name, layout in LAYOUTS.items() if layout.since <= header["version"]]
    missing = [name for name in expected if name not in columns]
    if missing:
        raise ReplayError(f"The replay lacks the columns {', '.join(missing)}.")
    return Replay(header, columns)


def read_header(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header and the uncompressed body. Raises ReplayError as `read` does."""
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + _LENGTH.size:
        raise ReplayError("This is not a replay file: it does not begin with MATERPLY.")
    start = len(MAGIC) + _LENGTH.size
    (length,) = _LENGTH.unpack_from(data, len(MAGIC))
    if length > min(MAX_HEADER_BYTES, len(data) - start):
        raise ReplayError("The replay is truncated: its header is longer than the file.")
    try:
        header = json.loads(data[start : start + length])
        version, size = header["version"], int(header["body_bytes"])
        if not (isinstance(header["columns"], list) and header["result"]["digest"] and header["seed"]):
            raise KeyError("columns, result and seed")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReplayError(f"The replay's header cannot be read: {error!r}.") from error
    if version not in READABLE_VERSIONS:
        known = " and ".join(map(str, READABLE_VERSIONS))
        raise ReplayError(f"The replay has format version {version}; this program reads versions {known}.")
    return header, _inflate(data[start + length :], size)


def _inflate(data: bytes, size: int) -> bytes:
    if not 0 <= size <= MAX_BODY_BYTES:
        raise ReplayError(f"The replay's columns take {size} bytes according to its header, which is too many.")
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise ReplayError(f"The replay's columns cannot be decompressed; the file was altered: {error}.") from error
    # A complete stream has passed its Adler-32 check.
    if len(body) != size or not stream.eof or stream.unused_data:
        raise ReplayError("The replay is truncated or altered: its columns do not have the length in its header.")
    return body
