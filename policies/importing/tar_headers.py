"""Checking the headers of a tar archive before ``tarfile`` sees them.

``tarfile`` reads extended headers of any size and number, in time that is quadratic in their number of digits. It also
trusts sizes in them more than the entry's own. Extended headers that pass this check are small and state no sizes.
Therefore this check and ``tarfile`` find each header at the same place.
"""

from __future__ import annotations

import re
import tarfile

from policies.fields import shorten
from policies.importing.errors import ImportRefused

MAX_EXTENSION = 8 * 1024
MAX_EXTENSIONS_TOGETHER = 4 * 1024 * 1024
MAX_EXTENSIONS_OF_ENTRY = 4
MAX_GLOBALS = 4
MAX_RECORDS = 64
MAX_DIGITS = 100

_BLOCK = tarfile.BLOCKSIZE
_LONG_NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_PAX = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
_DIGITS = re.compile(rb"[0-9]+")
_RECORD_START = re.compile(rb"([0-9]{1,5}) ([^=]{1,200})=")


def _refuse(problem: str) -> ImportRefused:
    return ImportRefused(f"the archive {problem}; make it again with tar -czf, of the trial's folder alone")


class HeaderCheck:
    """Follows an archive's bytes from header to header. Feed it all bytes in order, in pieces of any size."""

    def __init__(self, max_entries: int) -> None:
        self._max_headers = (1 + MAX_EXTENSIONS_OF_ENTRY) * max_entries
        self._block = bytearray()
        self._wanted, self._skipped = _BLOCK, 0
        self._extension: tarfile.TarInfo | None = None
        self._num_headers = self._num_before_entry = self._num_globals = self._extended = 0
        self._has_ended = False

    def feed(self, chunk: bytes) -> None:
        """Check the next bytes. Raises ImportRefused at a header that no valid archive has."""
        rest = memoryview(chunk)
        while rest and not self._has_ended:
            if self._skipped:
                taken = min(self._skipped, len(rest))
                self._skipped -= taken
            else:
                taken = min(self._wanted - len(self._block), len(rest))
                self._block += rest[:taken]
                if len(self._block) == self._wanted:
                    block, self._block = bytes(self._block), bytearray()
                    self._take(block)
            rest = rest[taken:]

    def _take(self, block: bytes) -> None:
        if self._extension is not None:
            _check_content(self._extension, block[: self._extension.size])
            self._extension, self._wanted = None, _BLOCK
            return
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError:  # tarfile stops here too: at the end, or at an invalid header
            self._has_ended = True
            return
        self._check_header(header)
        if header.type in (*_PAX, *_LONG_NAMES):
            self._extension, self._wanted = header, _padded(header.size)
        elif header.isreg() or header.type not in tarfile.SUPPORTED_TYPES:
            self._skipped = _padded(header.size)

    def _check_header(self, header: tarfile.TarInfo) -> None:
        self._num_headers += 1
        if self._num_headers > self._max_headers:
            raise _refuse(f"has more than {self._max_headers:,} headers")
        if header.size < 0:
            raise _refuse(f"has an entry of {header.size:,} bytes")
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise _refuse(f"has a sparse file, {shorten(header.name, 200)}, which no trial folder has")
        if header.type not in (*_PAX, *_LONG_NAMES):
            self._num_before_entry = 0
            return
        self._num_before_entry += 1
        self._num_globals += header.type == tarfile.XGLTYPE
        self._extended += header.size
        if not 0 < header.size <= MAX_EXTENSION:
            raise _refuse(f"has an extended header of {header.size:,} bytes, where at most {MAX_EXTENSION:,} are read")
        if self._num_before_entry > MAX_EXTENSIONS_OF_ENTRY or self._num_globals > MAX_GLOBALS:
            raise _refuse("has more extended headers for one entry, or for all, than any program writes")
        if self._extended > MAX_EXTENSIONS_TOGETHER:
            raise _refuse(f"has extended headers of more than {MAX_EXTENSIONS_TOGETHER:,} bytes in all")


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _check_content(header: tarfile.TarInfo, content: bytes) -> None:
    if max(map(len, _DIGITS.findall(content)), default=0) > MAX_DIGITS:
        raise _refuse(f"has an extended header with a number of more than {MAX_DIGITS} digits")
    if header.type in _PAX:
        _check_records(content)


def _check_records(content: bytes) -> None:
    position = number = 0
    while position < len(content):
        found = _RECORD_START.match(content, position)
        length = int(found[1]) if found else 0
        end = position + length
        number += 1
        if found is None or end > len(content) or end <= found.end() or content[end - 1] != 0x0A:
            raise _refuse("has an extended header that is not a list of records, as POSIX describes it")
        if number > MAX_RECORDS:
            raise _refuse(f"has an extended header with more than {MAX_RECORDS} records")
        if found[2] == b"size" or found[2].startswith(b"GNU.sparse."):
            raise _refuse(
                f"has an extended header that gives an entry another size "
                f"({shorten(found[2].decode('ascii', 'replace'))})"
            )
        position = end
