"""What pages show to everybody alike, kept as long as the database is exactly as it was.

`portal.server.visitor_pages` keeps whole pages of visitors. Pages of signed-in users differ in a name or a button; what
took queries and arithmetic is the same for all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

from cachetools import LRUCache
from django.utils.translation import get_language

from portal.server.freshness import database_version

MOST = 200
"""Values that a process keeps; those asked for least recently make room."""

_kept: LRUCache[Hashable, tuple[bytes, dict[str, Any]]] = LRUCache(MOST)
_lock = threading.Lock()


def kept(key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what ``make`` returned for the key, if nothing has changed since, or what it returns now.

    ``make`` has to depend on the key and the database alone, and to have read all that it returns: several threads will
    use it.
    """
    version, key = database_version(), (key, get_language())
    with _lock:
        found = _kept.get(key)
    if found is not None and found[0] == version:
        return found[1]
    value = make()
    if version is not None:
        with _lock:
            _kept[key] = version, value
    return value
