"""Networks of MATE's examples for a whole team (TarMAC, I2C and MADDPG), as graphs whose rows are teams.

- TarMAC (Das et al., ICML 2019): all members share one network. Each attends to the messages that all members sent at
  the previous decision, and sends one to all.
- I2C (Ding et al., NeurIPS 2020): each member has networks of its own. A prior network chooses the teammates whose
  observations it requests; attention aggregates them. The answers of these teammates count as messages of the
  environment; the requests do not.
- MADDPG (Lowe et al., NeurIPS 2017): each member has a network of its own, which reads its own observation.

The architectures are those of the models in upstream's ``examples`` (UnrealTracking/mate, 3e631c0). Upstream's models
communicate inside the network, so the environment's limits do not apply to them. Here a message that a scenario's
limits block is not heard; without limits the outputs are the same. The weights of all members are stacked as (members,
inputs, outputs), so that one product computes all members.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policies.graphs.building import ACTIVATIONS, GraphBuilder
from policies.graphs.graph import Graph, GraphMessages
from policies.importing.errors import ImportRefused
from policies.importing.translation import TensorNames

SHARED = ("tarmac",)
SEPARATE = ("i2c", "maddpg")
"""Algorithms whose members share one network (``SHARED``), or have one each (``SEPARATE``)."""

Tensors = dict[str, np.ndarray]

_SLIM = r"(?:_model\.0\.)(weight|bias)"
_ACTOR = (
    (rf"actor\.hidden\.actor_hidden_([0-7])\.{_SLIM}", r"hidden.\1.\2"),
    (r"actor\.lstm\.(weight_ih|weight_hh|bias_ih|bias_hh)_l0", r"lstm.\1"),
    (rf"actor\.output\.{_SLIM}", r"output.\1"),
)
JOINT_LAYOUTS = {
    "tarmac": TensorNames(
        rules=(*_ACTOR, (r"message_aggregator\.query_predictor\.weight", "query.weight")),
        unused=("critic.",),
        entry="weights",
        memory="lstm",
    ),
    "i2c": TensorNames(
        rules=(
            *_ACTOR,
            (rf"prior_network\.hidden\.prior_network_hidden_([0-7])\.{_SLIM}", r"prior.\1.\2"),
            (rf"prior_network\.output\.{_SLIM}", r"prior.output.\1"),
            (r"message_aggregator\.attn\.in_proj_(weight|bias)", r"attention.\1"),
            (r"message_aggregator\.attn\.out_proj\.(weight|bias)", r"projection.\1"),
            (r"message_aggregator\.linear\.(weight|bias)", r"message.\1"),
        ),
        unused=("critic.", "joint_q_network.", "all_possible_actions", "agent_ids", "prior_threshold"),
        entry="weights",
        memory="lstm",
    ),
    "maddpg": TensorNames(
        rules=(
            (rf"policy_model\.(?:0\.)?hidden\.actor_hidden_([0-7])\.{_SLIM}", r"hidden.\1.\2"),
            (rf"policy_model\.(?:0\.)?output\.{_SLIM}", r"output.\1"),
            (r"policy_model\.1\.(low_action|action_range)", r"\1"),
        ),
        unused=("q_model.", "twin_q_model."),
        entry="weights",
        memory="none",
    ),
}
_LOG_NOISE_FLOOR = -20.0
_UNHEARD = -3e38


@dataclass(frozen=True)
class Joint:
    """A graph with its weights, and the widths of a member's observation and decision."""

    graph: Graph
    tensors: Tensors
    inputs: int
    outputs: int


class _Members:
    """The tensors of all members, whose shapes must agree, and stacks of them."""

    def __init__(self, members: Sequence[Tensors]) -> None:
        self.members = members
        for number, tensors in enumerate(members):
            if {n: t.shape for n, t in tensors.items()} != {n: t.shape for n, t in members[0].items()}:
                raise ImportRefused(
                    f"the networks of members 0 and {number} have other tensors; the checkpoint is damaged"
                )

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of a tensor, which is the same for all members. Raises ImportRefused if it is missing."""
        found = self.members[0].get(name)
        if found is None:
            raise ImportRefused(f"the policy's tensor for {name} is missing; the checkpoint is damaged")
        return found.shape

    def matrix(self, name: str) -> tuple[int, int]:
        """Return the shape of a matrix, which is the same for all members. Raises ImportRefused for other ranks."""
        shape = self.shape(name)
        if len(shape) != 2:
            raise ImportRefused(f"the policy's tensor for {name} is no matrix; the checkpoint is damaged")
        return shape

    def weights(self, name: str, columns: slice = slice(None), rows: slice = slice(None)) -> np.ndarray:
        """Return the chosen rows and columns of the members' matrices (N, H, D), as factors (N, D, H)."""
        self.matrix(name)
        return np.stack([one[name][rows, columns].T for one in self.members])

    def biases(self, name: str, rows: slice = slice(None)) -> np.ndarray:
        """Return the members' vectors (N, 1, H)."""
        self.shape(name)
        return np.stack([one[name][np.newaxis, rows] for one in self.members])

    def depth(self, prefix: str = "hidden.") -> int:
        """Return the number of hidden layers."""
        return next(number for number in range(10) if f"{prefix}{number}.weight" not in self.members[0])


def build(algorithm: str, members: Sequence[Tensors], activation: str, message_value: int, noise: float) -> Joint:
    """Return the graph of an algorithm's networks.

    ``message_value`` is the width of the value in TarMAC's messages, ``noise`` the standard deviation of MADDPG's
    exploration. Raises ImportRefused if the tensors are not those of such networks.
    """
    of, op = _Members(members), ACTIVATIONS[activation]
    if algorithm == "tarmac":
        return _build_tarmac(of, op, message_value)
    return _build_i2c(of, op) if algorithm == "i2c" else _build_maddpg(of, op, noise)


def _hidden(builder: GraphBuilder, of: _Members, value: str, activation: str, prefix: str = "hidden.") -> str:
    """Add hidden layers over values (R, N, K, D)."""
    for number in range(of.depth(prefix)):
        name = f"{prefix}{number}"
        value = builder.product(name, value, of.weights(f"{name}.weight"), of.biases(f"{name}.bias"))
        value = builder.add(activation, value)
    return value


def _alone(builder: GraphBuilder, value: str) -> str:
    """Reshape (R, N, D) to (R, N, 1, D), for products with a matrix of each member."""
    return builder.add("Unsqueeze", value, builder.integers(2))


def _together(builder: GraphBuilder, value: str) -> str:
    return builder.add("Squeeze", value, builder.integers(2))


def _remember(builder: GraphBuilder, of: _Members, value: str) -> tuple[str, str, str]:
    """Add a step of the members' LSTMs over values (R, N, 1, D); return output and next states (R, N, H)."""
    size = of.matrix("lstm.weight_hh")[1]
    before, cell = (_alone(builder, name) for name in ("hidden", "cell"))
    bias = of.biases("lstm.bias_ih") + of.biases("lstm.bias_hh")
    given = builder.product("lstm.input", value, of.weights("lstm.weight_ih"), bias)
    kept = builder.product("lstm.state", before, of.weights("lstm.weight_hh"))
    gates = builder.add("Add", given, kept)
    first = builder.add("Split", gates, builder.integers(*[size] * 4), outputs=4, axis=3)
    enter, forget, new, leave = (builder.further(first, place) for place in range(4))
    enter, forget, leave = (builder.add("Sigmoid", gate) for gate in (enter, forget, leave))
    added = builder.add("Mul", enter, builder.add("Tanh", new))
    cell = builder.add("Add", builder.add("Mul", forget, cell), added)
    after = builder.add("Mul", leave, builder.add("Tanh", cell))
    return after, _together(builder, after), _together(builder, cell)


def _actor(
    builder: GraphBuilder, of: _Members, value: str, activation: str
) -> tuple[str, dict[str, tuple[str, tuple[int, ...]]]]:
    """Add hidden layers, an LSTM and an output layer that reads both, over values (R, N, 1, D).

    Return the output (R, N, 1, A), and the next value and shape of each state.
    """
    size = of.matrix("lstm.weight_hh")[1]
    features = _hidden(builder, of, value, activation)
    recalled, hidden, cell = _remember(builder, of, features)
    both = builder.add("Concat", features, recalled, axis=3)
    output = builder.product("output", both, of.weights("output.weight"), of.biases("output.bias"))
    return output, {"hidden": (hidden, (size,)), "cell": (cell, (size,))}


def _build_tarmac(of: _Members, activation: str, values: int) -> Joint:
    builder = GraphBuilder()
    keys, double = of.matrix("query.weight")
    hidden_size = of.matrix("lstm.weight_hh")[1]
    if double != 2 * hidden_size:
        raise ImportRefused("the policy's query layer does not read the recurrent state; the checkpoint is damaged")
    read, width = of.matrix("hidden.0.weight")[1], of.matrix("output.weight")[0]
    message, inputs, outputs = keys + values, read - values, width - keys - values
    if inputs < 1 or outputs < 1:
        raise ImportRefused("the policy's layers leave no room for an observation or a decision beside the messages")
    parts = builder.integers(keys, values)
    memory = builder.add("Concat", "hidden", "cell", axis=2)
    query = builder.product("query", memory, of.members[0]["query.weight"].T / np.float32(math.sqrt(keys)))
    first = builder.add("Split", "messages", parts, outputs=2, axis=3)  # (R, N, N, K), (R, N, N, V)
    scores = builder.add("MatMul", _alone(builder, query), builder.add("Transpose", first, perm=[0, 1, 3, 2]))
    is_heard = builder.add("Greater", _alone(builder, "heard"), builder.tensor("half", np.array([0.5], np.float32)))
    unheard = builder.tensor("unheard", np.array([_UNHEARD], np.float32))
    weights = builder.add("Softmax", builder.add("Where", is_heard, scores, unheard), axis=3)
    heard = builder.add("MatMul", weights, builder.further(first, 1))
    value = builder.add("Concat", _alone(builder, "observation"), heard, axis=3)
    output, states = _actor(builder, of, value, activation)
    first = builder.add("Split", _together(builder, output), builder.integers(outputs, message), outputs=2, axis=2)
    sent = builder.add("Tanh", builder.further(first, 1))
    told = GraphMessages(sent, message)
    graph = builder.finish("team", ("observation", "messages", "heard"), first, states, told)
    return Joint(graph, builder.tensors, inputs, outputs)


def _build_maddpg(of: _Members, activation: str, noise: float) -> Joint:
    builder = GraphBuilder()
    inputs, outputs = of.matrix("hidden.0.weight")[1], of.matrix("output.weight")[0]
    if outputs != 2 or of.shape("action_range") != (2,) or of.shape("low_action") != (2,):
        raise ImportRefused("the policy's actions have not two bounded coordinates, which MATE's have")
    value = _hidden(builder, of, _alone(builder, "observation"), activation)
    raw = builder.product("output", value, of.weights("output.weight"), of.biases("output.bias"))
    # low + range * sigmoid(2 x) with low = -range / 2 equals range / 2 * tanh(x).
    mean = builder.add("Tanh", raw)
    largest = of.biases("action_range") / 2.0
    if not np.allclose(of.biases("low_action"), -largest) or not (largest > 0).all():
        raise ImportRefused("the policy's actions are not bounded symmetrically, as MATE's are")
    spread = np.log(noise / largest) if noise > 0 else np.full_like(largest, _LOG_NOISE_FLOOR)
    still = builder.add("Mul", mean, builder.tensor("zero", np.zeros(1, np.float32)))
    deviation = builder.add("Add", still, builder.tensor("noise", spread))
    output = _together(builder, builder.add("Concat", mean, deviation, axis=3))
    return Joint(builder.finish("team", ("observation",), output, {}), builder.tensors, inputs, 4)


def _build_i2c(of: _Members, activation: str) -> Joint:
    builder = GraphBuilder()
    count, inputs = len(of.members), of.matrix("message.weight")[1]
    outputs = of.matrix("output.weight")[0]
    own = _alone(builder, "observation")
    # Member i may ask i + 1, i + 2, ... modulo the number of members.
    order = (np.arange(count)[:, np.newaxis] + np.arange(1, count)) % count
    others = builder.add("Gather", "observation", builder.constant(order), axis=1)  # (R, N, N - 1, D)
    is_asked, told = _links(builder, _prior(builder, of, own, activation, count, inputs), order)
    query, key, value = (
        builder.product(
            f"attention.{name}",
            source,
            of.weights("attention.weight", rows=part) * scale,
            of.biases("attention.bias", part) * scale,
        )
        for name, source, part, scale in (
            ("query", own, slice(0, inputs), np.float32(1.0 / math.sqrt(inputs))),
            ("key", others, slice(inputs, 2 * inputs), np.float32(1.0)),
            ("value", others, slice(2 * inputs, 3 * inputs), np.float32(1.0)),
        )
    )
    scores = builder.add("MatMul", query, builder.add("Transpose", key, perm=[0, 1, 3, 2]))  # (R, N, 1, N - 1)
    unheard = builder.tensor("unheard", np.array([_UNHEARD], np.float32))
    # An additional key and value of zeros let a member attend to no teammate.
    nobody = builder.add("Mul", query, builder.tensor("zero", np.zeros(1, np.float32)))
    nobody = builder.add("ReduceSum", nobody, builder.integers(3), keepdims=1)
    all_scores = builder.add("Concat", builder.add("Where", is_asked, scores, unheard), nobody, axis=3)
    weights = builder.add("Softmax", all_scores, axis=3)
    weights = builder.add("Slice", weights, builder.integers(0), builder.integers(count - 1), builder.integers(3))
    heard = builder.add("MatMul", weights, value)
    for name in ("projection", "message"):
        heard = builder.product(name, heard, of.weights(f"{name}.weight"), of.biases(f"{name}.bias"))
    output, states = _actor(builder, of, builder.add("Concat", own, heard, axis=3), activation)
    messages = GraphMessages(recipients=told)
    graph = builder.finish("team", ("observation", "links"), _together(builder, output), states, messages)
    return Joint(graph, builder.tensors, inputs, outputs)


def _links(builder: GraphBuilder, asked: str, order: np.ndarray) -> tuple[str, str]:
    """Return whether each member hears each teammate that it asked, (R, N, 1, N - 1), and who answers whom, (R, N, N).

    ``order`` (N, N - 1) lists the teammates that each of N members may ask, in its own order.
    """
    count = len(order)
    places = np.zeros((count, count - 1, count), np.float32)
    places[np.arange(count)[:, np.newaxis], np.arange(count - 1), order] = 1.0
    zero = builder.tensor("nothing", np.zeros(1, np.float32))
    answered = builder.add("Transpose", "links", perm=[0, 2, 1])
    arriving = builder.product("to_order", _alone(builder, answered), places.transpose(0, 2, 1))
    is_heard = builder.add("And", asked, builder.add("Greater", arriving, zero))
    one = builder.tensor("one", np.ones(1, np.float32))
    asking = builder.product("from_order", builder.add("Where", asked, one, zero), places)
    told = builder.add("Transpose", _together(builder, asking), perm=[0, 2, 1])
    return is_heard, told


def _prior(builder: GraphBuilder, of: _Members, own: str, activation: str, count: int, inputs: int) -> str:
    """Return whether each member asks each teammate, (R, N, 1, N - 1): its prior network's output is at least 0."""
    # The first layer reads an observation and a one-hot number of the teammate, which acts as a bias for each teammate.
    if of.matrix("prior.0.weight")[1] != inputs + count - 1:
        raise ImportRefused(
            "the policy's prior network does not read an observation and a teammate; is the team another?"
        )
    numbers = of.weights("prior.0.weight", columns=slice(inputs, None)) + of.biases("prior.0.bias")  # (N, N - 1, H)
    seen = builder.product("prior.first", own, of.weights("prior.0.weight", columns=slice(0, inputs)), numbers)
    value = builder.add(activation, seen)  # (R, N, N - 1, H)
    for number in range(1, of.depth("prior.")):
        name = f"prior.{number}"
        value = builder.add(
            activation, builder.product(name, value, of.weights(f"{name}.weight"), of.biases(f"{name}.bias"))
        )
    name = "prior.output"
    asking = builder.product(name, value, of.weights(f"{name}.weight"), of.biases(f"{name}.bias"))
    asked = builder.add("GreaterOrEqual", asking, builder.tensor("threshold", np.zeros(1, np.float32)))
    return builder.add("Transpose", asked, perm=[0, 1, 3, 2])
