"""Export of checkpoints and PyTorch modules in ONNX's format.

``to_onnx`` returns the ``model.onnx`` and the ``policy.json`` of a checkpoint; common tools can run the former.
``export_module`` writes an uploadable file from a PyTorch module, reads it back, and compares both.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mate.errors import UserError
from mate.scenario import Scenario
from policies import protobuf
from policies.checkpoint import RECIPE_NAME, Checkpoint
from policies.compatibility import dimensions_of
from policies.errors import CheckpointError
from policies.fields import Dimensions
from policies.graphs.graph import ROWS, SPOKEN_INPUTS, Graph, Node
from policies.graphs.network import GraphNetwork
from policies.importing.onnx import KIND, MODEL_NAME
from policies.importing.reading import describe, read_file
from policies.inputs import ENTITY_INPUTS, INPUTS, InputPart, input_parts_of
from policies.networks import network_of
from policies.recipe import ANY, DECODINGS, FORMAT, VERSION, Recipe
from policies.writing import graph_of

if TYPE_CHECKING:
    import torch

OPSET = 20
TOLERANCE = 1e-4
"""Maximum difference from PyTorch's outputs, relative to the greatest output if that is above 1."""

_EXAMPLE = Dimensions(4, 8, 9)
"""Dimensions with which networks for any scenario are tested."""
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class MessageOutputs:
    """The messages between members of a team: ``size`` numbers each, and whether the module outputs the recipients."""

    size: int = 0
    has_recipients: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the module's order."""
        return ("message",) * (self.size > 0) + ("recipients",) * self.has_recipients


@dataclass(frozen=True)
class Exported:
    """The result of an export: the checkpoint as read back, and the greatest difference from the module's outputs."""

    checkpoint: Checkpoint
    error: float


def pack(policy: Mapping[str, Any], model: bytes) -> bytes:
    """Return the bytes of an uploadable zip with this ``policy.json`` and ``model.onnx``, reproducibly."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((RECIPE_NAME, json.dumps(policy, indent=2).encode() + b"\n"), (MODEL_NAME, model)):
            entry = zipfile.ZipInfo(name, _ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


def to_onnx(checkpoint: Checkpoint) -> tuple[dict[str, Any], bytes]:
    """Return ``policy.json`` (parsed) and ``model.onnx``, which together describe a checkpoint."""
    recipe = checkpoint.recipe
    graph, tensors = graph_of(checkpoint)
    states = {state.input: state.output for state in graph.states}
    architecture = {"kind": KIND, "rows": graph.rows, "states": states, "output": graph.output}
    if graph.messages is not None:
        told = {"message": graph.messages.message, "recipients": graph.messages.recipients}
        architecture["messages"] = {kind: name for kind, name in told.items() if name}
    return {**recipe.to_json(), "architecture": architecture}, _model_of(graph, tensors, recipe)


def _model_of(graph: Graph, tensors: Mapping[str, np.ndarray], recipe: Recipe) -> bytes:
    """Return the bytes of an ONNX model; field numbers are those of its public schema (onnx/onnx.proto)."""
    nodes = [(1, protobuf.message(*_node_fields(node))) for node in graph.nodes]
    constants = [(5, _tensor_of(name, array)) for name, array in (*tensors.items(), *graph.constants.items())]
    leading = ["rows"] if graph.rows == "member" else ["teams", "members"]
    inputs = [(11, _value_of(name, [*leading, *_own_shape(name, recipe, graph)])) for name in graph.inputs]
    inputs += [(11, _value_of(state.input, [*leading, *state.shape])) for state in graph.states]
    width = None if recipe.scenario is None else recipe.output_size
    outputs = [(12, _value_of(graph.output, [*leading, "outputs" if width is None else width]))]
    outputs += [(12, _value_of(state.output, [*leading, *state.shape])) for state in graph.states]
    if graph.messages is not None:
        told = {graph.messages.message: graph.messages.size, graph.messages.recipients: _team_axis(recipe)}
        outputs += [(12, _value_of(name, [*leading, length])) for name, length in told.items() if name]
    content = protobuf.message(*nodes, (2, "mate"), *constants, *inputs, *outputs)
    return protobuf.message((1, 9), (2, "MATE Arena"), (7, content), (8, protobuf.message((1, ""), (2, OPSET))))


def _team_axis(recipe: Recipe) -> int | str:
    return "teammates" if recipe.scenario is None else recipe.scenario.team_size(recipe.team)


def _own_shape(name: str, recipe: Recipe, graph: Graph) -> list[int | str]:
    """Return the axes of an input after those of the rows; an axis whose length depends on the scenario is a name."""
    scenario = recipe.scenario
    if name in SPOKEN_INPUTS:
        size = [] if graph.messages is None or name != "messages" else [graph.messages.size]
        return [_team_axis(recipe), *size]
    part = input_parts_of(recipe.team, scenario or _EXAMPLE, recipe.preprocessing.egocentric)[name]
    if scenario is None and name in ENTITY_INPUTS:
        return [name, part.width]
    return ["features"] if scenario is None and name == "observation" else list(part.shape)


def _node_fields(node: Node) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = [(1, name) for name in node.inputs]
    found += [(2, name) for name in node.outputs]
    found.append((4, node.op))
    if node.op == "ConstantOfShape" and "value" in node.attributes:
        value = np.array([node.attributes["value"]])
        kind = np.float32 if value.dtype.kind == "f" else value.dtype
        return [*found, (5, protobuf.message((1, "value"), (20, 4), (5, _tensor_of("", value.astype(kind)))))]
    return found + [(5, _attribute(name, value)) for name, value in node.attributes.items()]


def _attribute(name: str, value: Any) -> bytes:
    if isinstance(value, float):
        return protobuf.message((1, name), (20, 1), (2, value))
    if isinstance(value, int):
        return protobuf.message((1, name), (20, 2), (3, value))
    if isinstance(value, str):
        return protobuf.message((1, name), (20, 3), (4, value))
    number, kind = (7, 6) if value and isinstance(value[0], float) else (8, 7)
    if value and isinstance(value[0], str):
        number, kind = 9, 8
    return protobuf.message((1, name), (20, kind), *((number, one) for one in value))


def _tensor_of(name: str, array: np.ndarray) -> bytes:
    number = {"f": 1, "b": 9}.get(array.dtype.kind, 7)
    packed = np.ascontiguousarray(array, {1: "<f4", 9: "|b1", 7: "<i8"}[number]).tobytes()
    return protobuf.message(*((1, length) for length in array.shape), (2, number), (8, name), (9, packed))


def _value_of(name: str, shape: list[int | str]) -> bytes:
    axes = [(1, protobuf.message((2 if isinstance(length, str) else 1, length))) for length in shape]
    tensor = protobuf.message((1, 1), (2, protobuf.message(*axes)))
    return protobuf.message((1, name), (2, protobuf.message((1, tensor))))


def export_module(
    module: torch.nn.Module,
    path: str | Path,
    *,
    team: str,
    action: Mapping[str, Any],
    scenario: Dimensions | None,
    inputs: tuple[str, ...] = ("observation",),
    states: Mapping[str, tuple[int, ...]] | None = None,
    rows: str = "member",
    messages: MessageOutputs | None = None,
    **recipe: Any,
) -> Exported:
    """Write an uploadable zip of a PyTorch module, read it back, and compare both on random inputs.

    Args:
        module: called with the inputs, then the states, in their order; returns the output, then the new states.
        path: the file to write.
        team: ``camera`` or ``target``.
        action: the field of ``policy.json``, such as ``{"decoding": "levels", "levels": 5}``.
        scenario: the dimensions that the module was trained for; None if it plays in any scenario.
        inputs: names of the inputs that the module reads, of ``policies.inputs.INPUTS``.
        states: the shape of each recurrent state of a member, by name.
        rows: ``member`` or ``team`` (``policies.graphs.Graph``).
        messages: the messages between members, if any. ``inputs`` may then have ``messages``, ``heard`` and ``links``.
            The module returns the message and then its recipients after the new states.
        recipe: further fields of ``policy.json``, such as ``preprocessing``, ``frame_skip`` or ``provenance``.

    Raises CheckpointError if the module has unsupported operators, or the outputs differ by more than
    ``TOLERANCE``. Needs PyTorch, onnx and onnxscript.
    """
    known = dict(states or {})
    told = () if messages is None else messages.outputs
    architecture: dict[str, Any] = {"kind": KIND, "rows": rows, "states": {n: f"{n}_next" for n in known}}
    architecture |= {"output": "output"} | ({"messages": {name: name for name in told}} if told else {})
    policy = {
        "format": FORMAT,
        "version": VERSION,
        "team": team,
        "architecture": architecture,
        "action": dict(action),
        "scenario": ANY if scenario is None else vars(scenario),
        **recipe,
    }
    sizes = scenario or _EXAMPLE
    parts = input_parts_of(team, sizes, bool(recipe.get("preprocessing", {}).get("egocentric")))
    shapes = _shapes(inputs, parts, sizes.team_size(team), 0 if messages is None else messages.size) | known
    outputs = ["output", *(f"{name}_next" for name in known), *told]
    model = _export(module, _examples(_leading(team, sizes, rows, 3), shapes), outputs, scenario is None, rows)
    content = pack(policy, model)
    checkpoint = read_file(io.BytesIO(content)).agents[0].checkpoint
    error = _compare(module, checkpoint, sizes, inputs, known)
    if not error <= TOLERANCE:
        raise CheckpointError(f"the exported network differs from the module by {error:.1e}, more than {TOLERANCE:.0e}")
    Path(path).write_bytes(content)
    return Exported(checkpoint, error)


def _leading(team: str, sizes: Dimensions, rows: str, count: int) -> tuple[int, ...]:
    return (count,) if rows == "member" else (count, sizes.team_size(team))


def _shapes(
    inputs: tuple[str, ...], parts: Mapping[str, InputPart], members: int, message_size: int
) -> dict[str, tuple[int, ...]]:
    """Return the shape of each input of a row."""
    spoken = {"messages": (members, message_size), "heard": (members,), "links": (members,)}
    return {name: spoken[name] if name in spoken else parts[name].shape for name in inputs}


def _examples(leading: tuple[int, ...], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Return random inputs and states by name."""
    random = np.random.default_rng(0)
    return {name: random.uniform(-1, 1, (*leading, *shape)).astype(np.float32) for name, shape in shapes.items()}


def _export(
    module: torch.nn.Module, examples: Mapping[str, np.ndarray], outputs: list[str], is_any: bool, rows: str
) -> bytes:
    """Return the bytes of the ``model.onnx`` that PyTorch's exporter writes."""
    import torch

    axes = []
    for name in examples:
        found = {0: torch.export.Dim("rows")}
        entity = 1 if rows == "member" else 2
        if rows == "team":
            found[1] = torch.export.Dim("members") if is_any else torch.export.Dim.STATIC
        if is_any and name in ENTITY_INPUTS:
            found[entity] = torch.export.Dim(name)
        if is_any and name in SPOKEN_INPUTS:
            found[entity] = found.get(1) or torch.export.Dim("members")
        axes.append(found)
    arguments = tuple(torch.from_numpy(array) for array in examples.values())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MODEL_NAME
        torch.onnx.export(
            module.eval(),
            arguments,
            str(path),
            input_names=list(examples),
            output_names=outputs,
            dynamic_shapes=tuple(axes),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            verbose=False,
        )
        return path.read_bytes()


def _compare(
    module: torch.nn.Module,
    checkpoint: Checkpoint,
    sizes: Dimensions,
    inputs: tuple[str, ...],
    states: Mapping[str, tuple[int, ...]],
) -> float:
    """Return the greatest difference of outputs and messages between module and checkpoint, on random rows."""
    import torch

    recipe = checkpoint.recipe
    assert isinstance(recipe.architecture, Graph)
    network = network_of(checkpoint, sizes)
    assert isinstance(network, GraphNetwork)
    random, count = np.random.default_rng(1), 5 * network.members
    observations = random.uniform(-1, 1, (count, network.parts["observation"].width)).astype(np.float32)
    memory = random.uniform(-1, 1, (count, network.memory_size)).astype(np.float32)
    speech = network.silence(count)
    for heard in speech[:3]:
        heard[:] = random.uniform(-1, 1, heard.shape)
    given = network.given(observations, memory, speech)
    with torch.inference_mode():
        found = module.eval()(*(torch.from_numpy(given[name]) for name in (*inputs, *states)))
    expected = [one.numpy() for one in found] if isinstance(found, tuple) else [found.numpy()]
    pairs = [(network.forward(observations, memory, speech), expected[0])]
    if told := recipe.architecture.messages:
        spoken = expected[1 + len(states) :]
        pairs += [(speech.message, spoken[0])] if told.message else []
        pairs += [(speech.recipients, spoken[-1] > 0.5)] if told.recipients else []
    return max(_difference(own, wanted.reshape(own.shape)) for own, wanted in pairs)


def _difference(own: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.abs(own.astype(float) - wanted).max() / max(1.0, np.abs(wanted).max()))


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m policies.exporting", description="Write a PyTorch module as an agent."
    )
    parser.add_argument(
        "module",
        help="Python file or module, and the class or function that creates the PyTorch module, such as my_file:Camera",
    )
    parser.add_argument("path", help="path of the .zip file to write")
    parser.add_argument("--team", choices=("camera", "target"), required=True)
    parser.add_argument("--decoding", choices=DECODINGS, required=True, help="how the outputs are decoded into actions")
    parser.add_argument(
        "--levels", type=int, default=0, help="number of levels of each action component, for --decoding levels"
    )
    parser.add_argument(
        "--scenario", required=True, help="scenario that it was trained for: a preset, a file, or 'any'"
    )
    parser.add_argument(
        "--input",
        action="append",
        choices=INPUTS + SPOKEN_INPUTS,
        help="input of the network; repeat the option for more, in their order (default: observation)",
    )
    parser.add_argument(
        "--state",
        action="append",
        default=[],
        metavar="NAME=SIZE",
        help="a recurrent state; repeat the option for more, in their order",
    )
    parser.add_argument("--rows", choices=ROWS, default="member", help="meaning of a row of the inputs (docs/onnx.md)")
    parser.add_argument(
        "--message", type=int, default=0, metavar="SIZE", help="how many numbers a message to teammates has"
    )
    parser.add_argument(
        "--recipients", action="store_true", help="the last output selects the recipients of the message"
    )
    options = parser.parse_args(arguments)
    try:
        states = {name: (int(size),) for name, _, size in (one.partition("=") for one in options.state)}
        exported = export_module(
            _make(options.module),
            options.path,
            team=options.team,
            action={"decoding": options.decoding, "levels": options.levels},
            scenario=None if options.scenario == ANY else dimensions_of(Scenario.load(options.scenario)),
            inputs=tuple(options.input or ("observation",)),
            states=states,
            rows=options.rows,
            messages=MessageOutputs(options.message, options.recipients)
            if options.message or options.recipients
            else None,
        )
    except (UserError, ValueError) as error:
        parser.error(str(error))
    print(f"{options.path}: {describe(exported.checkpoint.recipe)}; differs from the module by {exported.error:.1e}")
    return 0


def _make(name: str) -> torch.nn.Module:
    """Return the module that ``FILE_OR_MODULE:NAME`` creates. Its code is run: the user chose it."""
    place, _, factory = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: torch.nn.Module = getattr(importlib.import_module(place.removesuffix(".py")), factory)()
    except (ImportError, AttributeError) as error:
        raise CheckpointError(
            f"{name} cannot be made ({error}); give a module and a class in it: my_file:Camera"
        ) from None
    return found


if __name__ == "__main__":
    sys.exit(main())
