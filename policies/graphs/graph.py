"""A network as a graph: operators of ONNX in the order in which they are computed, with what they read and write.

A graph is part of a recipe (``policies.recipe``), hence data that is checked when it is made. Float constants are the
weights of the checkpoint; integers and booleans, which are shapes, axes and indices, are part of the graph itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from policies.fields import check_choice, check_integer, refuse, shorten
from policies.inputs import INPUTS

ROWS = ("member", "team")
SPOKEN_INPUTS = ("messages", "heard", "links")
"""What a network that speaks may read besides: messages of teammates, from whom one arrived, and which would arrive."""

OPERATORS = frozenset(
    [
        "Abs",
        "Add",
        "And",
        "ArgMax",
        "ArgMin",
        "BatchNormalization",
        "Cast",
        "Ceil",
        "Clip",
        "Concat",
        "ConstantOfShape",
        "Cos",
        "Div",
        "Dropout",
        "Elu",
        "Equal",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "Floor",
        "Gather",
        "GatherElements",
        "Gelu",
        "Gemm",
        "Greater",
        "GreaterOrEqual",
        "GRU",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "IsInf",
        "IsNaN",
        "LayerNormalization",
        "LeakyRelu",
        "Less",
        "LessOrEqual",
        "Log",
        "LogSoftmax",
        "LSTM",
        "MatMul",
        "Max",
        "Min",
        "Mish",
        "Mod",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "Pad",
        "Pow",
        "PRelu",
        "Range",
        "Reciprocal",
        "ReduceL1",
        "ReduceL2",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceProd",
        "ReduceSum",
        "ReduceSumSquare",
        "Relu",
        "Reshape",
        "Round",
        "Selu",
        "Shape",
        "Sigmoid",
        "Sign",
        "Sin",
        "Size",
        "Slice",
        "Softmax",
        "Softplus",
        "Softsign",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Sum",
        "Tanh",
        "Tile",
        "Transpose",
        "Trilu",
        "Unsqueeze",
        "Where",
        "Xor",
    ]
)
"""Names of ONNX's operators that a graph may have; ``policies.graphs`` has a function for each."""

MAX_NODES = 2000
MAX_INPUTS = 64
MAX_RANK = 6
MAX_STATES = 16
MAX_STATE_SIZE = 8192
MAX_MESSAGE_SIZE = 1024
MAX_CONSTANTS = 20_000
"""Maximum number of integers and booleans in the constants and attributes of a graph."""

_NAME = re.compile(r"[A-Za-z0-9_.:/\-]{0,100}")
_TYPES = {"int64": np.int64, "bool": np.bool_}


@dataclass(frozen=True)
class GraphState:
    """A recurrent state of each member: the input that receives it, the output with its next value, its shape.

    It is zero at the start of an episode and advances at decisions. ``shape`` leaves out the axes of the rows.
    """

    input: str
    output: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_name("architecture.states", self.input)
        _check_name("architecture.states", self.output)
        _check_shape("architecture.states", self.shape)
        check_integer("architecture.states", self.size, 1, MAX_STATE_SIZE)

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return int(np.prod(self.shape, dtype=np.int64))


@dataclass(frozen=True)
class GraphMessages:
    """What members of a team tell each other.

    With ``message``, the name of an output (R, ``size``), each decision gives a message of every member. It is sent in
    the next step, and read at the next decision. Without it (``rows`` is ``team``), members exchange what they know
    inside a decision. ``recipients`` names an output (R, N) that says who is addressed: above 0.5, row to column. All
    teammates are if it is "".
    """

    message: str = ""
    size: int = 0
    recipients: str = ""

    def __post_init__(self) -> None:
        for name in (self.message, self.recipients):
            _check_name("architecture.messages", name)
        if not self.message and not self.recipients:
            raise refuse("architecture.messages", "name an output with the message, one with its recipients, or both")
        check_integer("architecture.messages.size", self.size, int(bool(self.message)), MAX_MESSAGE_SIZE)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return tuple(filter(None, (self.message, self.recipients)))


@dataclass(frozen=True)
class Node:
    """One operator: its ONNX name, the names of what it reads ("" where an optional input is left out) and writes."""

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"architecture.nodes: {shorten(self.op, 40)}"
        if self.op not in OPERATORS:
            raise refuse(where, "no such operator is played; docs/onnx.md lists those that are")
        for names in (self.inputs, self.outputs):
            if not isinstance(names, tuple) or len(names) > MAX_INPUTS:
                raise refuse(where, f"expected lists of at most {MAX_INPUTS} inputs and outputs")
            for name in names:
                _check_name(where, name)
        if not isinstance(self.attributes, Mapping):
            raise refuse(where, "its attributes must be an object")
        attributes = {name: _frozen_attribute(where, name, value) for name, value in self.attributes.items()}
        object.__setattr__(self, "attributes", MappingProxyType(dict(sorted(attributes.items()))))


@dataclass(frozen=True)
class Graph:
    """A network as a graph of operators.

    ``rows`` says what a row is: with ``member``, inputs have the shape (R, ...), R members of teams; with ``team`` they
    have the shape (R, N, ...), R whole teams of N members, so that members can exchange what they know. ``inputs`` are
    the names that it reads (``INPUTS``, and ``SPOKEN_INPUTS`` if it has ``messages``), ``output`` the name of its
    decision: (R, A), or (R, N, A). ``tensors`` has the shapes of the float constants by name.
    """

    rows: str
    inputs: tuple[str, ...]
    output: str
    nodes: tuple[Node, ...]
    states: tuple[GraphState, ...] = ()
    tensors: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    messages: GraphMessages | None = None

    def __post_init__(self) -> None:
        check_choice("architecture.rows", self.rows, ROWS)
        for name in self.inputs:
            check_choice("architecture.inputs", name, INPUTS if self.messages is None else INPUTS + SPOKEN_INPUTS)
        self._check_messages()
        check_integer("architecture.nodes", len(self.nodes), 1, MAX_NODES)
        check_integer("architecture.states", len(self.states), 0, MAX_STATES)
        amount = sum(np.size(value) for value in self.constants.values())
        check_integer("architecture.constants", int(amount), 0, MAX_CONSTANTS)
        for name, shape in self.tensors.items():
            _check_name("architecture.tensors", name)
            _check_shape(f"architecture.tensors.{name}", shape)
        object.__setattr__(self, "tensors", MappingProxyType(dict(self.tensors)))
        object.__setattr__(self, "constants", MappingProxyType(dict(self.constants)))
        self._check_order()

    def _check_messages(self) -> None:
        """Raise CheckpointError if messages are read that nobody sends, or sent that nobody reads."""
        if self.messages is None:
            return
        where = "architecture.messages"
        if bool(self.messages.message) != ("messages" in self.inputs):
            raise refuse(where, "a network that reads the input 'messages' must send messages, and the other way round")
        if self.rows != "team":
            if not self.messages.message:
                raise refuse(where, "rows that are members exchange nothing inside a decision; name the message")
            if "links" in self.inputs:
                raise refuse(where, "the input 'links' is for networks whose rows are teams")

    def _check_order(self) -> None:
        """Raise CheckpointError unless everything that is read was written before, and nothing is written twice."""
        known = {"", *self.inputs}
        for name in (*(state.input for state in self.states), *self.tensors, *self.constants):
            if name in known:
                raise refuse("architecture", f"{shorten(name)} is the name of two values; each needs one of its own")
            known.add(name)
        for node in self.nodes:
            for name in node.inputs:
                if name not in known:
                    raise refuse("architecture.nodes", f"{node.op} reads {shorten(name)}, which nothing writes before")
            for name in filter(None, node.outputs):
                if name in known:
                    raise refuse("architecture.nodes", f"{node.op} writes {shorten(name)}, which exists already")
                known.add(name)
        spoken = () if self.messages is None else self.messages.outputs
        for name in (self.output, *(state.output for state in self.states), *spoken):
            if name not in known or not name:
                raise refuse("architecture", f"nothing writes the output {shorten(name)}")

    def to_json(self) -> dict[str, Any]:
        """The graph as JSON values."""
        nodes = [
            {
                "op": node.op,
                "inputs": list(node.inputs),
                "outputs": list(node.outputs),
                "attributes": {name: _plain(value) for name, value in node.attributes.items()},
            }
            for node in self.nodes
        ]
        constants = {
            name: {"type": value.dtype.name, "shape": list(value.shape), "values": value.reshape(-1).tolist()}
            for name, value in sorted(self.constants.items())
        }
        spoken = {} if self.messages is None else {"messages": vars(self.messages)}
        return {
            "kind": "graph",
            "rows": self.rows,
            "inputs": list(self.inputs),
            "output": self.output,
            "states": [{"input": one.input, "output": one.output, "shape": list(one.shape)} for one in self.states],
            "nodes": nodes,
            "tensors": {name: list(shape) for name, shape in sorted(self.tensors.items())},
            "constants": constants,
            **spoken,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Graph:
        """The graph that ``to_json`` described. Raises CheckpointError that names the field if it cannot be one."""
        expected = {"kind", "rows", "inputs", "output", "states", "nodes", "tensors", "constants"}
        unknown, missing = sorted(set(content) - expected - {"messages"}), sorted(expected - set(content))
        if unknown or missing:
            kind, name = ("unknown", unknown[0]) if unknown else ("missing", missing[0])
            raise refuse("architecture", f"{kind} field {shorten(name)}; a graph has {', '.join(sorted(expected))}")
        try:
            return cls(
                rows=content["rows"],
                inputs=tuple(content["inputs"]),
                output=content["output"],
                nodes=tuple(
                    Node(one["op"], tuple(one["inputs"]), tuple(one["outputs"]), one["attributes"])
                    for one in content["nodes"]
                ),
                states=tuple(GraphState(one["input"], one["output"], tuple(one["shape"])) for one in content["states"]),
                tensors={name: tuple(shape) for name, shape in content["tensors"].items()},
                constants={name: _constant_of(name, value) for name, value in content["constants"].items()},
                messages=GraphMessages(**content["messages"]) if "messages" in content else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            problem = shorten(str(error), 100)
            raise refuse("architecture", f"the graph has not the form of docs/onnx.md ({problem})") from None


def _check_name(where: str, name: Any) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise refuse(where, f"got {shorten(name)}, expected a name of at most 100 letters, digits and _ . : / -")


def _check_shape(where: str, shape: Any) -> None:
    if not isinstance(shape, tuple) or len(shape) > MAX_RANK:
        raise refuse(where, f"expected the lengths of at most {MAX_RANK} axes")
    for length in shape:
        check_integer(where, length, 0, 1 << 24)


def _frozen_attribute(where: str, name: Any, value: Any) -> Any:
    _check_name(where, name)
    if isinstance(value, list | tuple):
        if len(value) > MAX_CONSTANTS:
            raise refuse(where, f"attribute {shorten(name)} has more than {MAX_CONSTANTS:,} values")
        return tuple(_frozen_attribute(where, name, one) for one in value)
    is_number = isinstance(value, int | float) and abs(value) < 2**63
    if not is_number and not (isinstance(value, str) and len(value) <= 100):
        raise refuse(where, f"attribute {shorten(name)} is {shorten(value)}, expected numbers or a short text")
    return value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _constant_of(name: str, content: Mapping[str, Any]) -> np.ndarray:
    where = f"architecture.constants.{shorten(name, 40)}"
    check_choice(where, content["type"], tuple(_TYPES))
    shape = tuple(content["shape"])
    _check_shape(where, shape)
    try:
        array = np.array(content["values"], _TYPES[content["type"]]).reshape(shape)
    except (ValueError, TypeError, OverflowError):
        raise refuse(where, "its values do not have its type and shape") from None
    array.flags.writeable = False
    return array
