"""Storage of the portal's files: a folder of this machine, or S3-compatible storage with local copies.

Checkpoints, replays, originals of uploads and the files of trainings are reached by name through Django's storage
interface. Whoever needs a path calls `local_path`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils.deconstruct import deconstructible

PART = ".part-"
"""Beginning of the names of files that are being written. After a crash they are of no use."""


@deconstructible(path="tournament.storages.LocalStorage")
class LocalStorage(FileSystemStorage):
    """A folder whose files are always complete: each is written under a temporary name, synced, then renamed.

    After a power failure a file is there as it was saved, or not at all. A full disk leaves nothing behind.
    """

    def _save(self, name: str, content: File[Any]) -> str:
        place = Path(self.path(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_beside(place) as part:
            with open(part, "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            if self.file_permissions_mode is not None:
                part.chmod(self.file_permissions_mode)
            while not give_name(part, place):  # Another process has taken the name.
                name = self.get_available_name(name)
                place = Path(self.path(name))
        sync_folder(place.parent)
        return str(name).replace("\\", "/")


@contextlib.contextmanager
def written_beside(place: Path) -> Iterator[Path]:
    """Yield the path of a temporary file in the same folder; the file is removed afterwards."""
    part = place.with_name(f"{PART}{uuid.uuid4().hex}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def give_name(part: Path, place: Path) -> bool:
    """Give a file its name unless another has it; return whether it was given."""
    try:
        os.link(part, place)
    except FileExistsError:
        return False
    except OSError:  # A file system without links.
        if place.exists():
            return False
        part.rename(place)
    return True


def sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk; otherwise a power failure may lose a new name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Local copies


def is_remote() -> bool:
    """Return whether files lie outside this machine's file systems."""
    try:
        default_storage.path("x")
    except NotImplementedError:
        return True
    return False


def local_path(name: str) -> Path:
    """Return a path of a stored file on this machine; files of remote storage are copied into the cache first.

    Raises FileNotFoundError, without a path of the server, where there is no such file.
    """
    if not is_remote():
        path = Path(default_storage.path(name))
        if not path.is_file():
            raise FileNotFoundError(f"{name} is not in the portal's files.")
        return path
    path = cache_folder() / name
    if not path.is_file():
        fetch(name, path)
        make_room()
    with contextlib.suppress(FileNotFoundError):
        os.utime(path)
    return path


def fetch(name: str, path: Path) -> None:
    """Copy a stored file to a path atomically, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_beside(path) as part:
        try:
            with default_storage.open(name) as original, open(part, "wb") as copy:
                shutil.copyfileobj(original, copy, 1 << 20)
        except FileNotFoundError:
            raise FileNotFoundError(f"{name} is not in the portal's files.") from None
        part.replace(path)


def forget(name: str) -> None:
    """Remove the local copy of a file of remote storage, because it was damaged or changed."""
    if is_remote():
        (cache_folder() / name).unlink(missing_ok=True)


def cache_folder() -> Path:
    """Return the folder of local copies. All processes of this machine share it."""
    return Path(settings.DATA_DIR) / "cache"


def make_room() -> None:
    """Remove the least recently used copies until the others take at most ARENA_CACHE_BYTES."""
    found: list[tuple[float, int, Path]] = []
    for path in cache_folder().rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.stat()
            if path.is_file():
                found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found)[:-1]:  # Never the one that was just fetched.
        if total <= settings.ARENA_CACHE_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= size


# Whose files these are


MARKER = "installation"
"""Name of the file that says which installation the files belong to."""


def find_problem(installation: str) -> str:
    """Return why this storage is not that of an installation; empty if it is. Errors of the storage are raised."""
    if not (found := read_marker()):
        return (
            "This machine's storage does not have the portal's files. Check ARENA_FILES, or where ARENA_DATA is "
            "mounted."
        )
    if found != installation:
        return (
            "This machine's storage has the files of another installation. Check ARENA_FILES, or where ARENA_DATA is "
            "mounted."
        )
    return ""


def read_marker() -> str:
    """Return the identity of the installation whose files these are; empty where the storage has none."""
    try:
        with default_storage.open(MARKER) as file:
            text: str = file.read().decode(errors="replace").strip()
            return text
    except FileNotFoundError:
        return ""
