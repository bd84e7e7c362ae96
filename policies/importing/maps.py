"""The map that a trial was trained on, as far as its archive tells: in params.json, or as a file in the archive."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from posixpath import basename, dirname
from typing import Any

import yaml

from mate.configuration import list_places
from mate.errors import UserError
from policies.errors import CheckpointError
from policies.fields import Dimensions
from policies.importing.names import is_plain

MAX_MAP_BYTES = 64 * 1024
MAX_MAP_CHARACTERS = 16_000
"""Maximum length of a map that is kept with an agent, whose provenance is bounded."""
INLINE = "map in params.json"
"""Name of a map without one."""
USUAL_OVERRIDES = {"reward_type": "dense"}
"""What the examples override, and the packaged maps have anyway."""

_SECTIONS = ("camera", "target", "obstacle")


def find_map(names: Iterable[str], folder: str, name: str) -> str:
    """Return the path of the file of a map among an archive's members: in the trial's folder, or nearest above it.

    Empty: there is none, or several as near.
    """
    found = [path for path in names if basename(path) == name]
    while found:
        near = [path for path in found if dirname(path) == folder or dirname(path).startswith(f"{folder}/")]
        near = near if folder else found
        if near:
            return near[0] if len(near) == 1 else ""
        folder = dirname(folder)
    return ""


def parse_map(content: bytes) -> Mapping[str, Any] | None:
    """Return the mapping in a file of YAML or JSON; None if it holds none."""
    try:
        parsed = yaml.safe_load(content.decode())
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return None
    return parsed if isinstance(parsed, Mapping) else None


def count_entities(config: Mapping[str, Any]) -> Dimensions | None:
    """Return how many cameras, targets and obstacles a map places; None if it cannot be told."""
    counts = []
    for kind in _SECTIONS:
        section = config.get(kind) or {}
        if not isinstance(section, Mapping):
            return None
        try:
            counts.append(sum(len(list_places(section, key)) for key in ("location", "location_random_range")))
        except UserError:
            return None
    try:
        return Dimensions(*counts)
    except CheckpointError:
        return None


def places_entities(overrides: Mapping[str, Any]) -> bool:
    """Return whether overrides of a map may change how many entities it has."""
    sections = (overrides.get(kind, {}) for kind in _SECTIONS)
    keys = ("location", "location_random_range")
    return any(not isinstance(one, Mapping) or any(key in one for key in keys) for one in sections)


def override(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map with overrides: mappings merge key by key, all else replaces."""
    merged = dict(config)
    for key, value in overrides.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = override(before, value)
        else:
            merged[key] = value
    return merged


def write_map(config: Mapping[str, Any]) -> str:
    """Return a map as JSON that can be kept with an agent; empty if it cannot."""
    try:
        text = json.dumps(config, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return ""
    return text if len(text) <= MAX_MAP_CHARACTERS and is_plain(text) else ""
