"""Documents of scenarios: a configuration of the game, with the additional keys of a variant (`mate.variants`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from mate.configuration import CAMERA_DEFAULTS, DEFAULTS, TARGET_DEFAULTS
from mate.scenario import Scenario
from mate.variants import VARIANT
from tournament.refusals import RequestRefused

MAX_BYTES = 100_000
MAX_VALUES = 4000
MAX_DEPTH = 5
PLACES = ("location", "location_random_range")
SECTIONS = {
    "camera": (*PLACES, *CAMERA_DEFAULTS),
    "target": (*PLACES, *TARGET_DEFAULTS),
    "obstacle": (*PLACES, "radius", "radius_random_range", "transmittance"),
}
"""The keys of the sections that place entities."""
KEYS = ("name", *DEFAULTS, "num_cargoes_per_target", *SECTIONS, *VARIANT)
"""The keys of a document."""


def read(text: str | bytes) -> dict[str, Any]:
    """Return the document in a text of YAML or JSON; only numbers, strings, lists and mappings are read.

    Raises RequestRefused that says where the text cannot be read.
    """
    if len(text) > MAX_BYTES:
        raise _refused(f"It has {len(text):,} bytes; a scenario has at most {MAX_BYTES:,}.")
    try:
        document = _parse(text)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _refused(f"It cannot be read as YAML or JSON: {_describe(error)}") from error
    if not isinstance(document, dict):
        raise _refused(
            "It holds no mapping; a scenario is a mapping of keys to values, such as `max_episode_steps: 10000`."
        )
    measure(document)
    return document


def merge(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with changes: mappings merge key by key, null removes a key, other values replace."""
    merged = dict(document)
    for key, value in changes.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = merge(before, value)
        else:
            merged[key] = value
    return merged


def _parse(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return yaml.safe_load(text)  # YAML reads 1e3 as a string, JSON as a number.


def _describe(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{str(problem)[:200]}{where}. Correct it there."


def measure(value: Any, depth: int = 0, count: int = 0) -> int:
    """Return the number of values in a document; values behind a reference count at each use.

    Raises RequestRefused if there are too many, or if lists and mappings are nested deeper than any key needs.
    """
    if depth > MAX_DEPTH:
        raise _refused(
            f"Its lists and mappings lie in each other more than {MAX_DEPTH} deep; no key of a scenario needs that."
        )
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple, set)) else ()
    for one in inner:
        count = measure(one, depth + 1, count)
    if count >= MAX_VALUES:
        raise _refused(f"It has more than {MAX_VALUES:,} values, references counted each time. Place fewer entities.")
    return count + 1


def _refused(problem: str) -> RequestRefused:
    return RequestRefused([("document", problem)])


def to_document(scenario: Scenario) -> dict[str, Any]:
    """Return the document of a scenario, from which `check` makes the same scenario."""
    document: dict[str, Any] = {
        key: getattr(scenario, key) for key in ("name", "max_episode_steps", "reward_type", "num_cargoes_per_target")
    }
    document |= {key: getattr(scenario, key) for key in DEFAULTS if key not in document} | scenario.variant
    for kind, defaults in (("camera", CAMERA_DEFAULTS), ("target", TARGET_DEFAULTS), ("obstacle", ())):
        boxes = getattr(scenario, f"{kind}_boxes")
        if boxes:
            values = {key: getattr(scenario, f"{kind}_{key}") for key in defaults}
            document[kind] = _to_places(boxes) | values
    if scenario.obstacle_boxes:
        low, high = scenario.obstacle_radius_range
        radius: dict[str, Any] = {"radius": low} if low == high else {"radius_random_range": [low, high]}
        document["obstacle"] |= radius | {"transmittance": scenario.obstacle_transmittance}
    plain: dict[str, Any] = json.loads(json.dumps(document, default=float), parse_float=_plain)
    return plain


def _to_places(boxes: tuple[tuple[float, ...], ...]) -> dict[str, Any]:
    """Return boxes, in their order: first fixed places, then from the first random box on only random ranges."""
    is_fixed = [box[0] == box[1] and box[2] == box[3] for box in boxes]
    count = is_fixed.index(False) if False in is_fixed else len(boxes)
    places: dict[str, Any] = {}
    if count:
        places["location"] = [[box[0], box[2]] for box in boxes[:count]]
    if count < len(boxes):
        places["location_random_range"] = [list(box) for box in boxes[count:]]
    return places


def _plain(text: str) -> float | int:
    """Return a number as people write it: 40 rather than 40.0."""
    number = float(text)
    return int(number) if number == int(number) and abs(number) < 1e15 else number


class _Dumper(yaml.SafeDumper):
    """Writes lists of numbers on one line, and no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_list(dumper: yaml.SafeDumper, values: list[Any]) -> yaml.Node:
    is_row = all(not isinstance(value, (list, dict)) for value in values)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=is_row)


_Dumper.add_representer(list, _represent_list)


def to_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML."""
    return yaml.dump(dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
