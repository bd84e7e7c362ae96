"""Computing a graph for any number of rows: planned once for each number of rows, then run without looking back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from policies.errors import CheckpointError
from policies.fields import Dimensions, shorten
from policies.graphs.arrangement import ARRANGEMENT, MAX_ELEMENTS, SHAPE_INPUTS
from policies.graphs.elementwise import ELEMENTWISE
from policies.graphs.graph import SPOKEN_INPUTS, Graph, GraphMessages, Node
from policies.graphs.products import PREPARATION, PREPARED, PRODUCTS
from policies.graphs.rows import Mixed, Place, Rows, RowStep, elementwise
from policies.inputs import input_parts_of

_PLANS = 64


@dataclass(frozen=True)
class _Call:
    """One operator of a plan: places of inputs and outputs in the list of values."""

    function: Callable[[list[Any], Any], Any]
    attributes: Mapping[str, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    op: str


@dataclass(frozen=True)
class Plan:
    """What to compute for a number of rows; ``values`` holds the constants, and None where something is computed."""

    calls: tuple[_Call, ...]
    values: tuple[Any, ...]
    places: Mapping[str, int]
    elements: int

    def run(self, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The values by name, for inputs and states by name. Raises CheckpointError if an operator fails."""
        values = list(self.values)
        for name, array in given.items():
            values[self.places[name]] = array
        with np.errstate(all="ignore"):
            for call in self.calls:
                _compute(call, values)
        return {name: values[place] for name, place in self.places.items()}


def _compute(call: _Call, values: list[Any]) -> None:
    try:
        found = call.function([values[place] if place >= 0 else None for place in call.inputs], call.attributes)
    except MemoryError:
        raise
    except Exception as error:
        raise CheckpointError(f"operator {call.op} of the network failed: {error}") from error
    results = found if isinstance(found, list | tuple) else [found]
    for place, result in zip(call.outputs, results, strict=False):
        if place >= 0:
            values[place] = result


class Speech(NamedTuple):
    """What R members of teams of N hear before a decision, and what they say in it; a message has S numbers."""

    messages: np.ndarray  # (R, N, S) float32: the last message of each teammate and the own one; 0 where none arrived
    heard: np.ndarray  # (R, N) float32: 1 where one arrived since the last decision
    links: np.ndarray  # (R, N) float32: 1 where a message of this member to that one would arrive now
    message: np.ndarray  # (R, S) float32, written: what is said
    recipients: np.ndarray  # (R, N) bool, written: to whom

    def part(self, rows: slice) -> Speech:
        """Return a view of some rows."""
        return Speech(*(array[rows] for array in self))


def new_speech(rows: int, team_size: int, size: int) -> Speech:
    """Return the speech of members who have heard nothing, and can hear each other."""
    shape = rows, team_size
    return Speech(
        messages=np.zeros((*shape, size), np.float32),
        heard=np.zeros(shape, np.float32),
        links=np.ones(shape, np.float32),
        message=np.zeros((rows, size), np.float32),
        recipients=np.ones(shape, np.bool_),
    )


def _say(messages: GraphMessages, values: Mapping[str, np.ndarray], speech: Speech) -> None:
    """Write what a network said. Raises CheckpointError unless it is finite."""
    if messages.message:
        speech.message[:] = np.asarray(values[messages.message], np.float32).reshape(speech.message.shape)
        if not np.isfinite(speech.message).all():
            raise CheckpointError("the network gave messages that are not finite numbers")
    if messages.recipients:
        speech.recipients[:] = np.asarray(values[messages.recipients]).reshape(speech.recipients.shape) > 0.5


class GraphNetwork:
    """A graph with its weights, for a team of a scenario; the counterpart of ``policies.networks.Network``.

    Each row's outputs are a fixed sequence of rounded operations on its own inputs. Rows are computed together where
    that is proven not to matter (``policies.graphs.rows``), and one after the other where it is not. Raises
    CheckpointError if the graph cannot be computed in such a scenario: an operator fails, a size depends on what is
    observed, or the output has another shape than its action needs.
    """

    def __init__(
        self,
        graph: Graph,
        weights: Mapping[str, np.ndarray],
        team: str,
        dimensions: Dimensions,
        output_size: int,
        is_egocentric: bool = False,
    ) -> None:
        self.graph, self.output_size = graph, output_size
        self.team_size = dimensions.team_size(team)
        self.members = self.team_size if graph.rows == "team" else 1
        self.parts = input_parts_of(team, dimensions, is_egocentric)
        self.constants = {name: np.array(weights[name], np.float32) for name in graph.tensors} | dict(graph.constants)
        self.memory_size = sum(state.size for state in graph.states)
        self._plans: OrderedDict[int, Plan] = OrderedDict()
        self._alone: _Planning | None = None
        self._together = True
        self._most = max(1, MAX_ELEMENTS // max(1, self._plan(1).elements))
        try:
            self._plan(3)
        except (Mixed, CheckpointError):
            self._together = False

    def __deepcopy__(self, memo: dict[int, Any]) -> GraphNetwork:
        return self

    @property
    def computes_rows_together(self) -> bool:
        """Whether rows were proven not to depend on each other; otherwise they are computed one by one."""
        return self._together

    def forward(self, inputs: np.ndarray, memory: np.ndarray, speech: Speech | None = None) -> np.ndarray:
        """Outputs (R, A) for preprocessed observations (R, D), both float32; ``memory`` (R, ``memory_size``) is
        advanced, and what a network that speaks says is written into ``speech``. It hears nothing if that is None.

        For graphs whose rows are teams, the R rows are whole teams, one after the other. Raises CheckpointError if an
        operator fails or an output is not finite.
        """
        outputs = np.empty((len(inputs), self.output_size), np.float32)
        speech = self.silence(len(inputs)) if speech is None else speech
        step = self.members * (self._most if self._together else 1)
        for start in range(0, len(inputs), step):
            rows = slice(start, start + step)
            outputs[rows], memory[rows] = self._forward(inputs[rows], memory[rows], speech.part(rows))
        return outputs

    def silence(self, rows: int) -> Speech:
        """Return the speech of a team in which nobody has said anything, and everybody can be heard."""
        size = 0 if self.graph.messages is None else self.graph.messages.size
        return new_speech(rows, self.team_size, size)

    def _forward(self, inputs: np.ndarray, memory: np.ndarray, speech: Speech) -> tuple[np.ndarray, np.ndarray]:
        count = len(inputs) // self.members
        try:
            plan = self._plans.get(count) or self._plan(count)
        except Mixed:  # for this number alone: one by one, they give the same
            parts = [slice(start, start + self.members) for start in range(0, len(inputs), self.members)]
            pairs = [self._forward(inputs[part], memory[part], speech.part(part)) for part in parts]
            return np.concatenate([one for one, _ in pairs]), np.concatenate([one for _, one in pairs])
        values = plan.run(self.given(inputs, memory, speech))
        outputs = np.asarray(values[self.graph.output], np.float32).reshape(len(inputs), -1)
        after = np.empty_like(memory)
        place = 0
        for state in self.graph.states:
            after[:, place : place + state.size] = np.asarray(values[state.output]).reshape(len(inputs), -1)
            place += state.size
        if not np.isfinite(outputs).all() or not np.isfinite(after).all():
            raise CheckpointError("the network gave outputs or states that are not finite numbers")
        if self.graph.messages is not None:
            _say(self.graph.messages, values, speech)
        return outputs, after

    def given(self, observations: np.ndarray, memory: np.ndarray, speech: Speech) -> dict[str, np.ndarray]:
        """Return inputs and states by name, for preprocessed observations (R, D), memory (R, ``memory_size``) and what
        is heard.
        """
        return self._inputs(observations) | self._states(memory) | self._heard(speech)

    def _leading(self, rows: int) -> tuple[int, ...]:
        return (rows,) if self.graph.rows == "member" else (rows // self.members, self.members)

    def _inputs(self, observations: np.ndarray) -> dict[str, np.ndarray]:
        leading = self._leading(len(observations))
        found = {}
        for name in self.graph.inputs:
            if name in SPOKEN_INPUTS:
                continue
            part = self.parts[name]
            found[name] = np.ascontiguousarray(observations[:, part.columns]).reshape(*leading, *part.shape)
        return found

    def _states(self, memory: np.ndarray) -> dict[str, np.ndarray]:
        leading, place, found = self._leading(len(memory)), 0, {}
        for state in self.graph.states:
            part = np.ascontiguousarray(memory[:, place : place + state.size])
            found[state.input] = part.reshape(*leading, *state.shape)
            place += state.size
        return found

    def _heard(self, speech: Speech) -> dict[str, np.ndarray]:
        found = {}
        for name in SPOKEN_INPUTS:
            if name in self.graph.inputs:
                array = np.ascontiguousarray(getattr(speech, name))
                found[name] = array.reshape(*self._leading(len(array)), *array.shape[1:])
        return found

    def _plan(self, count: int) -> Plan:
        """The plan for so many rows.

        Raises Mixed if they would depend on each other, CheckpointError if it cannot be.
        """
        rows = count * self.members
        width = self.parts["observation"].width
        zeros = np.zeros((rows, width), np.float32), np.zeros((rows, self.memory_size), np.float32)
        given = self.given(*zeros, self.silence(rows))
        planning = _Planning(count, given, self.constants)
        plan = planning.plan(self.graph.nodes, self._alone)
        self._check(planning, rows)
        if count == 1:
            self._alone = planning
        self._plans[count] = plan
        while len(self._plans) > _PLANS:
            self._plans.popitem(last=False)
        return plan

    def _check(self, planning: _Planning, rows: int) -> None:
        """Raise CheckpointError unless output and states have their shapes, Mixed unless their first axis is the
        rows'.
        """
        leading = self._leading(rows)
        expected = [(self.graph.output, (*leading, self.output_size))]  # one value may be several outputs
        expected += [(state.output, (*leading, *state.shape)) for state in self.graph.states]
        if (spoken := self.graph.messages) is not None:
            shapes = (spoken.message, (*leading, spoken.size)), (spoken.recipients, (*leading, self.team_size))
            expected += [(name, shape) for name, shape in shapes if name]
        for name, shape in expected:
            place = planning.places[name]
            found = planning.values[place].shape
            if found != shape:
                raise CheckpointError(
                    f"the network's {shorten(name)} has the shape {found}, where its action and the scenario need "
                    f"{shape}"
                )
            if planning.count > 1 and planning.varies[place] and planning.rows[place] != Rows(0):
                raise Mixed


class _Planning:
    """The computation of a graph for some rows, with zeros in place of what is observed.

    ``alone`` is that of a single row, for comparison: a row among others must get the same constants and shapes.
    """

    def __init__(self, count: int, given: Mapping[str, np.ndarray], constants: Mapping[str, np.ndarray]) -> None:
        self.count = count
        self.places: dict[str, int] = {}
        self.values: list[np.ndarray] = []
        self.rows: list[Place] = []
        self.varies: list[bool] = []
        for name, value in given.items():
            self._add(name, value, Rows(0), True)
        for name, value in constants.items():
            self._add(name, value, None, False)

    def _add(self, name: str, value: np.ndarray, rows: Place, varies: bool) -> int:
        place = self.places[name] = len(self.values)
        self.values.append(value)
        self.rows.append(rows)
        self.varies.append(varies)
        return place

    def plan(self, nodes: Sequence[Node], alone: _Planning | None) -> Plan:
        """The plan. Raises CheckpointError if an operator fails, Mixed if rows depend on each other."""
        calls = [call for node in nodes if (call := self._call(node, alone)) is not None]
        fixed = [None if varies else value for value, varies in zip(self.values, self.varies, strict=True)]
        elements = sum(value.size for value, varies in zip(self.values, self.varies, strict=True) if varies)
        return Plan(tuple(calls), tuple(fixed), self.places, elements)

    def _call(self, node: Node, alone: _Planning | None) -> _Call | None:
        inputs = tuple(self.places[name] if name else -1 for name in node.inputs)
        read = [self.values[place] if place >= 0 else None for place in inputs]
        varying = [place >= 0 and self.varies[place] for place in inputs]
        function, follow = _operator(node.op)
        for number in SHAPE_INPUTS.get(node.op, ()):
            if number < len(inputs) and varying[number]:
                raise CheckpointError(
                    f"operator {node.op} of the network gives a shape that depends on what is observed; shapes may "
                    f"depend on "
                    "the scenario alone"
                )
        attributes = _prepared(node, read, varying)
        call = _Call(function, attributes, inputs, (), node.op)
        results = _results(call, read)
        if missing := [shorten(name) for name in node.outputs[len(results) :] if name]:
            raise CheckpointError(
                f"operator {node.op} of the network computes {len(results)} of its outputs: {missing[0]} has no value"
            )
        varies = any(varying) and node.op not in ("Shape", "Size")
        found: list[Place] = [None] * len(results)
        if varies and alone is not None:
            own = [self.rows[place] if place >= 0 else None for place in inputs]
            found = follow(RowStep(node.attributes, read, results, own, self.count))
        places = []
        for name, result, rows in zip(node.outputs, results, found, strict=False):
            places.append(self._add(name, result, rows, varies) if name else -1)
        if varies and alone is not None:
            self._compare(node, inputs, places, alone)
        return _Call(function, attributes, inputs, tuple(places), node.op) if varies else None

    def _compare(self, node: Node, inputs: Sequence[int], outputs: Sequence[int], alone: _Planning) -> None:
        """Raise Mixed unless a single row meets the same constants, and gets outputs of the same shape."""
        for number, place in enumerate(inputs):
            is_length = node.op in ("Reshape", "Expand", "Tile") and number in SHAPE_INPUTS[node.op]
            if place < 0 or self.varies[place] or is_length:
                continue
            if not _is_same(alone.values[place], self.values[place]):
                raise Mixed
        for place in outputs:
            if place >= 0:
                rows, shape = self.rows[place], list(self.values[place].shape)
                if rows is None or shape[rows.axis] != self.count * rows.block:
                    raise Mixed
                shape[rows.axis] = rows.block
                if tuple(shape) != alone.values[place].shape:
                    raise Mixed


def _is_same(alone: np.ndarray, among: np.ndarray) -> bool:
    """Whether a constant of many rows repeats that of a single one."""
    if alone.ndim != among.ndim or any(n % max(one, 1) for one, n in zip(alone.shape, among.shape, strict=True)):
        return False
    repeats = [n // max(one, 1) for one, n in zip(alone.shape, among.shape, strict=True)]
    return np.array_equal(np.tile(alone, repeats) if repeats else alone, among, equal_nan=among.dtype == np.float32)


def _operator(op: str) -> tuple[Callable[[list[Any], Any], Any], Callable[[RowStep], list[Place]]]:
    if op in ELEMENTWISE:
        return ELEMENTWISE[op], elementwise
    return ARRANGEMENT[op] if op in ARRANGEMENT else PRODUCTS[op]


def _prepared(node: Node, read: Sequence[np.ndarray | None], varying: Sequence[bool]) -> Mapping[str, Any]:
    """The attributes of an operator, with what can be made of its constant inputs once."""
    prepare, numbers = PREPARATION.get(node.op, (None, ()))
    if prepare is None or any(varying[number] for number in numbers if number < len(varying)):
        return node.attributes
    try:
        return {**node.attributes, PREPARED: prepare(list(read), node.attributes)}
    except Exception as error:
        raise CheckpointError(f"operator {node.op} of the network failed: {error}") from error


def _results(call: _Call, read: list[np.ndarray | None]) -> list[np.ndarray]:
    """What an operator gives. Raises CheckpointError if it fails or gives more than a value may have."""
    with np.errstate(all="ignore"):
        try:
            found = call.function(list(read), call.attributes)
        except MemoryError:
            raise
        except Exception as error:
            raise CheckpointError(f"operator {call.op} of the network failed: {error}") from error
    results = [np.asarray(one) for one in (found if isinstance(found, list | tuple) else [found])]
    if any(one.size > MAX_ELEMENTS for one in results):
        raise CheckpointError(f"operator {call.op} of the network gives more than {MAX_ELEMENTS:,} numbers")
    return results
