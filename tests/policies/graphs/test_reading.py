"""Models in ONNX's format are read as data, and refused with the cause and what to do."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.fuzz_importer import marker_files, try_file
from policies import Checkpoint, CheckpointError, Dimensions
from policies.exporting import pack
from policies.graphs.network import GraphNetwork
from policies.importing import ImportRefused
from policies.importing.reading import read_file
from policies.rehearsing import RehearsalFailed, rehearse
from tests.policies.mutations import MODELS, Mutations

SIZES = Dimensions(2, 3, 1)
WIDTH = SIZES.observation_size("camera")
POLICY: dict[str, Any] = {
    "format": "mate-policy",
    "version": 1,
    "team": "camera",
    "architecture": {"kind": "onnx"},
    "action": {"decoding": "direct"},
    "scenario": vars(SIZES),
}
WEIGHT = numpy_helper.from_array(np.full((WIDTH, 2), 0.01, np.float32), "w")


def model_with(
    *nodes: Any, constants: tuple = (WEIGHT,), inputs: tuple[str, ...] = ("observation",), opset: int = 20
) -> bytes:
    """A model of these operators; the last one writes the output."""
    graph = helper.make_graph(
        list(nodes),
        "one",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", WIDTH]) for name in inputs],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["rows", 2])],
        list(constants),
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString()


def product(source: str = "observation", target: str = "output") -> Any:
    return helper.make_node("MatMul", [source, "w"], [target])


def read(model: bytes, **policy: Any) -> Checkpoint:
    return read_file(io.BytesIO(pack({**POLICY, **policy}, model))).agents[0].checkpoint


def network_of(checkpoint: Checkpoint) -> GraphNetwork:
    return GraphNetwork(checkpoint.recipe.architecture, checkpoint.weights, "camera", SIZES, 2)


def external() -> bytes:
    model = onnx.load_from_string(model_with(product()))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    return model.SerializeToString()


def with_branch() -> bytes:
    branch = helper.make_graph([product()], "b", [], [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)])
    return model_with(helper.make_node("If", ["c"], ["output"], then_branch=branch, else_branch=branch))


HALF = numpy_helper.from_array(np.zeros((WIDTH, 2), np.float16), "w")
REFUSED: dict[str, tuple[Callable[[], bytes], dict[str, Any], str]] = {
    "unknown operators": (
        lambda: model_with(
            helper.make_node("TopK", ["observation"], ["a"]), helper.make_node("Einsum", ["a"], ["output"])
        ),
        {},
        "not played: 'Einsum', 'TopK'",
    ),
    "branches": (with_branch, {}, "not played: 'If'"),
    "operators of a company": (
        lambda: model_with(helper.make_node("MatMul", ["observation", "w"], ["output"], domain="com.example")),
        {},
        "operators of 'com.example'",
    ),
    "data in another file": (external, {}, "external_data=False"),
    "numbers of 16 bits": (lambda: model_with(product(), constants=(HALF,)), {}, r"\.float\(\)"),
    "old operators": (lambda: model_with(product(), opset=9), {}, "version 9 .* opset_version=20"),
    "an unknown input": (
        lambda: model_with(product("image"), inputs=("image",)),
        {},
        "reads 'image', which nobody gives",
    ),
    "a state that is not there": (
        lambda: model_with(product()),
        {"architecture": {"kind": "onnx", "states": {"hidden": "output"}, "output": "output"}},
        "names the state 'hidden'",
    ),
    "an output that is not there": (
        lambda: model_with(product()),
        {"architecture": {"kind": "onnx", "output": "actions"}},
        "expected the output that decides: one of output",
    ),
    "a misspelt field": (
        lambda: model_with(product()),
        {"architecture": {"kind": "onnx", "row": "team"}},
        "unknown field 'row'",
    ),
    "a value that nothing writes": (lambda: model_with(product("nothing")), {}, "nothing writes 'nothing'"),
    "no model at all": (lambda: b"hello, world", {}, "Protocol Buffers"),
    "a model that is cut off": (lambda: model_with(product())[:-20], {}, "cut off"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_played_is_refused_with_its_cause(name: str) -> None:
    make, policy, words = REFUSED[name]
    with pytest.raises(ImportRefused, match=words):
        read(make(), **policy)


def test_a_zip_without_its_model_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("policy.json", json.dumps(POLICY))
    with pytest.raises(ImportRefused, match=r"model\.onnx' is missing"):
        read_file(file)


REHEARSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "another number of outputs": (
        lambda: model_with(product(target="a"), helper.make_node("Concat", ["a", "a"], ["output"], axis=1)),
        r"has the shape \(1, 4\), where its action and the scenario need \(1, 2\)",
    ),
    "shapes that depend on what is seen": (
        lambda: model_with(
            helper.make_node("Cast", ["observation"], ["n"], to=TensorProto.INT64),
            helper.make_node("Reshape", ["w", "n"], ["output"]),
        ),
        "depends on what is observed",
    ),
    "matrices that do not fit": (
        lambda: model_with(product(target="a"), product("a")),
        "operator MatMul of the network failed",
    ),
    "a product that does not fit": (
        lambda: model_with(product(target="a"), helper.make_node("Gemm", ["a", "w"], ["output"])),
        "operator Gemm of the network failed: a product of the shapes",
    ),
    "a recurrent layer that does not fit": (
        lambda: model_with(
            helper.make_node("Unsqueeze", ["observation", "zero"], ["x"]),
            helper.make_node("LSTM", ["x", "i", "r"], ["all", "output"], hidden_size=4),
            constants=(
                numpy_helper.from_array(np.array([0]), "zero"),
                numpy_helper.from_array(np.zeros((1, 5, WIDTH), np.float32), "i"),
                numpy_helper.from_array(np.zeros((1, 16, 4), np.float32), "r"),
            ),
        ),
        "whose weights and biases have other lengths",
    ),
    "an output that its operator does not compute": (
        lambda: model_with(helper.make_node("Tanh", ["observation"], ["a", "b"]), product("b")),
        "operator Tanh of the network computes 1 of its outputs: 'v1' has no value",
    ),
    "numbers that are not finite": (
        lambda: model_with(product(target="a"), helper.make_node("Sub", ["a", "a"], ["z"]),
        helper.make_node("Log", ["z"], ["output"])),
        "not finite",
    ),
    "far too many numbers": (
        lambda: model_with(
            product(target="a"), helper.make_node("Tile", ["a", "n"], ["output"]),
            constants=(WEIGHT, numpy_helper.from_array(np.array([1 << 20, 1 << 20]), "n")),
        ),
        "larger than 16,777,216 entries",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REHEARSED)
def test_a_network_that_fails_is_found_out_before_it_plays_a_match(name: str) -> None:
    make, words = REHEARSED[name]
    with pytest.raises(RehearsalFailed, match=words):
        rehearse(read(make()), deterministic=True)


def test_rows_that_a_network_would_mix_are_computed_one_by_one() -> None:
    axes = numpy_helper.from_array(np.array([0]), "axes")
    mixing = model_with(
        helper.make_node("ReduceMean", ["observation", "axes"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["observation", "mean"], ["d"]),
        helper.make_node("Add", ["d", "observation"], ["e"]),
        product("e"),
        constants=(WEIGHT, axes),
    )
    network = network_of(read(mixing))
    observations = np.random.default_rng(0).normal(size=(4, WIDTH)).astype(np.float32)
    together = network.forward(observations, np.zeros((4, 0), np.float32))
    alone = [network.forward(row[None], np.zeros((1, 0), np.float32))[0] for row in observations]
    assert not network.computes_rows_together and np.array_equal(together, np.array(alone))


@pytest.mark.parametrize("step", ["scale by the batch", "number the rows", "normalise over rows", "pair rows"])
def test_every_way_to_tell_rows_apart_is_noticed(step: str) -> None:
    shape = [helper.make_node("Shape", ["observation"], ["s"], end=1), helper.make_node("Cast", ["s"], ["n"], to=1)]
    zero, one = (numpy_helper.from_array(np.array(value), name) for value, name in ((0, "zero"), (1, "one")))
    ways = {
        "scale by the batch": [*shape, helper.make_node("Div", ["observation", "n"], ["x"])],
        "number the rows": [
            *shape[:1],
            helper.make_node("Squeeze", ["s"], ["count"]),
            helper.make_node("Range", ["zero", "count", "one"], ["r"]),
            helper.make_node("Cast", ["r"], ["f"], to=1),
            helper.make_node("Reshape", ["f", "column"], ["c"]),
            helper.make_node("Add", ["observation", "c"], ["x"]),
        ],
        "normalise over rows": [helper.make_node("Softmax", ["observation"], ["x"], axis=0)],
        "pair rows": [
            helper.make_node("Transpose", ["observation"], ["t"]),
            helper.make_node("MatMul", ["t", "observation"], ["m"]),
            helper.make_node("MatMul", ["observation", "m"], ["x"]),
        ],
    }
    column = numpy_helper.from_array(np.array([-1, 1]), "column")
    model = model_with(*ways[step], product("x"), constants=(WEIGHT, zero, one, column))
    assert not network_of(read(model)).computes_rows_together


def test_an_episode_with_a_failing_network_names_the_network() -> None:
    checkpoint = read(model_with(product(target="a"), helper.make_node("Sqrt", ["a"], ["output"])))
    network = network_of(checkpoint)
    with pytest.raises(CheckpointError, match="not finite"):
        network.forward(np.full((1, WIDTH), -1.0, np.float32), np.zeros((1, 0), np.float32))


def test_damaged_models_cause_nothing_but_refusals_or_sound_agents() -> None:
    before = marker_files()
    mutations = Mutations(2026, [], [], only_models=True)
    outcomes = [try_file(mutations.make(index)) for index in range(400)]
    assert 0.02 < outcomes.count("sound") / len(outcomes) < 0.8
    assert len(set(outcomes)) >= 3 and marker_files() == before


def test_the_shipped_models_are_sound() -> None:
    assert len(list(MODELS.iterdir())) == 7
    assert all(try_file(path.read_bytes()) == "sound" for path in MODELS.iterdir())
