"""The recipe of a learned agent: everything but the weights that is needed to play it.

A recipe is the content of ``policy.json``. It is checked completely when it is made, so that whatever holds a
``Recipe`` may rely on its sizes being bounded and fitting one another. ``docs/checkpoint-format.md`` describes the
fields for users.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from mate.messages import TEAMS, TEAMS_OF, Team
from mate.sizes import OTHER_POSES, POSES_OF_TARGET, size_of, widths_of
from policies.architectures import (
    ENTITY,
    Architecture,
    EntityArchitecture,
)
from policies.fields import (
    Dimensions,
    check_boolean,
    check_choice,
    check_integer,
    refuse,
    shorten,
)
from policies.graphs.graph import Graph

FORMAT = "mate-policy"
VERSION = 1

DECODINGS = ("levels", "pose", "box", "direct", "select-many", "select-one", "select-pose", "select-subset")
MASKABLE = ("select-many", "select-one", "select-pose")
OUTPUTS = ("logits", "values")
ENHANCEMENTS = tuple(TEAMS_OF)
ANY = "any"
PLAYS = ("stochastic", "deterministic")

MAX_PARAMETERS = 16_000_000
MAX_LEVELS = 64
MAX_FRAME_SKIP = 1000
MAX_SUBSET_TARGETS = 12
MAX_PROVENANCE_CHARACTERS = 20_000


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a raw observation before the network reads it, in this order."""

    relative_coordinates: bool = True
    rescaled: bool = True
    egocentric: bool = False

    def __post_init__(self) -> None:
        check_boolean("preprocessing.relative_coordinates", self.relative_coordinates)
        check_boolean("preprocessing.rescaled", self.rescaled)
        check_boolean("preprocessing.egocentric", self.egocentric)

    def to_json(self) -> dict[str, Any]:
        """Return the preprocessing as JSON values; ``egocentric`` only where it is set, as digests came before it."""
        return {name: value for name, value in _as_object(self).items() if name != "egocentric" or value}

    def input_size(self, team: str, dimensions: Dimensions) -> int:
        """Return the length of a preprocessed observation."""
        sizes = dimensions.cameras, dimensions.targets, dimensions.obstacles
        if self.egocentric:
            return size_of(Team(team), *sizes)
        return dimensions.observation_size(team)


@dataclass(frozen=True)
class Action:
    """How the outputs of the network become an action.

    ``decoding``: ``levels`` is a choice on a grid of ``levels`` x ``levels`` points; ``pose`` is one on such a grid of
    poses relative to the camera's own; ``box`` is a diagonal Gaussian (mean, log standard deviation); ``direct`` is
    the action itself, as fractions of the largest one; ``select-many``, ``select-one`` and ``select-subset`` choose
    targets that a fixed executor then aims at (cameras only), by one yes or no a target, as one of the targets or none,
    or as one of all subsets; ``select-pose`` chooses a target and a pose relative to it, or a pose without a target.
    With ``masked``, targets out of sight are not chosen. ``outputs``: ``logits`` are sampled from in stochastic play;
    ``values`` are maximised, with a random choice in a fraction ``epsilon`` of the decisions in stochastic play.
    """

    decoding: str
    levels: int = 0
    outputs: str = "logits"
    epsilon: float = 0.0
    masked: bool = False

    def __post_init__(self) -> None:
        check_choice("action.decoding", self.decoding, DECODINGS)
        check_choice("action.outputs", self.outputs, OUTPUTS)
        check_boolean("action.masked", self.masked)
        if self.masked and self.decoding not in MASKABLE:
            raise refuse("action.masked", f"only {', '.join(MASKABLE)} have masks; set it to false")
        is_grid = self.decoding in ("levels", "pose")
        check_integer("action.levels", self.levels, 2 if is_grid else 0, MAX_LEVELS if is_grid else 0)
        if isinstance(self.epsilon, bool) or not isinstance(self.epsilon, int | float) or not 0 <= self.epsilon <= 1:
            raise refuse("action.epsilon", f"got {shorten(self.epsilon)}, expected a number from 0 to 1")
        if self.outputs == "logits" and self.epsilon != 0:
            raise refuse("action.epsilon", "only agents whose outputs are values have one; set it to 0")
        if self.outputs == "values" and self.decoding in ("box", "direct", "select-many"):
            raise refuse("action.outputs", f"values cannot be decoded by {self.decoding!r}; use logits")

    @property
    def selects_targets(self) -> bool:
        """Whether the network chooses targets, and a fixed executor the action."""
        return self.decoding.startswith("select-")

    @property
    def is_for_cameras(self) -> bool:
        """Whether only cameras can act so."""
        return self.selects_targets or self.decoding == "pose"

    @property
    def parts(self) -> tuple[int, int]:
        """Number of outputs for each target, and of the others after them; undefined for ``select-subset``."""
        match self.decoding:
            case "levels" | "pose":
                return 0, self.levels**2
            case "box":
                return 0, 4
            case "direct":
                return 0, 2
            case "select-many":
                return 2, 0
            case "select-one":
                return 1, 1
            case "select-pose":
                return POSES_OF_TARGET, OTHER_POSES
            case _:
                raise refuse("action.decoding", f"{self.decoding!r} has no outputs for each target")

    def output_size(self, num_targets: int) -> int:
        """Width of the network's output."""
        if self.decoding == "select-subset":
            return int(2**num_targets)
        for_each, others = self.parts
        return for_each * num_targets + others

    def num_choices(self, num_targets: int) -> int:
        """Number of choices in a decision: one for each target where each is chosen or not, else one."""
        return num_targets if self.decoding == "select-many" else 1

    def to_json(self) -> dict[str, Any]:
        """Return the action as JSON values; ``masked`` only where it is set, as digests came before it."""
        content = _as_object(self) | {"epsilon": float(self.epsilon)}
        return {name: value for name, value in content.items() if name != "masked" or value}


def _is_storable(text: str) -> bool:
    """Whether databases and pages can take a text: NUL and lone surrogates, which JSON can spell, they cannot."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def _frozen_provenance(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(provenance, Mapping):
        raise refuse("provenance", "expected an object of names and texts, numbers or booleans")
    for name, value in provenance.items():
        if not isinstance(name, str) or not isinstance(value, str | int | float | bool | None):
            raise refuse("provenance", f"{shorten(name)} must be a text, a number, true, false or null")
        if not _is_storable(name) or not _is_storable(str(value)):
            raise refuse(
                "provenance", f"{shorten(name)} has a character that is none (NUL, or half of a pair); remove it"
            )
    try:
        length = len(json.dumps(dict(provenance), allow_nan=False))
    except ValueError as error:
        raise refuse("provenance", f"it cannot be written as JSON ({error})") from None
    if length > MAX_PROVENANCE_CHARACTERS:
        raise refuse("provenance", f"it is longer than {MAX_PROVENANCE_CHARACTERS} characters; shorten it")
    return MappingProxyType(dict(sorted(provenance.items())))


@dataclass(frozen=True)
class Recipe:
    """Everything but the weights that is needed to play a learned agent.

    ``scenario`` is what it was trained for, None if it plays in any (graphs and networks of entities can);
    ``enhanced_observation`` is what it was trained under, for information; ``play`` is how it plays where nobody says
    otherwise; ``provenance`` is free text about where it comes from.
    """

    team: str
    architecture: Architecture | EntityArchitecture | Graph
    action: Action
    scenario: Dimensions | None
    frame_skip: int = 1
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    enhanced_observation: str = "none"
    play: str = "stochastic"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("team", self.team, TEAMS)
        check_integer("frame_skip", self.frame_skip, 1, MAX_FRAME_SKIP)
        check_choice("enhanced_observation", self.enhanced_observation, ENHANCEMENTS)
        check_choice("play", self.play, PLAYS)
        object.__setattr__(self, "provenance", _frozen_provenance(self.provenance))
        self._check_parts_fit()

    def _check_parts_fit(self) -> None:
        if self.scenario is None and isinstance(self.architecture, Architecture):
            raise refuse(
                "scenario",
                "only graphs and networks of entities play in any scenario; state cameras, targets and obstacles",
            )
        if self.scenario is not None and self.scenario.team_size(self.team) == 0:
            raise refuse("scenario", f"it has {self.scenario}, hence nobody for team {self.team!r} to play")
        if self.action.is_for_cameras and self.team != Team.CAMERA:
            raise refuse("action.decoding", f"{self.action.decoding!r} is for cameras; a target cannot select targets")
        if self.action.decoding == "select-subset" and isinstance(self.architecture, EntityArchitecture):
            raise refuse("action.decoding", "'select-subset' has a number of outputs that entities cannot share")
        targets = 0 if self.scenario is None else self.scenario.targets
        if self.action.decoding == "select-subset" and targets > MAX_SUBSET_TARGETS:
            raise refuse("action.decoding", f"'select-subset' is limited to {MAX_SUBSET_TARGETS} targets")
        if self.number_of_parameters > MAX_PARAMETERS:
            raise refuse(
                "architecture", f"it has {self.number_of_parameters:,} parameters, more than {MAX_PARAMETERS:,}"
            )

    @property
    def dimensions(self) -> Dimensions:
        """The scenario's dimensions. Raises CheckpointError if the agent plays in any scenario."""
        if self.scenario is None:
            raise refuse("scenario", "the agent plays in any scenario, so it has no dimensions of its own")
        return self.scenario

    @property
    def layers(self) -> Architecture:
        """The architecture, of layers over whole observations. Raises CheckpointError if it is of another kind."""
        if not isinstance(self.architecture, Architecture):
            raise refuse("architecture", "one of layers over whole observations is needed here")
        return self.architecture

    @property
    def observation_size(self) -> int:
        """Length of one raw observation. Raises as ``dimensions``."""
        return self.dimensions.observation_size(self.team)

    @property
    def input_size(self) -> int:
        """Width of the network's input. Raises as ``dimensions``."""
        return self.preprocessing.input_size(self.team, self.dimensions)

    @property
    def output_size(self) -> int:
        """Width of the network's output. Raises as ``dimensions``."""
        return self.action.output_size(self.dimensions.targets)

    @property
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor that ``weights.safetensors`` must have."""
        if isinstance(self.architecture, Graph):
            return dict(self.architecture.tensors)
        if isinstance(self.architecture, EntityArchitecture):
            widths = widths_of(Team(self.team), self.preprocessing.egocentric)
            return self.architecture.tensor_shapes(widths, self.action.parts)
        return self.architecture.tensor_shapes(self.input_size, self.output_size)

    @property
    def number_of_parameters(self) -> int:
        """How many numbers the weights are."""
        total = 0
        for shape in self.tensor_shapes.values():
            size = 1
            for length in shape:
                size *= length
            total += size
        return total

    def __reduce__(self) -> Any:
        return Recipe.from_json, (self.to_json(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Recipe:
        return self

    def to_json(self) -> dict[str, Any]:
        """The content of ``policy.json``."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "team": self.team,
            "architecture": self.architecture.to_json(),
            "preprocessing": self.preprocessing.to_json(),
            "action": self.action.to_json(),
            "frame_skip": self.frame_skip,
            "scenario": ANY if self.scenario is None else _as_object(self.scenario),
            "enhanced_observation": self.enhanced_observation,
            "play": self.play,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_json(cls, content: Any) -> Recipe:
        """The recipe that the parsed content of ``policy.json`` describes.

        Raises CheckpointError that names the field if anything is missing, unknown, or out of bounds.
        """
        content = _checked_object("the file", content, {member.name for member in fields(cls)} | {"format", "version"})
        if content.get("format") != FORMAT or content.get("version") != VERSION:
            raise refuse("format, version", f'expected "format": "{FORMAT}" and "version": {VERSION}')
        values = {name: value for name, value in content.items() if name not in ("format", "version")}
        for name in ("team", "architecture", "action", "scenario"):
            if name not in values:
                raise refuse(name, "it is missing; docs/checkpoint-format.md describes it")
        known: dict[str, Any] = {}
        if values["scenario"] == ANY:
            known["scenario"] = None
        if isinstance(values["architecture"], dict) and values["architecture"].get("kind") == "graph":
            known["architecture"] = Graph.from_json(values["architecture"])
        if isinstance(values["architecture"], dict) and values["architecture"].get("kind") == ENTITY:
            content = {name: value for name, value in values["architecture"].items() if name != "kind"}
            known["architecture"] = _from_object("architecture", EntityArchitecture, content)
        parts = {"action": Action, "architecture": Architecture, "preprocessing": Preprocessing, "scenario": Dimensions}
        for name, part in parts.items():
            if name in values and name not in known:
                known[name] = _from_object(name, part, values[name])
        return cls(**values | known)


def _as_object(part: Any) -> dict[str, Any]:
    return {member.name: getattr(part, member.name) for member in fields(part)}


def _checked_object(where: str, content: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise refuse(where, "expected an object")
    unknown = sorted(set(content) - names)
    if unknown:
        raise refuse(where, f"unknown field {shorten(unknown[0])}; expected {', '.join(sorted(names))}")
    return content


def _from_object(where: str, part: type[Any], content: Any) -> Any:
    values = dict(_checked_object(where, content, {member.name for member in fields(part)}))
    for name in ("hidden_sizes", "entity_sizes"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    try:
        return part(**values)
    except TypeError:
        missing = [member.name for member in fields(part) if member.name not in values]
        raise refuse(where, f"missing one of {', '.join(missing)}") from None
