"""The version of the whole database. Equal versions mean that a reader would see exactly the same rows."""

from __future__ import annotations

import os
from pathlib import Path

from django.db import connection

WAL_HEADER = 48
"""Bytes of each of the two copies of the header of SQLite's WAL index (https://www.sqlite.org/walformat.html)."""


def database_version() -> bytes | None:
    """Return the version that new transactions see now; None if it is unknown, as inside a transaction.

    In PostgreSQL, it is the current snapshot, which lists the visible transactions. In SQLite, it is the header of the
    WAL index, whose counter and checksum change with every commit, and the file's inode, size and time, which change
    when the index is reset.
    """
    if connection.in_atomic_block:
        return None
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_snapshot()::text")
            return str(cursor.fetchone()[0]).encode()
    return read_sqlite_version(str(connection.settings_dict["NAME"])) if connection.vendor == "sqlite" else None


def read_sqlite_version(name: str) -> bytes | None:
    try:
        file = os.stat(name)
    except OSError:
        return None
    header = read_wal_header(Path(f"{name}-shm"))
    return header and header + f"{file.st_ino} {file.st_size} {file.st_mtime_ns}".encode()


_open: dict[tuple[int, int], int] = {}
"""Descriptors of index files, by device and number of the file. They are never closed: closing one would cancel the
locks that SQLite itself holds on the file for this process (https://www.sqlite.org/howtocorrupt.html, 2.2)."""


def read_wal_header(path: Path) -> bytes | None:
    """Return the header; None if there is none or it is being written, in which case its two copies differ."""
    try:
        file = path.stat()
        key = (file.st_dev, file.st_ino)
        if key not in _open:
            _open.setdefault(key, os.open(path, os.O_RDONLY))
        copies = os.pread(_open[key], 2 * WAL_HEADER, 0)
    except OSError:
        return None
    first, second = copies[:WAL_HEADER], copies[WAL_HEADER:]
    return first if len(second) == WAL_HEADER and first == second and any(first) else None
