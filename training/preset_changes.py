"""Presets that are another one with some changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASES: Mapping[str, str] = {"fast": "quick", "entity": "quick"}
"""The preset that another one changes."""

_FAST: dict[str, Any] = {
    "memory": "none",
    "egocentric": "yes",
}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "fast": _FAST,
    "entity": _FAST | {"architecture": "entity", "selection": "pose"},
}
"""Defaults of these presets that differ from their base's; what an algorithm does not have is left out."""
