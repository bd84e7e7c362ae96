"""Conversion of the native architectures to graphs of ONNX's operators."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mate.constants import PRESERVED_DIM
from policies.architectures import KINDS, NUM_COUNTS, Architecture, EntityArchitecture
from policies.checkpoint import Checkpoint
from policies.fields import Dimensions
from policies.graphs.building import ACTIVATIONS, GraphBuilder
from policies.graphs.graph import Graph
from policies.inputs import input_parts_of, kinds_of
from policies.recipe import Recipe

_LEAST = -1e30
"""Value of each component of an entity out of sight in the pooling of maxima."""


def graph_of(checkpoint: Checkpoint) -> tuple[Graph, dict[str, np.ndarray]]:
    """Return the network of a checkpoint as a graph with its weights; a graph is returned unchanged.

    The outputs of the graph and of the checkpoint's own network differ only in the last digits.
    """
    architecture = checkpoint.recipe.architecture
    if isinstance(architecture, Graph):
        return architecture, dict(checkpoint.weights)
    builder = GraphBuilder()
    inputs: tuple[str, ...] = ("observation",)
    if isinstance(architecture, EntityArchitecture):
        trunk = _TrunkWriting(builder, architecture.trunk, checkpoint.weights)
        writing = _EntityWriting(trunk, architecture, checkpoint.recipe)
        inputs, output = ("preserved", "self", *writing.kinds), writing.write()
    else:
        trunk = _TrunkWriting(builder, architecture, checkpoint.weights)
        output = trunk.head(trunk.read(*inputs))
    return builder.finish("member", inputs, output, trunk.states), builder.tensors


class _TrunkWriting:
    """Writes the layers and the memory of a network to a graph; ``states`` are the recurrent states."""

    def __init__(self, builder: GraphBuilder, architecture: Architecture, weights: Mapping[str, np.ndarray]) -> None:
        self.builder, self.architecture, self.weights = builder, architecture, weights
        self.activation = ACTIVATIONS[architecture.activation]
        self.states: dict[str, tuple[str, tuple[int, ...]]] = {}

    def linear(self, name: str, value: str) -> str:
        return self.builder.linear(name, value, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def read(self, value: str) -> str:
        """Write everything before the head."""
        architecture = self.architecture
        for number in range(len(architecture.hidden_sizes)):
            value = self.builder.add(self.activation, self.linear(f"hidden.{number}", value))
        if architecture.memory == "none":
            return value
        recalled = self._recall(value)
        return self.builder.add("Concat", value, recalled, axis=1) if architecture.skip_connection else recalled

    def head(self, value: str) -> str:
        """Write the head."""
        if self.architecture.head == "linear":
            return self.linear("output", value)
        add = self.builder.add
        advantage, state_value = self._branch("advantage", value), self._branch("value", value)
        mean = add("ReduceMean", advantage, self.builder.integers(1), keepdims=1)
        return add("Add", state_value, add("Sub", advantage, mean))

    def _branch(self, name: str, value: str) -> str:
        return self.linear(f"{name}.1", self.builder.add("Relu", self.linear(f"{name}.0", value)))

    def _recall(self, value: str) -> str:
        """Write a recurrent layer over a sequence of one step; its new states become outputs of the graph."""
        builder, kind, size = self.builder, self.architecture.memory, self.architecture.memory_size
        # Order of gates: ONNX has input, output, forget, cell (LSTM) and update, reset, new (GRU); PyTorch has input,
        # forget, cell, output and reset, update, new.
        order = (0, 3, 1, 2) if kind == "lstm" else (1, 0, 2)
        tensors = [
            builder.tensor(f"{kind}.{part}", _reordered(self.weights, kind, part, order))
            for part in ("weight_ih", "weight_hh", "bias")
        ]
        names, first = ("hidden", "cell")[: 2 if kind == "lstm" else 1], builder.integers(0)
        before = [builder.add("Unsqueeze", name, first) for name in names]
        sequence = builder.add("Unsqueeze", value, first)
        attributes = {"hidden_size": size} | ({} if kind == "lstm" else {"linear_before_reset": 1})
        found = builder.add(kind.upper(), sequence, *tensors, "", *before, outputs=1 + len(names), **attributes)
        after = [builder.add("Squeeze", builder.further(found, 1 + place), first) for place in range(len(names))]
        self.states = {name: (output, (size,)) for name, output in zip(names, after, strict=True)}
        return after[0]


def _reordered(weights: Mapping[str, np.ndarray], kind: str, part: str, order: tuple[int, ...]) -> np.ndarray:
    """Return a layer's weights or both its biases with the gates in another order, and ONNX's axis of directions."""
    names = [f"{kind}.{part}_l0"] if part != "bias" else [f"{kind}.bias_ih_l0", f"{kind}.bias_hh_l0"]
    blocks = [np.split(weights[name], len(order))[place] for name in names for place in order]
    return np.concatenate(blocks)[np.newaxis]


class _EntityWriting:
    """Writes an entity network around its trunk, for any number of entities.

    Each kind gets an additional record of zeros, which is out of sight, so that pooling never has an empty axis.
    """

    def __init__(self, trunk: _TrunkWriting, entities: EntityArchitecture, recipe: Recipe) -> None:
        self.trunk, self.builder, self.weights = trunk, trunk.builder, trunk.weights
        self.entities, self.action, self.kinds = entities, recipe.action, kinds_of(recipe.team)
        parts = input_parts_of(recipe.team, Dimensions(1, 1, 1), recipe.preprocessing.egocentric)
        self.flags = [parts[name].flag for name in self.kinds]

    def write(self) -> str:
        """Write all operators; return the name of the output."""
        add, integers = self.builder.add, self.builder.integers
        own = add("Slice", "preserved", integers(NUM_COUNTS), integers(PRESERVED_DIM), integers(1))
        read, opponents = [own, "self"], ""
        for kind, name, flag in zip(KINDS, self.kinds, self.flags, strict=True):
            embeddings, is_seen = self._embed(kind, name, flag)
            read.append(self._pool(kind, embeddings, is_seen))
            opponents = opponents or add("Where", is_seen, embeddings, self._number("nothing", 0.0))
        value = self.trunk.read(add("Concat", *read, axis=1))
        for_each, others = self.action.parts
        found = [self._choose(value, opponents)] if for_each else []
        found += [self.trunk.linear("output", value)] if others else []
        return found[0] if len(found) == 1 else add("Concat", *found, axis=1)

    def _number(self, name: str, value: float) -> str:
        return self.builder.tensor(name, np.array([value]))

    def _affine(self, name: str, value: str, rows: slice = slice(None)) -> str:
        """Write a layer over the last axis, with the weights of some input columns."""
        weight = self.weights[f"{name}.weight"].T[rows]
        return self.builder.product(name, value, weight, self.weights[f"{name}.bias"])

    def _embed(self, kind: str, name: str, flag: int) -> tuple[str, str]:
        """Write the embeddings (R, n + 1, E) of a kind's entities, and the flags (R, n + 1, 1) of those in sight."""
        add, integers = self.builder.add, self.builder.integers
        value = add("Pad", name, integers(0, 0, 0, 0, 1, 0))
        flags = add("Slice", value, integers(flag), integers(flag + 1), integers(2))
        for number in range(len(self.entities.entity_sizes)):
            value = add(self.trunk.activation, self._affine(f"{kind}.{number}", value))
        return value, add("Greater", flags, self._number("nothing", 0.0))

    def _pool(self, kind: str, embeddings: str, is_seen: str) -> str:
        """Write the pooled embeddings (R, E)."""
        add, integers, nothing = self.builder.add, self.builder.integers, self._number("nothing", 0.0)
        weights = add("Cast", is_seen, to=1)
        if self.entities.pooling == "max":
            highest = add("Where", is_seen, embeddings, self._number("least", _LEAST))
            highest = add("ReduceMax", highest, integers(1), keepdims=0)
            is_any = add("Greater", add("ReduceMax", weights, integers(1), keepdims=0), nothing)
            return add("Where", is_any, highest, nothing)
        if self.entities.pooling == "attention":
            scores = add("Where", is_seen, self._affine(f"{kind}.score", embeddings), self._number("least", _LEAST))
            weights = add("Mul", weights, add("Softmax", scores, axis=1))
        total = add("ReduceSum", add("Mul", embeddings, weights), integers(1), keepdims=0)
        if self.entities.pooling == "attention":
            return total
        return add(
            "Div", total, add("Max", add("ReduceSum", weights, integers(1), keepdims=0), self._number("one", 1.0))
        )

    def _choose(self, read: str, opponents: str) -> str:
        """Write the outputs (R, T * P) for the targets, from their embeddings, which are 0 out of sight."""
        add, integers, size = self.builder.add, self.builder.integers, self.entities.entity_sizes[-1]
        weight, bias = self.weights["choice.0.weight"], self.weights["choice.0.bias"]
        context = add("Unsqueeze", self.builder.linear("choice.trunk", read, weight[:, size:], bias), integers(1))
        embedded = add("Slice", opponents, integers(0), integers(-1), integers(1))
        value = add("Add", context, self.builder.product("choice.embedded", embedded, weight[:, :size].T))
        return add("Flatten", self._affine("choice.1", add(self.trunk.activation, value)), axis=1)
