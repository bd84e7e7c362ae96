"""Names and paths that foreign files bring, from whatever system they come.

The members of an archive are never created on disk, so most names do no harm, however odd they are. Refused are those
that would lead out of the folder they are unpacked in, and those that show as something else than they are.
"""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 1000

_SEPARATORS = re.compile(r"[\\/]+")
_DRIVE = re.compile(r"^[A-Za-z]:")
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FOLDER_ICON = "Icon\r"  # what the Finder of macOS keeps a folder's icon in
_CLUTTER = frozenset({".ds_store", ".directory", "desktop.ini", "ehthumbs.db", "thumbs.db", _FOLDER_ICON.lower()})


def split_path(path: str) -> list[str]:
    """The parts of a path of any system: both separators divide, a drive or a leading separator is no part."""
    return [part for part in _SEPARATORS.split(_DRIVE.sub("", path.strip(" \t\r\n\0\"'"), count=1)) if part]


def last_part(path: str) -> str:
    """The name of the file that a path of any system leads to; empty if there is none."""
    parts = split_path(path)
    return _DRIVE.sub("", parts[-1], count=1) if parts else ""


def member_name(name: str) -> str:
    """The name of an archive's member with ``/`` alone between its parts: some tools write backslashes, or ``./``
    before it.
    """
    parts = _SEPARATORS.split(name)
    kept = "/".join(part for part in parts if part not in ("", "."))
    return f"/{kept}" if name and not parts[0] else kept or "."


def problem_of(name: str) -> str:
    """What forbids a member's name (of ``member_name``), for a sentence that begins with it; empty if nothing does."""
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
    """Whether a text shows as what it is and can be stored: no control characters, no reordering, no halves of
    pairs.
    """
    return storable(text) == text and not any(map(_deceives, text))


def _deceives(character: str) -> bool:
    return character in _REORDERING or unicodedata.category(character) == "Cc"


def is_clutter(name: str) -> bool:
    """Whether a member is what file managers leave in folders, and nothing that somebody put there."""
    *folders, last = name.split("/")
    return "__MACOSX" in folders or last.startswith("._") or last.lower() in _CLUTTER


def storable(name: str) -> str:
    """A member's name as pages and databases can take it: bytes that are no text, which tar keeps, become U+FFFD."""
    return re.sub("[\ud800-\udfff]", "\ufffd", name)
