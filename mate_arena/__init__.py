"""MATE Arena as an installed distribution: the location of its application, and entry points for other programs.

The application is a folder of packages with plain names (`portal`, `tasks`, ...), as in any Django project. In a
checkout it is the checkout itself. In a wheel it lies inside this package, so its names conflict with no others.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mate_arena.client import ArenaClient
    from tournament.loading import LoadedAgent

__all__ = ["APPLICATION", "ArenaClient", "load", "load_agent", "open_application"]

_INSTALLED = Path(__file__).resolve().parent / "application"
APPLICATION = _INSTALLED if _INSTALLED.is_dir() else _INSTALLED.parent.parent


def open_application() -> None:
    """Make the application's packages importable, with precedence over others of the same names."""
    if str(APPLICATION) not in sys.path:
        sys.path.insert(0, str(APPLICATION))


def load_agent(path: str, team: str, deterministic: bool | None = None) -> object:
    """Return the agent that plays `team` with the checkpoint at `path`: the entry point `mate.agent_loaders`.

    Raises CheckpointError as `policies.agents.load_agent` does.
    """
    open_application()
    from policies.agents import load_agent as load

    return load(path, team, deterministic)


def load(path: str | os.PathLike[str], name: str = "", deterministic: bool | None = None) -> LoadedAgent:
    """Return the agent in a file from a portal, or in a native checkpoint, as `tournament.loading.load` does.

    `.member()` gives an opponent, `.seat(env)` a player. For many episodes at once, call the returned object itself.
    """
    open_application()
    from tournament.loading import load as load_file

    return load_file(path, name, deterministic)


def __getattr__(name: str) -> Any:
    """Load the client only when it is used: `mate-arena run` does not need it."""
    if name == "ArenaClient":
        from mate_arena.client import ArenaClient

        return ArenaClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
