"""Validation of a scenario's document, which reports all problems at once.

The game's own checks stop at the first problem. Each part of a document is therefore checked alone, inside an otherwise
valid scenario. Problems of several parts together are found only once each part is valid alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from mate.configuration import CAMERA_DEFAULTS, DEFAULTS, TARGET_DEFAULTS
from mate.errors import UserError
from mate.scenario import Scenario
from mate.variants import VARIANT
from tournament.drafts.documents import KEYS, PLACES, SECTIONS
from tournament.refusals import RequestRefused

Problem = tuple[str, str]
"""A field (`section.field` if it lies in a section), and a sentence about its problem."""
MAX_ENTITIES = {"camera": 64, "target": 63, "obstacle": 64}
"""Maximum numbers of entities; heuristic cameras cannot plan for more targets."""
NEEDED = {"camera": "cameras", "target": "targets"}
"""Sections that must place entities, because both teams have to play, with the plurals for messages."""
SOUND: dict[str, Any] = {
    "num_cargoes_per_target": 4,
    "camera": {"location": [[500, 500]]},
    "target": {"location": [[-500, -500]]},
}
"""A valid document, in which each part of another document is checked alone."""


def check(document: Mapping[str, Any]) -> Scenario:
    """Return the scenario of a document. Raises RequestRefused with all problems."""
    problems = find_problems(document)
    if problems:
        raise RequestRefused(problems)
    return _load(document)


def find_problems(document: Mapping[str, Any]) -> list[Problem]:
    """Return all problems of a document; none if it describes a valid scenario."""
    problems = [*_unknown(document, KEYS, ""), *_check_values(document)]
    for kind in SECTIONS:
        problems += _check_section(document, kind)
    if not problems:
        problems += _try("", document)
    return list(dict.fromkeys(problems))


def _load(document: Mapping[str, Any]) -> Scenario:
    variant = {key: document[key] for key in VARIANT if key in document}
    config = {key: value for key, value in document.items() if key not in VARIANT}
    return Scenario.load(config, **variant).check_limits()


def _try(field: str, document: Mapping[str, Any]) -> list[Problem]:
    try:
        _load(document)
    except UserError as error:
        return [(field, str(error))]
    except (TypeError, ValueError, AssertionError, OverflowError) as error:
        return [(field, f"It cannot be read: {error}.")]
    return []


def _unknown(values: Mapping[str, Any], known: Sequence[str], prefix: str) -> Iterator[Problem]:
    for key in values:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            advice = f"Did you mean `{prefix}{near[0]}`?" if near else f"There are {', '.join(known)}."
            yield f"{prefix}{str(key)[:60]}", f"There is no key `{prefix}{str(key)[:60]}`. {advice}"


def _check_values(document: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("num_cargoes_per_target", *DEFAULTS, *VARIANT):
        if key in document:
            yield from _try(key, SOUND | {key: document[key]})
    if "num_cargoes_per_target" not in document:
        yield "num_cargoes_per_target", "`num_cargoes_per_target` is missing; give a number of at least 4."
    for key in ("targets_start_with_cargoes", "shuffle_entities"):
        if not isinstance(document.get(key, True), bool):
            yield key, f"`{key}` is {document[key]!r}; it must be true or false."
    if not isinstance(document.get("name", ""), str):
        yield "name", f"`name` is {document['name']!r}; it must be a text."


def _check_section(document: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    section = document.get(kind)
    if section is None:
        if kind in NEEDED:
            yield (
                kind,
                f"The section `{kind}` is missing; place at least one of the {NEEDED[kind]}, so that both teams play.",
            )
        return
    if not isinstance(section, Mapping):
        yield kind, f"`{kind}` is {type(section).__name__}; it must be a mapping."
        return
    yield from _unknown(section, SECTIONS[kind], f"{kind}.")
    yield from _check_parameters(section, kind)
    yield from _check_places(section, kind)


def _check_parameters(section: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    for key in {"camera": CAMERA_DEFAULTS, "target": TARGET_DEFAULTS, "obstacle": ("transmittance",)}[kind]:
        if key in section:
            sound = _sound_section(kind)
            yield from _try(f"{kind}.{key}", SOUND | {kind: sound | {key: section[key]}})
    if kind == "obstacle" and any(section.get(key) for key in PLACES):
        radius = {key: section[key] for key in ("radius", "radius_random_range") if key in section}
        yield from _try("obstacle.radius", SOUND | {"obstacle": {"location": [[0, 0]]} | radius})


def _sound_section(kind: str) -> dict[str, Any]:
    sound: dict[str, Any] = SOUND.get(kind, {"location": [[0, 0]], "radius": 25})
    return sound


def _check_places(section: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    """Check each place by itself, at its own position in the lists, so that messages name the right entry."""
    lists: dict[str, Any] = {key: section.get(key) if section.get(key) is not None else [] for key in PLACES}
    for key, places in lists.items():
        if not isinstance(places, (list, tuple)):
            yield f"{kind}.{key}", f"`{kind}.{key}` is {places!r}; it must be a list of places."
            lists[key] = []
    fixed, random = (list(lists[key]) for key in PLACES)
    count = len(fixed) + len(random)
    if count == 0 and kind in NEEDED:
        yield f"{kind}.location", f"`{kind}` places nobody; give at least one `location` or `location_random_range`."
    most = MAX_ENTITIES[kind]
    if count > most:
        yield f"{kind}.location", f"There are {count} {kind}s; at most {most} can be played here."
    rest = {key: value for key, value in _sound_section(kind).items() if key not in PLACES}
    for number, place in enumerate(fixed[:most]):
        places = {"location": [[0, 0]] * number + [place]}
        yield from _try(f"{kind}.location", SOUND | {kind: rest | places})
    for number, place in enumerate(random[:most]):
        padding = min(len(fixed), most - number)
        places = {"location": [[0, 0]] * max(padding, 0), "location_random_range": [[0, 0, 0, 0]] * number + [place]}
        yield from _try(f"{kind}.location_random_range", SOUND | {kind: rest | places})
