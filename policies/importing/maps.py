"""The map that a trial was trained on, if its archive has it: in params.json, or as a file."""

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
"""Maximum length of a map that is stored with an agent, whose provenance is limited in size."""
INLINE = "map in params.json"
"""Name of a map that has no name."""
USUAL_OVERRIDES = {"reward_type": "dense"}
"""Overrides of the examples that do not change the packaged maps."""

_SECTIONS = ("camera", "target", "obstacle")


def find_map(names: Iterable[str], folder: str, name: str) -> str:
    """Return the path of a map's file among an archive's members: in the trial's folder, or nearest above it.

    It is empty if there is none, or several are equally near.
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
    """Return the mapping in a YAML or JSON file; None if the file does not contain one."""
    try:
        parsed = yaml.safe_load(content.decode())
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        return None
    return parsed if isinstance(parsed, Mapping) else None


def count_entities(config: Mapping[str, Any]) -> Dimensions | None:
    """Return how many cameras, targets and obstacles a map places; None if that cannot be determined."""
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
    """Return whether overrides of a map may change its number of entities."""
    sections = (overrides.get(kind, {}) for kind in _SECTIONS)
    keys = ("location", "location_random_range")
    return any(not isinstance(one, Mapping) or any(key in one for key in keys) for one in sections)


def override(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map with overrides: mappings are merged recursively, other values are replaced."""
    merged = dict(config)
    for key, value in overrides.items():
        before = merged.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = override(before, value)
        else:
            merged[key] = value
    return merged


def write_map(config: Mapping[str, Any]) -> str:
    """Return a map as JSON to be stored with an agent; empty if it cannot be stored."""
    try:
        text = json.dumps(config, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return ""
    return text if len(text) <= MAX_MAP_CHARACTERS and is_plain(text) else ""
