"""The disk under the portal's files: how much of it is free, and what is said where it is full."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

FULL = gettext_lazy(
    "The portal's disk is full, so nothing can be saved now. Pages can still be read. "
    "Try again later; who runs the portal has to make room."
)
CODES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Disk:
    """A folder that the portal writes to, and how many bytes are free there."""

    name: str | Promise
    folder: Path
    free: int
    total: int

    @property
    def is_short(self) -> bool:
        """Return whether uploads are refused for want of space."""
        return self.free < settings.ARENA_FREE_BYTES


def disks() -> list[Disk]:
    """The folders of data and of files that are being received; one of them where both are on the same disk."""
    found: dict[tuple[int, int], Disk] = {}
    folders = {
        gettext_lazy("Data"): Path(settings.DATA_DIR),
        gettext_lazy("Files"): Path(settings.MEDIA_ROOT),
        gettext_lazy("Temporary"): Path(tempfile.gettempdir()),
    }
    for name, folder in folders.items():
        usage = shutil.disk_usage(nearest(folder))
        found.setdefault((usage.total, usage.free), Disk(name, folder, usage.free, usage.total))
    return list(found.values())


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def refuse_upload(size: int) -> str:
    """Why a file of this size cannot be taken now; empty if it can."""
    return str(FULL) if any(disk.free < size + settings.ARENA_FREE_BYTES for disk in disks()) else ""


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or what led to it, is that a disk is full."""
    return any(_tells_of_full_disk(one) for one in causes(error))


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tells_of_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in CODES
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
    return getattr(error, "sqlstate", None) == "53100"  # PostgreSQL's "disk full"


def keep_readable() -> sqlite3.Connection | None:
    """Open SQLite's database, and leave it open as long as what is returned is kept.

    Its shared index is removed with the last connection. On a full disk it could not be created again, and nothing
    could be read.
    """
    if connection.vendor != "sqlite":
        return None
    try:
        held = sqlite3.connect(f"{Path(connection.settings_dict['NAME']).as_uri()}?mode=rw", uri=True)
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return None
    return held
