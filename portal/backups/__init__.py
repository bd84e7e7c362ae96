"""Backups: the whole database and all files that it refers to, in a folder, verified by digests.

Tables are written as JSON lines, so a backup of SQLite can be restored into PostgreSQL. The manifest, which lists all
parts with their digests, is written last. Then the complete folder gets its final name.
"""

from portal.backups.restoring import RestoreRefused, restore, verify
from portal.backups.writing import back_up, remove_old

__all__ = ["RestoreRefused", "back_up", "remove_old", "restore", "verify"]
