"""The architectures of networks: layers over a whole observation, and layers shared by all entities in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from mate.constants import PRESERVED_DIM
from mate.sizes import Widths
from policies.fields import check_boolean, check_choice, check_integer, refuse

ACTIVATIONS = ("tanh", "relu", "linear")
MEMORIES = {"none": 0, "lstm": 2, "gru": 1}
"""Recurrent layers, with the number of states that each remembers: hidden state, and cell state."""
HEADS = ("linear", "dueling")
POOLINGS = ("max", "mean", "attention")
ENTITY = "entity"
"""The ``kind`` of an ``EntityArchitecture`` in ``policy.json``."""
NUM_COUNTS = 4
"""Columns at the start of an observation that depend on the scenario: three numbers of entities and an index."""
KINDS = ("opponent", "obstacle", "teammate")
"""The kinds of entities in an observation, in their order."""

MAX_LAYERS = 8
MAX_WIDTH = 4096


def _linear_shapes(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


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
        _check_sizes("architecture.hidden_sizes", self.hidden_sizes)
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
        return {member.name: getattr(self, member.name) for member in fields(self)} | {
            "hidden_sizes": list(self.hidden_sizes)
        }

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

    def trunk_shapes(self, input_size: int) -> dict[str, tuple[int, ...]]:
        """Return name and shape of every tensor before the head."""
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
        return shapes

    def tensor_shapes(self, input_size: int, output_size: int) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor of the network, in the layout of PyTorch's ``Linear``, ``LSTM`` and
        ``GRU``.
        """
        shapes = self.trunk_shapes(input_size)
        width = self.head_input_size
        if self.head == "linear":
            return shapes | _linear_shapes("output", width, output_size)
        for branch, size in (("advantage", output_size), ("value", 1)):
            shapes.update(_linear_shapes(f"{branch}.0", width, self.head_size))
            shapes.update(_linear_shapes(f"{branch}.1", self.head_size, size))
        return shapes


def _check_sizes(where: str, sizes: Any) -> None:
    if not isinstance(sizes, tuple) or not 1 <= len(sizes) <= MAX_LAYERS:
        raise refuse(where, f"expected a list of 1 to {MAX_LAYERS} widths")
    for number, width in enumerate(sizes):
        check_integer(f"{where}[{number}]", width, 1, MAX_WIDTH)


@dataclass(frozen=True)
class EntityArchitecture:
    """A network whose weights are shared by all entities of a kind, so that it plays with any number of them.

    Each visible opponent, obstacle and team mate is embedded by layers of ``entity_sizes``. The embeddings of a kind
    are pooled over the entities in sight: their ``max`` or ``mean`` in each component, or the mean weighted by a
    softmax of learned scores (``attention``); 0 if none is in sight. The observer's own columns and the three pooled
    embeddings go through layers of ``hidden_sizes`` and perhaps a memory, as in ``Architecture``. Outputs for single
    targets come from a layer of ``head_size`` over the target's embedding and that trunk's output. Each layer is
    followed by ``activation``. After Zaheer et al. (Deep Sets, NeurIPS 2017).
    """

    entity_sizes: tuple[int, ...]
    hidden_sizes: tuple[int, ...]
    activation: str = "tanh"
    pooling: str = "max"
    memory: str = "none"
    memory_size: int = 0
    skip_connection: bool = False
    head_size: int = 0

    def __post_init__(self) -> None:
        _check_sizes("architecture.entity_sizes", self.entity_sizes)
        check_choice("architecture.pooling", self.pooling, POOLINGS)
        check_integer("architecture.head_size", self.head_size, 0, MAX_WIDTH)
        _ = self.trunk

    @property
    def trunk(self) -> Architecture:
        """The layers after the pooling."""
        return Architecture(
            self.hidden_sizes, self.activation, self.memory, self.memory_size, self.skip_connection
        )  # fmt: skip

    @property
    def num_states(self) -> int:
        """Number of recurrent states, each of ``memory_size``."""
        return MEMORIES[self.memory]

    def to_json(self) -> dict[str, Any]:
        """Return the architecture as JSON values."""
        content = {member.name: getattr(self, member.name) for member in fields(self)}
        sizes = {"hidden_sizes": list(self.hidden_sizes), "entity_sizes": list(self.entity_sizes)}
        return {"kind": ENTITY, **content, **sizes}

    def trunk_input_size(self, widths: Widths) -> int:
        """Width of what the trunk reads: the observer's own columns and an embedding for each kind of entity.

        The numbers of entities and the observer's index, with which an observation begins, are left out.
        """
        return PRESERVED_DIM - NUM_COUNTS + widths.own + len(KINDS) * self.entity_sizes[-1]

    def tensor_shapes(self, widths: Widths, parts: tuple[int, int]) -> dict[str, tuple[int, ...]]:
        """Name and shape of every tensor, for records of these widths and an action of these ``parts``."""
        shapes: dict[str, tuple[int, ...]] = {}
        embedded = self.entity_sizes[-1]
        for kind, record in zip(KINDS, widths[1:], strict=True):
            width = record
            for number, size in enumerate(self.entity_sizes):
                shapes |= _linear_shapes(f"{kind}.{number}", width, size)
                width = size
            if self.pooling == "attention":
                shapes |= _linear_shapes(f"{kind}.score", embedded, 1)
        shapes |= self.trunk.trunk_shapes(self.trunk_input_size(widths))
        read, (for_each, others) = self.trunk.head_input_size, parts
        if for_each:
            if not self.head_size:
                raise refuse("architecture.head_size", "outputs for single targets need a layer; set it to 1 or more")
            shapes |= _linear_shapes("choice.0", embedded + read, self.head_size)
            shapes |= _linear_shapes("choice.1", self.head_size, for_each)
        elif self.head_size:
            raise refuse("architecture.head_size", "the action has no outputs for single targets; set it to 0")
        return shapes | (_linear_shapes("output", read, others) if others else {})
