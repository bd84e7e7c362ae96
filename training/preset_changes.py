"""Presets that are defined as changes of another preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASES: Mapping[str, str] = {"fast": "quick", "entity": "quick"}
"""The base of each such preset."""

_FAST: dict[str, Any] = {
    "memory": "none",
    "egocentric": "yes",
}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "fast": _FAST,
    "entity": _FAST | {"architecture": "entity", "selection": "pose"},
}
"""Defaults of these presets that differ from their base; hyperparameters that an algorithm lacks are ignored."""
