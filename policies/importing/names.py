"""Names and paths in uploaded files, from any operating system.

The members of an archive are never created on disk, so most odd names are harmless. A name is refused if it would lead
out of the folder into which it is unpacked, or if it is displayed as something else than it is.
"""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 1000

_SEPARATORS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"^[A-Za-z]:")
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FOLDER_ICON = "Icon\r"  # the file in which macOS's Finder stores a folder's icon
_CLUTTER = frozenset({".ds_store", ".directory", "desktop.ini", "ehthumbs.db", "thumbs.db", _FOLDER_ICON.lower()})


def split_path(path: str) -> list[str]:
    """Return the parts of a path of any system, divided at / and \\; a drive or a leading separator is no part."""
    return [part for part in _SEPARATORS.split(_DRIVE.sub("", path.strip(" \t\r\n\0\"'"), count=1)) if part]


def last_part(path: str) -> str:
    """Return the name of the file that a path of any system leads to; empty if there is none."""
    parts = split_path(path)
    return _DRIVE.sub("", parts[-1], count=1) if parts else ""


def member_name(name: str) -> str:
    """Return the name of an archive's member with ``/`` as separator: some tools write backslashes, or a leading
    ``./``.
    """
    parts = _SEPARATORS.split(name)
    kept = "/".join(part for part in parts if part not in ("", "."))
    return f"/{kept}" if name and not parts[0] else kept or "."


def problem_of(name: str) -> str:
    """Return why a name (from ``member_name``) is forbidden, to follow it in a sentence; empty if it is allowed."""
    if len(name) > MAX_NAME:
        return f"has a name of {len(name):,} characters; at most {MAX_NAME:,} are read, shorten it"
    if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
        return "has a path that leads out of the archive; archive the trial's folder with paths inside it alone"
    parts = (part for part in name.split("/") if part != _FOLDER_ICON)
    found = next((character for part in parts for character in part if _deceives(character)), None)
    if found is None:
        return ""
    kind = "changes the order in which a name is shown" if found in _REORDERING else "is a control character"
    called = unicodedata.name(found, "")
    return (
        f"has the character U+{ord(found):04X}{f' ({called})' if called else ''} in its name, which {kind}; rename it"
    )


def is_plain(text: str) -> bool:
    """Return whether a text is displayed as it is and can be stored.

    It may have no control characters, no characters that change the direction, and no lone surrogates.
    """
    return storable(text) == text and not any(map(_deceives, text))


def _deceives(character: str) -> bool:
    return character in _REORDERING or unicodedata.category(character) == "Cc"


def is_clutter(name: str) -> bool:
    """Return whether a member is a file that file managers leave in folders, and not one of the user's."""
    *folders, last = name.split("/")
    return "__MACOSX" in folders or last.startswith("._") or last.lower() in _CLUTTER


def storable(name: str) -> str:
    """Return a member's name in a form for pages and databases: undecodable bytes, which tar keeps, become U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", name)
