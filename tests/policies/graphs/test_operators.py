"""Each operator computes what onnxruntime computes."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from policies import Dimensions
from policies.graphs.graph import OPERATORS
from policies.graphs.network import GraphNetwork
from policies.importing.onnx import read_model

SIZES = Dimensions(2, 3, 1)
WIDTH = SIZES.observation_size("camera")
X = ["observation"]


def real(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def whole(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


# What follows the observation (R, WIDTH): the operators with their inputs, constants by name, and attributes.
UNARY = [
    "Abs",
    "Ceil",
    "Cos",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LeakyRelu",
    "Mish",
    "Neg",
    "Relu",
    "Round",
    "Selu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Softplus",
    "Softsign",
    "Tanh",
    "Dropout",
    "LogSoftmax",
    "Softmax",
]
POSITIVE = ["Log", "Reciprocal", "Sqrt"]
REDUCTIONS = [
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
]
COMPARISONS = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"]
LOGIC = ["And", "Or", "Xor"]
ARITHMETIC = ["Add", "Div", "Max", "Min", "Mul", "Sub", "Sum", "PRelu"]

Program = tuple[list[tuple], dict[str, np.ndarray]]


def programs() -> dict[str, Program]:
    found: dict[str, Program] = {}
    for op in UNARY:
        found[op] = [(op, X, "y", {})], {}
    for op in POSITIVE:
        found[op] = [("Abs", X, "a", {}), ("Add", ["a", "half"], "b", {}), (op, ["b"], "y", {})], {"half": real() + 3}
    for op in REDUCTIONS:
        found[op] = [(op, ["observation", "axes"], "y", {"keepdims": 0})], {"axes": whole(1)}
    for op in COMPARISONS:
        found[op] = [(op, ["observation", "c"], "b", {}), ("Cast", ["b"], "y", {"to": 1})], {"c": real(WIDTH)}
    for op in LOGIC:
        steps = [("Greater", ["observation", "c"], "p", {}), ("Less", ["observation", "d"], "q", {})]
        steps += [(op, ["p", "q"], "r", {}), ("Cast", ["r"], "y", {"to": 1})]
        found[op] = steps, {"c": real(WIDTH), "d": real(WIDTH, seed=1)}
    for op in ARITHMETIC:
        found[op] = [(op, ["observation", "c"], "y", {})], {"c": np.abs(real(WIDTH)) + 1}
    return found | special_programs()


def special_programs() -> dict[str, Program]:
    ones = real(1, WIDTH)
    return {
        "ArgMax": ([("ArgMax", X, "i", {"axis": 1}), ("Cast", ["i"], "y", {"to": 1})], {}),
        "ArgMin": ([("ArgMin", X, "i", {"axis": 1, "keepdims": 0}), ("Cast", ["i"], "y", {"to": 1})], {}),
        "BatchNormalization": (
            [("BatchNormalization", ["observation", "s", "b", "m", "v"], "y", {})],
            {"s": real(WIDTH), "b": real(WIDTH, seed=1), "m": real(WIDTH, seed=2), "v": np.abs(real(WIDTH)) + 1},
        ),
        "Clip": ([("Clip", ["observation", "low", "high"], "y", {})], {"low": real() * 0 - 1, "high": real() * 0 + 1}),
        "Concat": ([("Concat", ["observation", "observation"], "y", {"axis": 1})], {}),
        "ConstantOfShape": (
            [
                ("Shape", X, "s", {}),
                ("ConstantOfShape", ["s"], "k", {"value": numpy_helper.from_array(np.array([2.5], np.float32))}),
                ("Mul", ["observation", "k"], "y", {}),
            ],
            {},
        ),
        "Expand": ([("Unsqueeze", ["observation", "one"], "u", {}), ("Expand", ["u", "shape"], "y", {})],
                   {"one": whole(1), "shape": whole(1, 3, 1)}),
        "Flatten": ([("Unsqueeze", ["observation", "one"], "u", {}), ("Flatten", ["u"], "y", {})], {"one": whole(1)}),
        "GRU": (
            [("Unsqueeze", ["observation", "zero"], "x", {}),
             ("GRU", ["x", "w", "r", "b"], "all,y3", {"hidden_size": 4, "linear_before_reset": 1}),
             ("Squeeze", ["y3", "zero"], "y", {})],
            {"zero": whole(0), "w": real(1, 12, WIDTH), "r": real(1, 12, 4, seed=1), "b": real(1, 24, seed=2)},
        ),
        "LSTM": (
            [("Unsqueeze", ["observation", "zero"], "x", {}),
             ("LSTM", ["x", "w", "r", "b"], "all,y3,c", {"hidden_size": 4}),
             ("Squeeze", ["y3", "zero"], "y", {})],
            {"zero": whole(0), "w": real(1, 16, WIDTH), "r": real(1, 16, 4, seed=1), "b": real(1, 32, seed=2)},
        ),
        "Gather": ([("Gather", ["observation", "i"], "y", {"axis": 1})], {"i": whole(3, 0, -1)}),
        "GatherElements": (
            [("ArgMax", X, "i", {"axis": 1}), ("GatherElements", ["observation", "i"], "y", {"axis": 1})], {}),
        "Gemm": ([("Gemm", ["observation", "w", "b"], "y", {"transB": 1, "alpha": 0.5, "beta": 2.0})],
                 {"w": real(5, WIDTH), "b": real(5)}),
        "IsInf": ([("Div", ["observation", "z"], "d", {}), ("IsInf", ["d"], "i", {}), ("Cast", ["i"], "y", {"to": 1})],
                  {"z": real() * 0}),
        "IsNaN": ([("Log", X, "d", {}), ("IsNaN", ["d"], "i", {}), ("Cast", ["i"], "y", {"to": 1})], {}),
        "LayerNormalization": ([("LayerNormalization", ["observation", "s", "b"], "y", {})],
                               {"s": real(WIDTH), "b": real(WIDTH, seed=1)}),
        "MatMul": ([("MatMul", ["observation", "w"], "y", {})], {"w": real(WIDTH, 6)}),
        "Mod": ([("Mod", ["observation", "m"], "y", {"fmod": 1})], {"m": real() * 0 + 0.75}),
        "Not": ([("Less", ["observation", "c"], "b", {}), ("Not", ["b"], "n", {}), ("Cast", ["n"], "y", {"to": 1})],
                {"c": ones}),
        "Pad": ([("Pad", ["observation", "pads", "fill"], "y", {})], {"pads": whole(0, 1, 0, 2), "fill": real()}),
        "Pow": ([("Pow", ["observation", "p"], "y", {})], {"p": real() * 0 + 3}),
        "Range": (
            [("Range", ["from", "to", "by"], "r", {}), ("Gather", ["observation", "r"], "y", {"axis": 1})],
            {"from": np.array(0), "to": np.array(6), "by": np.array(2)},
        ),
        "Reshape": ([("Reshape", ["observation", "s"], "r", {}), ("Softmax", ["r"], "y", {"axis": 2})],
                    {"s": whole(0, -1, 1)}),
        "Shape": ([("Shape", X, "s", {}), ("Reshape", ["observation", "s"], "y", {})], {}),
        "Size": ([("Gather", ["observation", "i"], "g", {"axis": 1}), ("Shape", ["observation"], "s", {"start": 1}),
                  ("Size", ["s"], "n", {}), ("Cast", ["n"], "f", {"to": 1}), ("Mul", ["g", "f"], "y", {})],
                  {"i": whole(1)}),
        "Slice": ([("Slice", ["observation", "from", "to", "axes", "by"], "y", {})],
                  {"from": whole(-2), "to": whole(1), "axes": whole(1), "by": whole(-3)}),
        "Split": ([("Split", ["observation", "parts"], "p,q", {"axis": 1}), ("Concat", ["q", "p"], "y", {"axis": 1})],
                  {"parts": whole(5, WIDTH - 5)}),
        "Squeeze": ([("Unsqueeze", ["observation", "axes"], "u", {}), ("Squeeze", ["u", "axes"], "y", {})],
                    {"axes": whole(0, 2)}),
        "Tile": ([("Tile", ["observation", "n"], "y", {})], {"n": whole(1, 2)}),
        "Transpose": ([("Transpose", X, "t", {"perm": [1, 0]}), ("Tanh", ["t"], "u", {}),
        ("Transpose", ["u"], "y", {})], {}),
        "Trilu": ([("Reshape", ["observation", "s"], "r", {}), ("Trilu", ["r"], "y", {"upper": 0})],
        {"s": whole(0, 1, -1)}),
        "Unsqueeze": ([("Unsqueeze", ["observation", "axes"], "y", {})], {"axes": whole(1, -1)}),
        "Where": ([("Less", ["observation", "c"], "b", {}), ("Where", ["b", "observation", "c"], "y", {})],
        {"c": ones}),
    }  # fmt: skip


PROGRAMS = programs()
PROGRAMS["Cast"] = PROGRAMS["Not"]


def model_of(program: Program) -> tuple[bytes, int]:
    """The bytes of a model whose output is flattened to (R, A), and A."""
    steps, constants = program
    nodes = [
        helper.make_node(op, inputs, outputs.split(","), **attributes) for op, inputs, outputs, attributes in steps
    ]
    nodes.append(helper.make_node("Flatten", ["y"], ["output"]))
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["rows", WIDTH])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["rows", "outputs"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    content = model.SerializeToString()
    session = onnxruntime.InferenceSession(content)
    width = session.run(None, {"observation": np.zeros((1, WIDTH), np.float32)})[0].shape[1]
    return content, width


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_every_operator_computes_what_onnxruntime_computes(op: str) -> None:
    content, width = model_of(PROGRAMS[op])
    policy = {
        "format": "mate-policy",
        "version": 1,
        "team": "camera",
        "architecture": {"kind": "onnx"},
        "action": {"decoding": "direct"},
        "scenario": vars(SIZES),
    }
    checkpoint = read_model(policy, memoryview(content))
    network = GraphNetwork(checkpoint.recipe.architecture, checkpoint.weights, "camera", SIZES, width)
    observations = real(5, WIDTH, seed=3)
    expected = onnxruntime.InferenceSession(content).run(None, {"observation": observations})[0]
    outputs = network.forward(observations, np.zeros((5, 0), np.float32))
    assert np.allclose(outputs, expected, rtol=1e-5, atol=1e-6, equal_nan=True)
    alone = [network.forward(row[None], np.zeros((1, 0), np.float32))[0] for row in observations]
    assert np.array_equal(np.array(alone), outputs)
    assert network.computes_rows_together


def test_onnx_accepts_the_models_of_these_tests() -> None:
    for program in PROGRAMS.values():
        onnx.checker.check_model(onnx.load_from_string(model_of(program)[0]))
