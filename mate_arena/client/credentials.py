"""The sources of the portal's address and the token: arguments, environment, or the file that `login` writes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from mate_arena.client.errors import ArenaError

LOCAL = "http://127.0.0.1:8000"
"""The address of a portal that `mate-arena run` started on this machine."""


def path() -> Path:
    """Return the path of the file with addresses and tokens, in the user's configuration folder."""
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return folder / "mate-arena" / "credentials.json"


def resolve(url: str | None = None, token: str | None = None) -> tuple[str, str]:
    """Return the address and the token; the token is empty if there is none.

    A stored token is only used for its own portal.
    """
    stored = _read()
    found = (url or os.environ.get("ARENA_URL") or stored.get("default") or LOCAL).rstrip("/")
    known = stored.get("tokens", {}).get(found, "")
    return found, token or os.environ.get("ARENA_TOKEN") or known


def store(url: str, token: str) -> Path:
    """Store a token for a portal, which becomes the default. Other users cannot read the file."""
    stored = _read()
    url = url.rstrip("/")
    return _write({"default": url, "tokens": stored.get("tokens", {}) | {url: token}})


def forget(url: str) -> None:
    """Delete the token of a portal."""
    stored = _read()
    tokens = {one: token for one, token in stored.get("tokens", {}).items() if one != url.rstrip("/")}
    _write(stored | {"tokens": tokens})


def _read() -> dict[str, Any]:
    try:
        found = json.loads(path().read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ArenaError(f"{path()} cannot be read ({error}). Mend or delete it, then log in again.") from None
    return found if isinstance(found, dict) else {}


def _write(content: dict[str, Any]) -> Path:
    place = path()
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file, indent=2)
    part.replace(place)
    return place
