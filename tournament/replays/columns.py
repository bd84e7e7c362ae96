"""Columns of a replay file: arrays over time, arranged for a general-purpose compressor.

The first axis of a column runs over frames, steps or entries. A column is stored series by series (the first axis
last), as differences along the series where that helps, and byte plane by byte plane. `docs/replay-format.md` is the
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.errors import UserError

ENCODINGS = ("plain", "delta", "bits")
DTYPES = ("float32", "int8", "int16", "int32")
MAX_ENTRIES = 50_000_000


class ReplayError(UserError):
    """An unreadable replay file; the message says what is wrong with it."""


@dataclass(frozen=True)
class ColumnLayout:
    """The storage of one column.

    `axis` is what the first axis runs over: frames (steps + 1, the first being the state after reset), steps, or
    entries. A value is the stored number times `quantum`. Files have the column from format version `since` on.
    """

    name: str
    axis: str
    dtype: str
    encoding: str
    quantum: float = 1.0
    since: int = 1

    def encode(self, values: NDArray[Any]) -> bytes:
        """Return the bytes of a column of shape (length, ...)."""
        series = np.moveaxis(np.asarray(values), 0, -1)
        if self.encoding == "bits":
            return np.packbits(series.astype(bool), axis=-1, bitorder="little").tobytes()
        dtype = np.dtype(self.dtype).newbyteorder("<")
        if dtype.kind == "i":
            numbers = np.rint(series.astype(np.float64) / self.quantum).astype(np.int64)
            numbers = _wrap(numbers, dtype) if self.name == "camera_orientation" else _check_range(self, numbers, dtype)
        else:
            numbers = series
        stored = numbers.astype(dtype)
        if self.encoding == "delta":
            stored = np.diff(stored, axis=-1, prepend=np.zeros_like(stored[..., :1]))
        planes = np.frombuffer(np.ascontiguousarray(stored).tobytes(), np.uint8).reshape(-1, dtype.itemsize)
        return np.ascontiguousarray(planes.T).tobytes()

    def decode(self, data: bytes, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the column of shape (length, ...): booleans, float32, or float64 / integers where it is quantised."""
        moved = (*shape[1:], shape[0])
        if self.encoding == "bits":
            packed = np.frombuffer(data, np.uint8).reshape(*shape[1:], -(-shape[0] // 8))
            bits = np.unpackbits(packed, axis=-1, count=shape[0], bitorder="little").astype(bool)
            return np.moveaxis(bits, -1, 0)
        dtype = np.dtype(self.dtype).newbyteorder("<")
        planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
        stored = np.frombuffer(np.ascontiguousarray(planes.T).tobytes(), dtype).reshape(moved)
        if self.encoding == "delta":
            stored = np.cumsum(stored, axis=-1, dtype=dtype)
        values = np.moveaxis(stored, -1, 0)
        if dtype.kind == "f" or self.quantum == 1.0:
            return values.astype(np.dtype(self.dtype))
        return values * self.quantum

    def num_bytes(self, shape: tuple[int, ...]) -> int:
        """Return the number of bytes of a column of this shape before compression."""
        count = int(np.prod(shape[1:], dtype=np.int64))
        if self.encoding == "bits":
            return count * -(-shape[0] // 8)
        return count * shape[0] * np.dtype(self.dtype).itemsize

    def to_json(self, shape: tuple[int, ...], offset: int) -> dict[str, Any]:
        """Return the column's entry in the header's table."""
        return {
            "name": self.name,
            "axis": self.axis,
            "dtype": self.dtype,
            "encoding": self.encoding,
            "quantum": self.quantum,
            "shape": list(shape),
            "offset": offset,
            "bytes": self.num_bytes(shape),
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> tuple[ColumnLayout, tuple[int, ...]]:
        """Return the layout and the shape of an entry of the header's table. Raises ReplayError if it is invalid."""
        try:
            shape = tuple(int(number) for number in entry["shape"])
            layout = cls(
                str(entry["name"]),
                str(entry["axis"]),
                str(entry["dtype"]),
                str(entry["encoding"]),
                float(entry["quantum"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReplayError(f"The replay's table of columns has a broken entry: {error!r}.") from error
        if layout.dtype not in DTYPES or layout.encoding not in ENCODINGS or not 1 <= len(shape) <= 4:
            raise ReplayError(f"Column {layout.name} has a type, encoding or shape that this version cannot read.")
        if min(shape) < 0 or np.prod(shape, dtype=np.float64) > MAX_ENTRIES:
            raise ReplayError(f"Column {layout.name} says that its shape is {shape}: too large.")
        return layout, shape


def _wrap(numbers: NDArray[np.int64], dtype: np.dtype) -> NDArray[np.int64]:
    """Return numbers modulo a full turn, which is the range of the type."""
    turn = 1 << (8 * dtype.itemsize)
    return (numbers + turn // 2) % turn - turn // 2


def _check_range(layout: ColumnLayout, numbers: NDArray[np.int64], dtype: np.dtype) -> NDArray[np.int64]:
    limits = np.iinfo(dtype)
    if numbers.size and (numbers.min() < limits.min or numbers.max() > limits.max):
        low, high = numbers.min() * layout.quantum, numbers.max() * layout.quantum
        raise ReplayError(f"Column {layout.name} ranges from {low:g} to {high:g}: more than {layout.dtype} can hold.")
    return numbers


TURN = 360.0 / 65536
"""Degrees for each unit of an int16, which holds one full turn: from +180 to -180 is then a small difference."""

LAYOUTS = {
    layout.name: layout
    for layout in (
        ColumnLayout("camera_action", "steps", "float32", "plain"),
        ColumnLayout("target_action", "steps", "float32", "plain"),
        ColumnLayout("target_reward", "steps", "int32", "plain"),
        ColumnLayout("camera_orientation", "frames", "int16", "delta", TURN),
        ColumnLayout("camera_viewing_angle", "frames", "int16", "delta", 0.01),
        ColumnLayout("target_location", "frames", "int16", "delta", 0.05),
        ColumnLayout("target_goal", "frames", "int8", "delta"),
        ColumnLayout("target_weight", "frames", "int8", "delta"),
        ColumnLayout("target_empty_bits", "frames", "int8", "bits"),
        ColumnLayout("bounties", "frames", "int32", "delta"),
        ColumnLayout("camera_target_view_mask", "frames", "int8", "bits"),
        ColumnLayout("camera_camera_view_mask", "frames", "int8", "bits", since=2),
        ColumnLayout("camera_obstacle_view_mask", "frames", "int8", "bits", since=2),
        ColumnLayout("target_camera_view_mask", "frames", "int8", "bits", since=2),
        ColumnLayout("target_obstacle_view_mask", "frames", "int8", "bits", since=2),
        ColumnLayout("target_target_view_mask", "frames", "int8", "bits", since=2),
        ColumnLayout("camera_is_seen", "frames", "int8", "bits"),
        ColumnLayout("remaining_cargoes", "frames", "int32", "delta"),
        ColumnLayout("awaiting_cargo_counts", "frames", "int32", "delta"),
        ColumnLayout("mean_transport_rate", "frames", "int32", "delta", 1e-4),
        ColumnLayout("boundary_angle", "entries", "int16", "delta", 0.01),
        ColumnLayout("boundary_range", "entries", "int32", "delta", 0.1),
        ColumnLayout("camera_message_lines", "entries", "int8", "plain", since=2),
        ColumnLayout("camera_messages", "steps", "int8", "bits", since=2),
        ColumnLayout("target_message_lines", "entries", "int8", "plain", since=2),
        ColumnLayout("target_messages", "steps", "int8", "bits", since=2),
    )
}
"""The columns in the order of the file."""
