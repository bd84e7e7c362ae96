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

ACTIVATIONS = ("tanh", "relu", "linear")
MEMORIES = {"none": 0, "lstm": 2, "gru": 1}
"""Recurrent layers, with the number of states that each remembers: hidden state, and cell state."""
HEADS = ("linear", "dueling")
DECODINGS = ("levels", "box", "direct", "select-many", "select-one", "select-subset")
OUTPUTS = ("logits", "values")
ENHANCEMENTS = tuple(TEAMS_OF)
ANY = "any"
PLAYS = ("stochastic", "deterministic")

MAX_LAYERS = 8
MAX_WIDTH = 4096
MAX_PARAMETERS = 16_000_000
MAX_LEVELS = 64
MAX_FRAME_SKIP = 1000
MAX_SUBSET_TARGETS = 12
MAX_PROVENANCE_CHARACTERS = 20_000


@dataclass(frozen=True)
class Architecture:
    """A network: hidden layers, an optional recurrent layer, a head.

    ``hidden_sizes`` are the widths of the fully connected layers, each followed by ``activation``. ``memory`` and
    ``memory_size`` describe the recurrent layer after them; with ``skip_connection`` the head reads the last hidden
    layer and the recurrent output side by side, otherwise the recurrent output alone. A ``dueling`` head (Wang et al.,
    ICML 2016) has one ReLU layer of ``head_size`` in each of its two branches.
    """

    hidden_sizes: tuple[int, ...]
    activation: str = "tanh"
    memory: str = "none"
    memory_size: int = 0
    skip_connection: bool = False
    head: str = "linear"
    head_size: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.hidden_sizes, tuple) or not 1 <= len(self.hidden_sizes) <= MAX_LAYERS:
            raise refuse("architecture.hidden_sizes", f"expected a list of 1 to {MAX_LAYERS} widths")
        for number, width in enumerate(self.hidden_sizes):
            check_integer(f"architecture.hidden_sizes[{number}]", width, 1, MAX_WIDTH)
        check_choice("architecture.activation", self.activation, ACTIVATIONS)
        check_choice("architecture.memory", self.memory, tuple(MEMORIES))
        check_choice("architecture.head", self.head, HEADS)
        check_boolean("architecture.skip_connection", self.skip_connection)
        has_memory, is_dueling = self.memory != "none", self.head == "dueling"
        check_integer("architecture.memory_size", self.memory_size, int(has_memory), MAX_WIDTH if has_memory else 0)
        check_integer("architecture.head_size", self.head_size, int(is_dueling), MAX_WIDTH if is_dueling else 0)
        if self.skip_connection and not has_memory:
            raise refuse("architecture.skip_connection", "a skip connection needs a memory; set it to false")

    def to_json(self) -> dict[str, Any]:
        """Return the architecture as JSON values."""
        return _as_object(self) | {"hidden_sizes": list(self.hidden_sizes)}

    @property
    def num_states(self) -> int:
        """Number of recurrent states, each of ``memory_size``."""
        return MEMORIES[self.memory]

    @property
    def head_input_size(self) -> int:
        """Width of what the head reads."""
        if self.memory == "none":
            return self.hidden_sizes[-1]
        return self.memory_size + (self.hidden_sizes[-1] if self.skip_connection else 0)

    def tensor_shapes(self, input_size: int, output_size: int) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor of the network, in the layout of PyTorch's ``Linear``, ``LSTM`` and
        ``GRU``.
        """
        shapes: dict[str, tuple[int, ...]] = {}
        width = input_size
        for number, size in enumerate(self.hidden_sizes):
            shapes.update(_linear_shapes(f"hidden.{number}", width, size))
            width = size
        if self.memory != "none":
            gates = (4 if self.memory == "lstm" else 3) * self.memory_size
            shapes[f"{self.memory}.weight_ih_l0"] = (gates, width)
            shapes[f"{self.memory}.weight_hh_l0"] = (gates, self.memory_size)
            shapes[f"{self.memory}.bias_ih_l0"] = shapes[f"{self.memory}.bias_hh_l0"] = (gates,)
        width = self.head_input_size
        if self.head == "linear":
            return shapes | _linear_shapes("output", width, output_size)
        for branch, size in (("advantage", output_size), ("value", 1)):
            shapes.update(_linear_shapes(f"{branch}.0", width, self.head_size))
            shapes.update(_linear_shapes(f"{branch}.1", self.head_size, size))
        return shapes


def _linear_shapes(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a raw observation before the network reads it, in this order."""

    relative_coordinates: bool = True
    rescaled: bool = True

    def __post_init__(self) -> None:
        check_boolean("preprocessing.relative_coordinates", self.relative_coordinates)
        check_boolean("preprocessing.rescaled", self.rescaled)


@dataclass(frozen=True)
class Action:
    """How the outputs of the network become an action.

    ``decoding``: ``levels`` is a choice on a grid of ``levels`` x ``levels`` points; ``box`` is a diagonal Gaussian
    (mean, log standard deviation); ``direct`` is the action itself, as fractions of the largest one; ``select-many``,
    ``select-one`` and ``select-subset`` choose targets that a fixed executor then aims at (cameras only), by one yes or
    no a target, as one of the targets or none, or as one of all subsets. ``outputs``: ``logits`` are sampled from in
    stochastic play; ``values`` are maximised, with a random choice in a fraction ``epsilon`` of the decisions in
    stochastic play.
    """

    decoding: str
    levels: int = 0
    outputs: str = "logits"
    epsilon: float = 0.0

    def __post_init__(self) -> None:
        check_choice("action.decoding", self.decoding, DECODINGS)
        check_choice("action.outputs", self.outputs, OUTPUTS)
        is_grid = self.decoding == "levels"
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

    def output_size(self, num_targets: int) -> int:
        """Width of the network's output."""
        match self.decoding:
            case "levels":
                return self.levels**2
            case "box":
                return 4
            case "direct":
                return 2
            case "select-many":
                return 2 * num_targets
            case "select-one":
                return num_targets + 1
            case _:
                return 2**num_targets


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

    ``scenario`` is what it was trained for, None if it plays in any (graphs alone can); ``enhanced_observation`` is
    what it was trained under, for information; ``play`` is how it plays where nobody says otherwise; ``provenance`` is
    free text about where it comes from.
    """

    team: str
    architecture: Architecture | Graph
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
        if self.scenario is None and not isinstance(self.architecture, Graph):
            raise refuse("scenario", "only a graph plays in any scenario; state cameras, targets and obstacles")
        if self.scenario is not None and self.scenario.team_size(self.team) == 0:
            raise refuse("scenario", f"it has {self.scenario}, hence nobody for team {self.team!r} to play")
        if self.action.selects_targets and self.team != Team.CAMERA:
            raise refuse("action.decoding", f"{self.action.decoding!r} is for cameras; a target cannot select targets")
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
        """The architecture, of layers. Raises CheckpointError if it is a graph of operators."""
        if isinstance(self.architecture, Graph):
            raise refuse("architecture", "the network is a graph of operators, and one of layers is needed here")
        return self.architecture

    @property
    def observation_size(self) -> int:
        """Length of one raw observation, and width of the network's input. Raises as ``dimensions``."""
        return self.dimensions.observation_size(self.team)

    @property
    def output_size(self) -> int:
        """Width of the network's output. Raises as ``dimensions``."""
        return self.action.output_size(self.dimensions.targets)

    @property
    def tensor_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor that ``weights.safetensors`` must have."""
        if isinstance(self.architecture, Graph):
            return dict(self.architecture.tensors)
        return self.architecture.tensor_shapes(self.observation_size, self.output_size)

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
            "preprocessing": _as_object(self.preprocessing),
            "action": _as_object(self.action) | {"epsilon": float(self.action.epsilon)},
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
    if isinstance(values.get("hidden_sizes"), list):
        values["hidden_sizes"] = tuple(values["hidden_sizes"])
    try:
        return part(**values)
    except TypeError:
        missing = [member.name for member in fields(part) if member.name not in values]
        raise refuse(where, f"missing one of {', '.join(missing)}") from None
