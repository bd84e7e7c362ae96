"""A cache of values that are the same for all users. They are valid until the database changes.

`portal.server.visitor_pages` caches whole pages for visitors. Pages of signed-in users differ in a name or a button,
but their costly queries and computations are the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

from cachetools import LRUCache
from django.utils.translation import get_language

from portal.server.freshness import database_version

MOST = 200
"""Maximum number of values in the cache of a process. The least recently used are dropped first."""

_kept: LRUCache[Hashable, tuple[bytes, dict[str, Any]]] = LRUCache(MOST)
_lock = threading.Lock()


def kept(key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the cached value of the key, or call ``make`` if the database has changed since.

    The value must depend only on the key and the database. It must not be lazy, because several threads use it.
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
