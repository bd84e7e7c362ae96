"""Reading of an uploaded archive without unpacking it to disk.

Members are listed and streamed; no path of an archive is ever created or opened on disk. Links are never followed.
Symbolic links are ignored, because genuine trial folders contain dangling ones. An archive is refused if it has any
other entry than files, folders and symbolic links, or a name that would leave the folder into which it is unpacked
(``policies.importing.names``).
"""

from __future__ import annotations

import errno
import io
import stat
import tarfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from policies.fields import shorten
from policies.importing import names
from policies.importing.errors import ImportRefused
from policies.importing.limits import MEGABYTE, Limits
from policies.importing.strangers import describe_start
from policies.importing.tar_headers import HeaderCheck
from policies.zips import DirectoryTooLarge, open_zip

_CHUNK = 64 * 1024
_MAX_DEPTH = 40
_MAX_DIRECTORY = 4 * MEGABYTE  # bytes of a zip's central directory
_GRACE = 16 * MEGABYTE  # bytes that may be unpacked before the ratio is checked
_DAMAGED = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,
    ValueError,
    IndexError,
    OverflowError,
)


@dataclass(frozen=True)
class ArchiveEntry:
    """One entry of an archive: its path, its announced size, and whether it is a ``file``, ``folder`` or ``link``."""

    name: str
    size: int
    kind: str


class Archive(ABC):
    """An uploaded archive; ``members`` are its files, with checked names and sizes."""

    def __init__(self, file: IO[bytes], size: int, limits: Limits) -> None:
        self.file, self.size, self.limits = file, size, limits
        with _refusing_damage():
            listed = list(self._listed())
        _check_names(listed)
        self.members = {member.name: member for member in listed if member.kind == "file"}
        self.num_links = sum(member.kind == "link" for member in listed)

    @property
    @abstractmethod
    def kind(self) -> str:
        """The kind of archive, in words."""

    @abstractmethod
    def _list(self) -> Iterator[ArchiveEntry]: ...

    @abstractmethod
    def _open(self, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]: ...

    def _listed(self) -> Iterator[ArchiveEntry]:
        total = 0
        for number, member in enumerate(self._list(), 1):
            total += member.size
            if number > self.limits.max_entries:
                raise ImportRefused(
                    f"the archive has more than {self.limits.max_entries:,} entries; put only the trial's folder "
                    f"into it"
                )
            self.check_unpacked(total)
            yield member

    def check_unpacked(self, amount: int) -> None:
        """Raise ImportRefused if an archive of this size unpacks to too many bytes."""
        if amount > self.limits.max_unpacked or (amount > _GRACE and amount > self.limits.max_ratio * self.size):
            raise ImportRefused(
                f"the archive of {self.size:,} bytes unpacks to more than {amount:,} bytes, which genuine checkpoints "
                "do not; it was not unpacked further"
            )

    def read(self, limits_by_name: dict[str, int]) -> Iterator[tuple[str, bytearray]]:
        """Yield the contents of the named members, in the archive's order, each up to its limit in bytes."""
        found = self._open(set(limits_by_name))
        while True:
            with _refusing_damage():
                name, file = next(found, (None, None))
            if name is None or file is None:
                return
            yield name, _read_bounded(file, name, limits_by_name[name], self.members[name].size)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _damaged(error) from None
    except OSError as error:
        # EINVAL is a seek to before the start of the file; all other errors come from the disk.
        if error.errno != errno.EINVAL:
            raise
        raise _damaged("it refers to a place outside the file") from None


def _damaged(problem: object) -> ImportRefused:
    return ImportRefused(
        f"the archive is damaged or of an unsupported kind ({shorten(str(problem), 120)}); make it again"
    )


def _read_bounded(file: IO[bytes], name: str, limit: int, announced: int) -> bytearray:
    if announced > limit:
        raise ImportRefused(f"{shorten(name, 200)} has more than {limit:,} bytes, its limit")
    content = bytearray(announced)  # filled in place, so that a checkpoint is in memory only once
    total = 0
    with _refusing_damage():
        while chunk := file.read(_CHUNK):
            if total + len(chunk) > announced:
                raise ImportRefused(f"{shorten(name, 200)} has more than the {announced:,} bytes that it announces")
            content[total : total + len(chunk)] = chunk
            total += len(chunk)
    if total != announced:
        raise ImportRefused(
            f"{shorten(name, 200)} has {total:,} bytes instead of {announced:,}; make the archive again"
        )
    return content


def _check_names(members: list[ArchiveEntry]) -> None:
    seen: set[str] = set()
    links = {member.name for member in members if member.kind == "link"}
    for member in members:
        problem = _problem_of(member, seen, links)
        if problem:
            raise ImportRefused(f"the archive's entry {shorten(member.name, 200)} {problem}; nothing was unpacked")
        seen.add(member.name)


def _problem_of(member: ArchiveEntry, seen: set[str], links: set[str]) -> str:
    parts = member.name.split("/")
    if member.kind not in ("file", "folder", "link"):
        return f"is a {member.kind}, which no trial folder has"
    if problem := names.problem_of(member.name):
        return problem
    if member.kind != "folder" and member.name in seen:
        return "occurs twice"
    if len(parts) > _MAX_DEPTH:
        return f"lies more than {_MAX_DEPTH} folders deep, where no trial folder has anything"
    if any("/".join(parts[:depth]) in links for depth in range(1, len(parts))):
        return "lies under a symbolic link"
    return ""


class ZipArchive(Archive):
    """A ``.zip``."""

    kind = "zip archive"

    def _list(self) -> Iterator[ArchiveEntry]:
        try:
            self._zip = open_zip(self.file, _MAX_DIRECTORY)
        except DirectoryTooLarge as error:
            raise ImportRefused(
                f"{error}, more than {self.limits.max_entries:,} entries need; put only the trial's folder into it"
            ) from None
        for entry in self._zip.infolist():
            mode = entry.external_attr >> 16
            if entry.flag_bits & 0x1:
                raise ImportRefused(f"{shorten(entry.filename, 200)} is encrypted; make the archive without a password")
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ImportRefused(
                    f"{shorten(entry.filename, 200)} is compressed in a way other than deflate; make the archive "
                    f"again with it"
                )
            # Deflate adds at most a few bytes per block to the data.
            if entry.compress_size > entry.file_size + entry.file_size // 1000 + 100:
                raise ImportRefused(
                    f"{shorten(entry.filename, 200)} announces {entry.file_size:,} bytes and takes "
                    f"{entry.compress_size:,} "
                    "compressed ones; the archive's table of contents is false"
                )
            if stat.S_ISLNK(mode):
                kind = "link"
            elif _is_folder(entry):
                kind = "folder"
            elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
                kind = "file"
            else:
                kind = "special file"
            # orig_filename includes the part after a NUL, which zipfile cuts off.
            yield ArchiveEntry(names.member_name(entry.orig_filename), entry.file_size, kind)

    def _open(self, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
        for entry in self._zip.infolist():
            name = names.member_name(entry.orig_filename)
            if name in wanted and not _is_folder(entry):
                with self._zip.open(entry) as file:
                    yield name, file


def _is_folder(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a folder; PowerShell 5 ends its name with a backslash."""
    return entry.orig_filename.endswith(("/", "\\"))


class _Gunzipped:
    """The content of a .gz file with one stream, decompressed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._inflate = file, zlib.decompressobj(wbits=31)

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end. Raises EOFError if the file is truncated."""
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._file.read(_CHUNK)
            if not packed:
                raise EOFError("it ends before the end of its gzip stream")
            if chunk := self._inflate.decompress(packed, size):
                return chunk
        if self._inflate.unused_data.strip(b"\0") or self._file.read(_CHUNK).strip(b"\0"):
            raise ValueError("something follows its gzip stream; one stream is read")
        return b""


class _Counted:
    """An unpacking stream that refuses archives that yield too many bytes or have headers that no archive needs."""

    def __init__(self, archive: TarArchive, stream: IO[bytes] | _Gunzipped) -> None:
        self._archive, self._stream, self._total = archive, stream, 0
        self._headers = HeaderCheck(archive.limits.max_entries)

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes; none at the end."""
        chunk = self._stream.read(min(size, MEGABYTE))
        self._total += len(chunk)
        self._archive.check_unpacked(self._total)
        self._headers.feed(chunk)
        return chunk


class TarArchive(Archive):
    """A ``.tar.gz`` or ``.tar``, read twice as a stream: once for the list, once for the contents."""

    kind = "tar archive"

    def _stream(self) -> _Counted:
        self.file.seek(0)
        is_packed = self.file.read(2) == b"\x1f\x8b"
        self.file.seek(0)
        return _Counted(self, _Gunzipped(self.file) if is_packed else self.file)

    @staticmethod
    def _entries(stream: _Counted) -> Any:
        return tarfile.open(fileobj=stream, mode="r|")  # type: ignore[call-overload]

    def _list(self) -> Iterator[ArchiveEntry]:
        stream = self._stream()
        for entry in self._entries(stream):
            if entry.isreg() and entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                kind = "sparse or contiguous file"
            elif entry.isreg():
                kind = "file"
            elif entry.isdir():
                kind = "folder"
            elif entry.issym():
                kind = "link"
            else:
                kind = "hard link" if entry.islnk() else "device or pipe"
            yield ArchiveEntry(names.member_name(entry.name), entry.size if kind == "file" else 0, kind)
        while stream.read(_CHUNK):  # tarfile does not check whether the stream is complete
            pass

    def _open(self, wanted: set[str]) -> Iterator[tuple[str, IO[bytes]]]:
        tar = self._entries(self._stream())
        for entry in tar:
            name = names.member_name(entry.name)
            file = tar.extractfile(entry) if name in wanted and entry.isreg() else None
            if file is not None:
                yield name, file


def open_archive(file: IO[bytes], limits: Limits) -> Archive:
    """Return the archive in a seekable file. Raises ImportRefused if it is no archive, or a dangerous one."""
    size = file.seek(0, io.SEEK_END)
    if size > limits.max_file:
        raise ImportRefused(f"the file has {size:,} bytes; at most {limits.max_file:,} are accepted")
    file.seek(0)
    start = file.read(512)
    file.seek(0)
    if not is_archive(start):
        raise ImportRefused(f"this is {describe_start(start)}")
    return (ZipArchive if start[:2] == b"PK" else TarArchive)(file, size, limits)


def is_archive(start: bytes) -> bool:
    """Return whether a file with these first 512 bytes is an archive of a supported kind."""
    return start[:2] in (b"PK", b"\x1f\x8b") or _is_tar(start)


def _is_tar(start: bytes) -> bool:
    """Return whether a file begins with the header of a tar archive of any format, judged by the checksum."""
    try:
        tarfile.TarInfo.frombuf(start, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
