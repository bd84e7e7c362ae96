"""Reading ``model.onnx``: its graph as data, with names of our own, and its float constants as weights.

The field numbers are those of ONNX's public schema (onnx/onnx.proto). Values get new names in the order of the
operators, so that the checkpoint of a network does not depend on the names that a tool chose.
``policies.graphs.network`` decides whether the graph can be computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from policies.checkpoint import Checkpoint
from policies.fields import check_choice, refuse, shorten
from policies.graphs.graph import (
    MAX_CONSTANTS,
    MAX_NODES,
    MAX_RANK,
    OPERATORS,
    ROWS,
    SPOKEN_INPUTS,
    Graph,
    GraphMessages,
    GraphState,
    Node,
)
from policies.importing.errors import ImportRefused
from policies.inputs import INPUTS
from policies.protobuf import ProtobufMessage
from policies.recipe import MAX_PARAMETERS, Recipe

MODEL_NAME = "model.onnx"
KIND = "onnx"
OPSETS = range(13, 26)
MAX_MODEL_BYTES = 4 * MAX_PARAMETERS + 4_000_000

_FIELDS = ("kind", "rows", "states", "messages", "output")
_FLOAT, _FLOAT16, _DOUBLE, _BFLOAT16 = 1, 10, 11, 16
_NUMBERS: dict[int, tuple[str, str]] = {
    2: ("|u1", "uint8"),
    3: ("|i1", "int8"),
    5: ("<i2", "int16"),
    6: ("<i4", "int32"),
    7: ("<i8", "int64"),
    9: ("|b1", "bool"),
    11: ("<f8", "double"),
}


_DEFAULTS: dict[str, dict[str, Any]] = {
    "Flatten": {"axis": 1},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0},
    "LayerNormalization": {"axis": -1, "stash_type": 1},
    "LSTM": {"direction": "forward", "layout": 0},
    "Reshape": {"allowzero": 0},
    "Softmax": {"axis": -1},
}
"""Default values of attributes, which some exporters write and others omit."""


def is_onnx(content: Any) -> bool:
    """Return whether the parsed content of a policy.json describes a model in ONNX's format."""
    architecture = content.get("architecture") if isinstance(content, dict) else None
    return isinstance(architecture, dict) and architecture.get("kind") == KIND


def read_model(policy: Mapping[str, Any], content: memoryview) -> Checkpoint:
    """Return the checkpoint of a ``policy.json`` (its parsed content) and the bytes of its ``model.onnx``.

    Raises ImportRefused or CheckpointError, which names what is not supported.
    """
    told = policy["architecture"]
    unknown = sorted(set(told) - set(_FIELDS))
    if unknown:
        raise refuse("architecture", f"unknown field {shorten(unknown[0])}; expected {', '.join(_FIELDS)}")
    model = ProtobufMessage(content)
    _check_opset(model)
    graph = model.message(7)
    if graph is None:
        raise ImportRefused(f"{MODEL_NAME} has no graph; export the network again")
    architecture, weights = _Reading(graph, told).read()
    recipe = Recipe.from_json({**policy, "architecture": architecture.to_json()})
    return Checkpoint(recipe, weights)


def _check_opset(model: ProtobufMessage) -> None:
    for imported in model.messages(8):
        domain, version = imported.text(1), imported.integer(2)
        if domain not in ("", "ai.onnx"):
            continue
        if version not in OPSETS:
            raise ImportRefused(
                f"{MODEL_NAME} has version {version} of ONNX's operators, where {OPSETS[0]} to {OPSETS[-1]} are "
                f"read; export it "
                "with opset_version=20"
            )
        return
    raise ImportRefused(f"{MODEL_NAME} does not say which version of ONNX's operators it has; it is no ONNX model")


class _Reading:
    """The translation of one graph."""

    def __init__(self, graph: ProtobufMessage, told: Mapping[str, Any]) -> None:
        self.graph, self.told = graph, told
        self.names: dict[str, str] = {"": ""}
        self.tensors: dict[str, np.ndarray] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.nodes: list[Node] = []

    def read(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Return the graph and the weights that it needs."""
        check_choice("architecture.rows", self.told.get("rows", "member"), ROWS)
        if len(self.graph.messages(15)):
            raise ImportRefused(f"{MODEL_NAME} has sparse tensors; export them as dense ones")
        states, spoken = self._states(), self._spoken()
        wanted = [*states.values(), *spoken.values()]
        initializers = {tensor.text(8): tensor for tensor in self.graph.messages(5)}
        inputs = [name for one in self.graph.messages(11) if (name := one.text(1)) not in initializers]
        outputs = [one.text(1) for one in self.graph.messages(12)]
        self._check_inputs(inputs, states)
        self.names |= {name: name for name in inputs}
        for name, tensor in initializers.items():
            self._store(name, _array_of(tensor, name))
        nodes = self.graph.messages(1)
        if len(nodes) > 2 * MAX_NODES:
            raise ImportRefused(f"{MODEL_NAME} has {len(nodes):,} operators, more than {MAX_NODES:,}")
        _check_operators(nodes)
        for node in nodes:
            self._add(node)
        output = self._output(outputs, wanted)
        used = self._used([output, *wanted])
        kept = [node for node in self.nodes if any(name in used for name in node.outputs)]
        final = _in_order(kept, [self._name(name) for name in (output, *wanted)], {*inputs, ""})
        weights = {final[name]: array for name, array in self.tensors.items() if name in used}
        architecture = Graph(
            rows=self.told.get("rows", "member"),
            inputs=tuple(name for name in (*INPUTS, *SPOKEN_INPUTS) if name in inputs),
            output=final[self._name(output)],
            nodes=tuple(
                replace(node, inputs=_each(final, node.inputs), outputs=_each(final, node.outputs)) for node in kept
            ),
            states=tuple(
                GraphState(name, final[self._name(states[name])], self._own_shape("state", name, self._row_axes))
                for name in states
            ),
            messages=self._messages({kind: final[self._name(name)] for kind, name in spoken.items()}),
            tensors={name: array.shape for name, array in weights.items()},
            constants={final[name]: array for name, array in self.constants.items() if name in used},
        )
        return architecture, weights

    def _states(self) -> dict[str, str]:
        states = self.told.get("states", {})
        if not isinstance(states, dict) or not all(isinstance(one, str) for pair in states.items() for one in pair):
            raise refuse(
                "architecture.states", "expected an object: names of inputs, with the names of their next values"
            )
        return states

    def _spoken(self) -> dict[str, str]:
        spoken = self.told.get("messages", {})
        names = ("message", "recipients")
        if not isinstance(spoken, dict) or not all(k in names and v and isinstance(v, str) for k, v in spoken.items()):
            raise refuse("architecture.messages", f"expected an object: names of outputs for {' or '.join(names)}")
        return spoken

    def _messages(self, spoken: Mapping[str, str]) -> GraphMessages | None:
        if not spoken:
            return None
        size = 0
        if "message" in spoken:
            size = self._own_shape("input", "messages", self._row_axes + 1)[-1]
        return GraphMessages(size=size, **spoken)

    @property
    def _row_axes(self) -> int:
        return 1 if self.told.get("rows", "member") == "member" else 2

    def _check_inputs(self, inputs: list[str], states: Mapping[str, str]) -> None:
        known = {*INPUTS, *states, *(SPOKEN_INPUTS if self.told.get("messages") else ())}
        unknown = sorted(set(inputs) - known)
        if unknown:
            raise ImportRefused(
                f"{MODEL_NAME} reads {shorten(unknown[0])}, which nobody gives it; inputs are {', '.join(INPUTS)}, "
                f"and the states "
                "that policy.json names (docs/onnx.md)"
            )
        missing = sorted(set(states) - set(inputs))
        if missing:
            raise ImportRefused(f"policy.json names the state {shorten(missing[0])}, which {MODEL_NAME} does not read")

    def _own_shape(self, kind: str, name: str, leading: int) -> tuple[int, ...]:
        """Return the fixed lengths of an input's axes after the ``leading`` first ones."""
        for one in self.graph.messages(11):
            if one.text(1) == name:
                described = one.message(2)
                tensor = described.message(1) if described else None
                shape = tensor.message(2) if tensor else None
                lengths = [axis.integer(1, -1) for axis in shape.messages(1)] if shape else []
                own = lengths[leading:]
                if not own or any(length < 1 for length in own):
                    raise ImportRefused(
                        f"the {kind} {shorten(name)} of {MODEL_NAME} has no fixed shape after its rows; export it "
                        f"with one"
                    )
                return tuple(own)
        raise ImportRefused(f"{MODEL_NAME} does not describe its input {shorten(name)}")

    def _output(self, outputs: list[str], others: Sequence[str]) -> str:
        told = self.told.get("output")
        rest = [name for name in outputs if name not in others]
        if told is None and len(rest) == 1:
            return rest[0]
        if not isinstance(told, str) or told not in outputs:
            raise refuse(
                "architecture.output",
                f"got {shorten(told)}, expected the output that decides: one of {', '.join(outputs[:20])}",
            )
        return told

    def _name(self, name: str) -> str:
        if name not in self.names:
            raise ImportRefused(f"{MODEL_NAME}: nothing writes {shorten(name)}, which is read; the file is damaged")
        return self.names[name]

    def _store(self, name: str, array: np.ndarray) -> None:
        """Store a constant: floats as a weight, others in the graph."""
        if array.dtype == np.float32:
            self.names[name] = f"t{len(self.tensors)}"
            self.tensors[self.names[name]] = array
        else:
            self.names[name] = f"c{len(self.constants)}"
            self.constants[self.names[name]] = array

    def _add(self, node: ProtobufMessage) -> None:
        op = node.text(4)
        attributes = {one.text(1): _attribute_of(one, op) for one in node.messages(5)}
        if op == "Constant":
            self._store(node.texts(2)[0], _constant_of(attributes))
            return
        inputs = tuple(self._name(name) for name in node.texts(1))
        outputs: list[str] = []
        for name in node.texts(2):
            if name in self.names and name:
                raise ImportRefused(f"{MODEL_NAME}: {shorten(name)} is written twice; the file is damaged")
            if name:
                self.names[name] = f"v{len(self.nodes)}_{len(outputs)}"
            outputs.append(self.names[name])
        if isinstance(attributes.get("value"), np.ndarray):  # of ConstantOfShape
            attributes["value"] = attributes["value"].reshape(-1)[0].item()
        usual = _DEFAULTS.get(op, {})
        known = {name: value for name, value in attributes.items() if value is not None and value != usual.get(name)}
        self.nodes.append(Node(op, inputs, tuple(outputs), known))

    def _used(self, wanted: list[str]) -> set[str]:
        """Return the names of all values on which the wanted outputs depend."""
        used = {self._name(name) for name in wanted}
        for node in reversed(self.nodes):
            if any(name in used for name in node.outputs):
                used.update(node.inputs)
        return used


def _check_operators(nodes: Sequence[ProtobufMessage]) -> None:
    """Raise ImportRefused, naming all unsupported operators, if there are any."""
    domains = {node.text(7) for node in nodes}
    foreign = sorted(domains - {"", "ai.onnx"})
    if foreign:
        raise ImportRefused(
            f"{MODEL_NAME} has operators of {shorten(foreign[0])}; only those of ONNX itself are played"
        )
    unknown = sorted({node.text(4) for node in nodes} - OPERATORS - {"Constant"})
    if unknown:
        names = ", ".join(shorten(name, 40) for name in unknown[:10])
        raise ImportRefused(
            f"{MODEL_NAME} has operators that are not played: {names}; docs/onnx.md lists those that are"
        )


def _in_order(nodes: Sequence[Node], outputs: Sequence[str], fixed: set[str]) -> dict[str, str]:
    """Return new names of all values, numbered in the order in which the operators read and write them."""
    names = {name: name for name in fixed}
    counts = {"t": 0, "c": 0, "v": 0}
    for name in (*(name for node in nodes for name in (*node.inputs, *node.outputs)), *outputs):
        if name not in names:
            kind = name[0]
            names[name] = f"{kind}{counts[kind]}"
            counts[kind] += 1
    return names


def _each(names: Mapping[str, str], values: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[value] for value in values)


def _constant_of(attributes: Mapping[str, Any]) -> np.ndarray:
    """Return the array of a Constant operator."""
    for name, kind in (
        ("value_float", np.float32),
        ("value_floats", np.float32),
        ("value_int", np.int64),
        ("value_ints", np.int64),
    ):
        if name in attributes:
            return np.array(attributes[name], kind)
    value = attributes.get("value")
    if not isinstance(value, np.ndarray):
        raise ImportRefused(f"{MODEL_NAME} has a constant that is no tensor of numbers")
    return value


def _attribute_of(attribute: ProtobufMessage, op: str) -> Any:
    """Return the value of an operator's attribute: numbers, texts or a tensor; None if it has no effect."""
    kind = attribute.integer(20)
    if kind == 1 or (kind == 0 and 2 in attribute.fields):
        return attribute.floats(2)[-1] if 2 in attribute.fields else 0.0
    if kind == 2 or (kind == 0 and 3 in attribute.fields):
        return attribute.integer(3)
    if kind == 3:
        return attribute.text(4)
    if kind == 4:
        tensor = attribute.message(5)
        return None if tensor is None else _array_of(tensor, f"a constant of {op}")
    if kind == 6:
        return attribute.floats(7)
    if kind == 7:
        return attribute.integers(8)
    if kind == 8:
        return attribute.texts(9)
    raise ImportRefused(
        f"{MODEL_NAME}: operator {shorten(op)} has the attribute {shorten(attribute.text(1))} of a kind that is "
        f"not read (graphs, "
        "sparse tensors, types): networks are played without branches and loops"
    )


def _array_of(tensor: ProtobufMessage, name: str) -> np.ndarray:
    """Return the numbers of a tensor: floats as float32 (double is rounded), integers as int64."""
    shape = tuple(tensor.integers(1))
    number = tensor.integer(2)
    where = f"{MODEL_NAME}: {shorten(name)}"
    if tensor.integer(14) == 1 or tensor.messages(13):
        raise ImportRefused(
            f"{where} lies in another file; export with external_data=False, so that one file holds all"
        )
    if number in (_FLOAT16, _BFLOAT16):
        raise ImportRefused(
            f"{where} has numbers of 16 bits, expected float32; convert the network first, in PyTorch with .float()"
        )
    if len(shape) > MAX_RANK or any(length < 0 for length in shape):
        raise ImportRefused(f"{where} has {len(shape)} axes, where at most {MAX_RANK} are read")
    size = int(np.prod(shape, dtype=object))
    if size > (MAX_PARAMETERS if number in (_FLOAT, _DOUBLE) else MAX_CONSTANTS):
        raise ImportRefused(f"{where} has {size:,} numbers, which is too large")
    array = _raw(tensor, number, where)
    if array.size != size:
        raise ImportRefused(
            f"{where} has {array.size:,} numbers, where its shape {shape} needs {size:,}; the file is damaged"
        )
    wanted = np.float32 if array.dtype.kind == "f" else np.bool_ if array.dtype == np.bool_ else np.int64
    return np.array(array.reshape(shape), wanted, order="C")


def _raw(tensor: ProtobufMessage, number: int, where: str) -> np.ndarray:
    raw = tensor.bytes(9)
    if number == _FLOAT:
        return np.array(tensor.floats(4), np.float32) if raw is None else _view(raw, "<f4", where)
    if number not in _NUMBERS:
        raise ImportRefused(f"{where} has numbers of ONNX's type {number}, expected float32, integers or bool")
    kind, _ = _NUMBERS[number]
    if raw is not None:
        return _view(raw, kind, where)
    if number == _DOUBLE:
        values = tensor.fields.get(10, [])
        parts = [one.to_bytes(8, "little") if isinstance(one, int) else bytes(one) for one in values]
        return _view(memoryview(b"".join(parts)), kind, where)
    return np.array(tensor.integers(7 if number == 7 else 5), np.int64).astype(np.bool_ if number == 9 else np.int64)


def _view(raw: memoryview, kind: str, where: str) -> np.ndarray:
    if len(raw) % np.dtype(kind).itemsize:
        raise ImportRefused(f"{where} is cut off; export the network again")
    return np.frombuffer(raw, kind)
