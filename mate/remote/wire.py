"""What a portal and a remote agent send each other: a header in JSON, then arrays as they lie in memory.

A *turn* goes to the agent: which episodes begin, and what the active ones observe. An *answer* comes back: the actions,
and how many messages members sent each other in the step. Nothing in either is executed; whatever does not have this
form is refused.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.errors import UserError

CONTENT_TYPE = "application/octet-stream"
MAX_BYTES = 64 * 1024 * 1024
_HEADER_BYTES = 1_000_000
_TYPES = {"f8": "<f8", "u8": "<u8", "i8": "<i8"}
_MAX_ELEMENTS = MAX_BYTES // 8


class WireError(UserError):
    """Bytes that are no turn and no answer."""


def pack(header: Mapping[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> bytes:
    """Return the bytes of a header and its arrays, which are float64, uint64 or int64."""
    told = [{"type": array.dtype.str[1:], "shape": list(array.shape)} for array in arrays]
    text = json.dumps({**header, "arrays": told}).encode()
    parts = [np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes() for array in arrays]
    return b"".join([struct.pack("<I", len(text)), text, *parts])


def unpack(content: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return header and arrays. Raises WireError for bytes that ``pack`` has not written."""
    try:
        (length,) = struct.unpack_from("<I", content)
        if length > _HEADER_BYTES:
            raise WireError(f"The header has {length:,} bytes, more than {_HEADER_BYTES:,}.")
        header = json.loads(content[4 : 4 + length])
        place, arrays = 4 + length, []
        for told in header.pop("arrays"):
            kind, shape = np.dtype(_TYPES[told["type"]]), tuple(told["shape"])
            if not all(isinstance(axis, int) and 0 <= axis <= _MAX_ELEMENTS for axis in shape):
                raise WireError(f"An array has the shape {str(shape)[:80]}.")
            count = int(np.prod(shape, dtype=object))
            arrays.append(np.frombuffer(content, kind, count, place).reshape(shape))
            place += count * kind.itemsize
        if place != len(content):
            raise WireError(f"{len(content) - place:,} bytes are left over after the arrays.")
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise WireError(f"It has not the form of mate.remote ({type(error).__name__}: {str(error)[:80]}).") from None
    return header, arrays
