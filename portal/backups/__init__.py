"""Backups: the whole database and all files that it refers to, in a folder, verified by digests.

Tables are written as JSON lines that every database reads: a backup of SQLite can be restored into PostgreSQL. The list
of all parts with their digests is written last, and the folder gets its name when it is complete.
"""

from portal.backups.restoring import RestoreRefused, restore, verify
from portal.backups.writing import back_up, remove_old

__all__ = ["RestoreRefused", "back_up", "remove_old", "restore", "verify"]
