"""Reading the small text files of checkpoints, in whatever encoding an editor or a shell has saved them."""

from __future__ import annotations

import codecs
import json
from typing import Any

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le")
"""The encodings in which texts are read, and those that they stand for."""


def decode_text(content: bytes) -> str:
    """The text in the bytes of a file: UTF-8, or what the byte-order mark says, which is left out.

    Raises UnicodeDecodeError if it is no such text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding)


def parse_json(content: bytes) -> Any:
    """The value in the bytes of a JSON file.

    Raises ValueError or RecursionError if it is not valid, or repeats a name.
    """
    return json.loads(decode_text(content), object_pairs_hook=_unique_names)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("an object has two fields of the same name")
    return content
