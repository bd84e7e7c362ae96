"""Presets that are defined as changes of another preset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BASES: Mapping[str, str] = {"fast": "quick", "entity": "quick"}
"""The base of each such preset."""

_FAST: dict[str, Any] = {
    "memory": "none",
    "egocentric": "yes",
    "coefficient_raw_reward": {"camera": 0.0, "target": 0.01},
    "coefficient_coverage_rate": 0.0,
    "coefficient_real_coverage_rate": {"camera": 1.0, "target": 0.0},
    "entropy_coefficient": {"camera": [[0.0, 0.003], [1.0, 0.0001]], "target": [[0.0, 0.005], [1.0, 0.001]]},
    "gamma": {"camera": 0.97, "target": 0.99},
    "minibatch_size": 512,
}
CHANGES: Mapping[str, Mapping[str, Any]] = {
    "fast": _FAST,
    "entity": _FAST | {"architecture": "entity", "selection": "pose"},
}
"""Defaults of these presets that differ from their base; hyperparameters that an algorithm lacks are ignored.

A mapping gives a default for each team.
"""


def changes_of(preset: str, team: str) -> dict[str, Any]:
    """Return the defaults of a preset that differ from its base."""
    changes = CHANGES.get(preset, {})
    return {name: value[team] if isinstance(value, Mapping) else value for name, value in changes.items()}
