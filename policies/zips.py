"""Opening zip archives that others have made, without a table of contents larger than is needed."""

from __future__ import annotations

import zipfile
from typing import IO


class DirectoryTooLarge(Exception):
    """The table of contents is larger than allowed; the message says how large."""


class _Source:
    """A file as ``zipfile`` reads it: when it opens one, it reads the table of contents in one piece."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self.seek, self.tell = file.seek, file.tell
        self.limit: int | None = limit
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """As a file's. Raises DirectoryTooLarge for a larger piece than the table may be."""
        if self.limit is not None and size > self.limit:
            raise DirectoryTooLarge(f"the archive's table of contents takes {size:,} bytes")
        return self._file.read(size)

    def seekable(self) -> bool:
        """True."""
        return True


def open_zip(file: IO[bytes], max_directory: int) -> zipfile.ZipFile:
    """The zip archive in a seekable file, whose table of contents may take ``max_directory`` bytes.

    ``zipfile`` reads the whole table and makes an object of each entry before anything can be counted. Raises
    DirectoryTooLarge, and whatever ``zipfile.ZipFile`` raises.
    """
    source = _Source(file, max_directory)
    archive = zipfile.ZipFile(source)
    source.limit = None
    return archive
