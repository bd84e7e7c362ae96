"""Free disk space, and the handling of full disks."""

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
    """A folder that the portal writes to, and the free and total bytes of its disk."""

    name: str | Promise
    folder: Path
    free: int
    total: int

    @property
    def is_short(self) -> bool:
        """Return whether there is too little space for uploads."""
        return self.free < settings.ARENA_FREE_BYTES


def disks() -> list[Disk]:
    """Return the folders of data, of stored files and of files that are being received; only one folder per disk."""
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
    """Return the folder, or its nearest parent that exists."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def refuse_upload(size: int) -> str:
    """Return why there is no room for a file of this size (bytes); empty if there is."""
    return str(FULL) if any(disk.free < size + settings.ARENA_FREE_BYTES for disk in disks()) else ""


def is_full(error: BaseException | None) -> bool:
    """Return whether an error or one of its causes is a full disk."""
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
    """Open SQLite's database and return the connection, which must stay open; None for other databases.

    SQLite removes its WAL index with the last connection. On a full disk, it could not create the index again, and no
    query would work.
    """
    if connection.vendor != "sqlite":
        return None
    try:
        held = sqlite3.connect(f"{Path(connection.settings_dict['NAME']).as_uri()}?mode=rw", uri=True)
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return None
    return held
