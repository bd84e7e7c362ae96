"""Operators that combine entries along an axis: products of matrices, reductions, recurrent layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from policies.graphs import kernels
from policies.graphs.arrangement import axes_of
from policies.graphs.kernels import add_product, as_real
from policies.graphs.rows import Mixed, Place, RowStep, check_alike, keep_apart
from policies.kernels import step_gru, step_lstm

Values = list[Any]
Attributes = Any

MAX_SEQUENCE = 64
PREPARED = "prepared"
"""The attribute that holds what was made of constant inputs, once for all calls (``PREPARATION``)."""


def multiply(values: Values, attributes: Attributes) -> np.ndarray:
    """Products of matrices, summed in ascending order; leading axes broadcast as in NumPy."""
    a, b = as_real(values[0]), as_real(values[1])
    is_row, is_column = a.ndim == 1, b.ndim == 1
    a, b = (a[np.newaxis] if is_row else a), (b[:, np.newaxis] if is_column else b)
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"MatMul of the shapes {a.shape} and {b.shape}")
    if b.ndim == 2:
        out = np.zeros((*a.shape[:-1], b.shape[1]), np.float32)
        rows = math.prod(a.shape[:-1])  # which may be 0
        add_product(a.reshape(rows, a.shape[-1]), b, out.reshape(rows, b.shape[1]))
    else:
        leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        out = np.zeros((*leading, a.shape[-2], b.shape[-1]), np.float32)
        count = math.prod(leading)
        left = as_real(np.broadcast_to(a, (*leading, *a.shape[-2:]))).reshape(count, *a.shape[-2:])
        right = as_real(np.broadcast_to(b, (*leading, *b.shape[-2:]))).reshape(count, *b.shape[-2:])
        kernels.multiply_each(left, right, out.reshape(count, *out.shape[-2:]))
    out = out[..., 0, :] if is_row else out
    return out[..., 0] if is_column else out


def general_product(values: Values, attributes: Attributes) -> np.ndarray:
    """``alpha A B + beta C``, each of A and B as it is or transposed: ONNX's Gemm."""
    a = as_real(values[0].T if attributes.get("transA", 0) else values[0])
    b = attributes.get(PREPARED)
    b = prepare_general(values, attributes) if b is None else b
    alpha, beta = np.float32(attributes.get("alpha", 1.0)), np.float32(attributes.get("beta", 1.0))
    out = np.zeros((a.shape[0], b.shape[1]), np.float32)
    has_bias = len(values) > 2 and values[2] is not None
    if has_bias and alpha == 1:
        out[:] = values[2] if beta == 1 else values[2] * beta
    add_product(a, b, out)
    if alpha != 1:
        out = out * alpha + (values[2] * beta if has_bias else np.float32(0))
    return out


def prepare_general(values: Values, attributes: Attributes) -> np.ndarray:
    """Gemm's second factor, laid out for the product; where it is constant, once for all calls."""
    return as_real(values[1].T if attributes.get("transB", 0) else values[1])


def _follow_product(step: RowStep) -> list[Place]:
    a, b = step.inputs[0], step.inputs[1]
    assert a is not None and b is not None
    of_a, of_b = step.places[0], step.places[1]
    rank = step.outputs[0].ndim
    if of_a is None and of_b is None:
        return [None]
    if of_b is None and of_a is not None and a.ndim >= 2 and of_a.axis == a.ndim - 2:
        return [of_a._replace(axis=rank - (2 if b.ndim > 1 else 1))]
    if of_a is None and of_b is not None and b.ndim >= 2 and of_b.axis == b.ndim - 1:
        return [of_b._replace(axis=rank - 1)]
    for value, place in ((a, of_a), (b, of_b)):
        if place is not None and (value.ndim < 3 or place.axis >= value.ndim - 2):
            raise Mixed
    return [step.aligned(0, 1)]


def _follow_general(step: RowStep) -> list[Place]:
    place, axis = step.places[0], 1 if step.attributes.get("transA", 0) else 0
    if any(other is not None for other in step.places[1:]) or (place is not None and place.axis != axis):
        raise Mixed
    bias = step.inputs[2] if len(step.inputs) > 2 else None
    if place is not None and bias is not None and bias.ndim == 2:
        check_alike(bias, place._replace(axis=0), step.count)
    return [None if place is None else place._replace(axis=0)]


def _lines(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, tuple[int, ...]]:
    """The value as contiguous lines (n, m) along some axes, and the lengths of the other axes."""
    others = [axis for axis in range(x.ndim) if axis not in axes]
    kept = tuple(x.shape[axis] for axis in others)
    return as_real(np.transpose(x, (*others, *axes))).reshape(int(np.prod(kept, dtype=np.int64)), -1), kept


def reduce(function: int, values: Values, attributes: Attributes) -> np.ndarray:
    """The sum, product or sum of squares along axes."""
    x = values[0]
    if x.dtype != np.float32:
        return np.asarray((np.prod if function == kernels.PRODUCT else np.sum)(x, _reduced(values, attributes)))
    axes = _reduced(values, attributes)
    lines, kept = _lines(x, axes)
    out = np.empty(len(lines), np.float32)
    kernels.reduce_rows(function, lines, out)
    shape = [1 if axis in axes else x.shape[axis] for axis in range(x.ndim)]
    return out.reshape(shape if attributes.get("keepdims", 1) else kept)


def _reduced(values: Values, attributes: Attributes) -> tuple[int, ...]:
    rank = values[0].ndim
    named = axes_of(values, attributes)
    if not named:
        return () if attributes.get("noop_with_empty_axes", 0) else tuple(range(rank))
    return tuple(sorted(axis % rank for axis in named))


def _mean(values: Values, attributes: Attributes) -> np.ndarray:
    total = reduce(kernels.SUM, values, attributes)
    return total / np.float32(max(1, values[0].size // max(1, total.size)))


def _norm(values: Values, attributes: Attributes) -> np.ndarray:
    return np.sqrt(reduce(kernels.SQUARES, values, attributes))


def _absolute(values: Values, attributes: Attributes) -> np.ndarray:
    return reduce(kernels.SUM, [np.abs(values[0]), *values[1:]], attributes)


def _extreme(function: Callable[..., Any], values: Values, attributes: Attributes) -> np.ndarray:
    axes = _reduced(values, attributes)
    return np.asarray(function(values[0], axis=axes, keepdims=bool(attributes.get("keepdims", 1))))


def _best(function: Callable[..., Any], values: Values, attributes: Attributes) -> np.ndarray:
    axis, x = attributes.get("axis", 0), values[0]
    if attributes.get("select_last_index", 0):
        found = x.shape[axis] - 1 - function(np.flip(x, axis), axis=axis)
    else:
        found = function(x, axis=axis)
    return np.expand_dims(found, axis) if attributes.get("keepdims", 1) else found


def _follow_reduction(step: RowStep) -> list[Place]:
    return _after(step, _reduced(list(step.inputs), step.attributes))


def _follow_best(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    return _after(step, (step.attributes.get("axis", 0) % step.inputs[0].ndim,))


def _after(step: RowStep, axes: tuple[int, ...]) -> list[Place]:
    """Where rows lie once these axes are combined, and gone unless they are kept with length 1."""
    place = step.places[0]
    assert step.inputs[0] is not None
    keep_apart(place, step.inputs[0].ndim, axes)
    if place is None or step.attributes.get("keepdims", 1):
        return [place]
    return [place._replace(axis=place.axis - sum(one < place.axis for one in axes))]


def softmax(is_logarithm: bool, values: Values, attributes: Attributes) -> np.ndarray:
    """Softmax, or its logarithm, along an axis."""
    x = np.moveaxis(values[0], attributes.get("axis", -1), -1)
    lines = as_real(x).reshape(-1, x.shape[-1])
    out = np.empty_like(lines)
    kernels.softmax_rows(lines, is_logarithm, out)
    return np.moveaxis(out.reshape(x.shape), -1, attributes.get("axis", -1))


def _follow_softmax(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    keep_apart(step.places[0], step.inputs[0].ndim, [step.attributes.get("axis", -1)])
    return [step.places[0]]


def normalise_layer(values: Values, attributes: Attributes) -> np.ndarray:
    """Layer normalisation (Ba et al., 2016) over all axes from ``axis`` on."""
    x = as_real(values[0])
    axis = attributes.get("axis", -1) % x.ndim
    lines = x.reshape(int(np.prod(x.shape[:axis], dtype=np.int64)), -1)
    out = np.empty_like(lines)
    kernels.normalise_rows(lines, float(attributes.get("epsilon", 1e-5)), out)
    result = out.reshape(x.shape) * values[1]
    return result + values[2] if len(values) > 2 and values[2] is not None else result


def _follow_layer(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    rank = step.inputs[0].ndim
    keep_apart(step.places[0], rank, range(step.attributes.get("axis", -1) % rank, rank))
    if any(place is not None for place in step.places[1:]):
        raise Mixed
    return [step.aligned(*range(len(step.inputs)))]


def normalise_batch(values: Values, attributes: Attributes) -> np.ndarray:
    """Batch normalisation with the means and variances of the training (Ioffe and Szegedy, ICML 2015)."""
    x, scale, bias, mean, variance = values
    shape = (1, -1, *(1,) * (x.ndim - 2))
    factor = scale / np.sqrt(variance + np.float32(attributes.get("epsilon", 1e-5)))
    return (x - mean.reshape(shape)) * factor.reshape(shape) + bias.reshape(shape)


def _follow_batch(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    if any(place is not None for place in step.places[1:]):
        raise Mixed
    keep_apart(step.places[0], step.inputs[0].ndim, [1])
    return [step.places[0]]


def _check_recurrent(values: Values, attributes: Attributes, activations: list[str]) -> None:
    if np.ndim(values[0]) != 3:
        raise ValueError("a recurrent layer reads a sequence of rows, (T, R, D)")
    told = [one.lower() for one in attributes.get("activations", activations)]
    if told[: len(activations)] != activations or attributes.get("clip", 0) or attributes.get("layout", 0):
        raise ValueError("a recurrent layer with other activations, clipping or layout than the usual ones")
    if attributes.get("direction", "forward") != "forward" or values[1].shape[0] != 1:
        raise ValueError("a recurrent layer that reads backwards")
    if values[0].shape[0] > MAX_SEQUENCE or any(value is not None for value in (values[4:5] + values[7:8])):
        raise ValueError("a recurrent layer with sequence lengths or peepholes")


def _gates(weights: np.ndarray, order: tuple[int, ...]) -> np.ndarray:
    """The blocks of a recurrent layer's weights (gates * H, ...) in another order, and its columns as rows."""
    blocks = np.split(weights, len(order))
    return as_real(np.concatenate([blocks[place] for place in order]).T)


def _prepare_recurrent(order: tuple[int, ...], values: Values, attributes: Attributes) -> Values:
    """Weights, recurrent weights and both biases with the gates in another order, laid out for products."""
    if any(np.ndim(value) != 3 or len(value) != 1 for value in values[1:3]):
        raise ValueError("a recurrent layer whose weights are not of the shape (1, gates, inputs)")
    width = values[2].shape[2]
    bias = values[3][0] if len(values) > 3 and values[3] is not None else np.zeros(2 * len(order) * width, np.float32)
    middle = len(order) * width
    if values[1].shape[1] != middle or values[2].shape[1] != middle or bias.shape != (2 * middle,):
        raise ValueError(f"a recurrent layer of {width} units whose weights and biases have other lengths")
    parts = (values[1][0], values[2][0], bias[:middle], bias[middle:])
    return [_gates(part, order) for part in parts]


def _states(values: Values, width: int) -> list[np.ndarray]:
    """The initial hidden state and cell (R, H); zeros where they are left out."""
    shape = values[0].shape[1], width
    given = (list(values) + [None] * 7)[5:7]
    if any(one is not None and np.shape(one) != (1, *shape) for one in given):
        raise ValueError(f"a recurrent layer of {width} units whose states have another shape than {(1, *shape)}")
    return [np.zeros(shape, np.float32) if one is None else as_real(one[0]) for one in given]


prepare_lstm = partial(_prepare_recurrent, (0, 2, 3, 1))  # ONNX has input, output, forget, cell
prepare_gru = partial(_prepare_recurrent, (1, 0, 2))  # ONNX has update, reset, hidden


def lstm(values: Values, attributes: Attributes) -> list[np.ndarray]:
    """A long short-term memory (Hochreiter and Schmidhuber, 1997): all hidden states, the last one, the last cell."""
    _check_recurrent(values, attributes, ["sigmoid", "tanh", "tanh"])
    weight, recurrent, given, kept = attributes.get(PREPARED) or prepare_lstm(values, attributes)
    sequence, width, offset = as_real(values[0]), len(recurrent), given + kept
    state = np.concatenate(_states(values, width), axis=1)
    outputs = np.empty((len(sequence), 1, len(state), width), np.float32)
    for time, x in enumerate(sequence):
        gates = np.empty((len(state), 4 * width), np.float32)
        gates[:] = offset
        add_product(x, weight, gates)
        add_product(np.ascontiguousarray(state[:, :width]), recurrent, gates)
        step_lstm(gates, state)
        outputs[time, 0] = state[:, :width]
    return [outputs, state[np.newaxis, :, :width], state[np.newaxis, :, width:]]


def gru(values: Values, attributes: Attributes) -> list[np.ndarray]:
    """A gated recurrent unit (Cho et al., EMNLP 2014), as PyTorch computes it: all hidden states and the last one."""
    _check_recurrent(values, attributes, ["sigmoid", "tanh"])
    if not attributes.get("linear_before_reset", 0):
        raise ValueError(
            "a GRU whose reset gate is applied before its product; PyTorch's layers set linear_before_reset"
        )
    weight, recurrent, *offsets = attributes.get(PREPARED) or prepare_gru(values, attributes)
    sequence, width = as_real(values[0]), len(recurrent)
    state = _states(values, width)[0].copy()
    outputs = np.empty((len(sequence), 1, len(state), width), np.float32)
    for time, x in enumerate(sequence):
        given, kept = (np.tile(offset, (len(state), 1)) for offset in offsets)
        add_product(x, weight, given)
        add_product(state, recurrent, kept)
        step_gru(given, kept, state)
        outputs[time, 0] = state
    return [outputs, state[np.newaxis]]


def _follow_recurrent(step: RowStep) -> list[Place]:
    if any(place is not None for place in step.places[1:5]):
        raise Mixed
    found = {place for place in (step.places[0], *step.places[5:7]) if place is not None}
    if not found:
        return [None] * len(step.outputs)
    place = found.pop()
    if found or place.axis != 1:
        raise Mixed
    for number in (0, 5, 6):
        value = step.inputs[number] if number < len(step.inputs) else None
        if value is not None and step.places[number] is None:
            check_alike(value, place, step.count)
    return [place._replace(axis=2), *[place] * (len(step.outputs) - 1)]


PRODUCTS: dict[str, tuple[Callable[[Values, Attributes], Any], Callable[[RowStep], list[Place]]]] = {
    "ArgMax": (partial(_best, np.argmax), _follow_best),
    "ArgMin": (partial(_best, np.argmin), _follow_best),
    "BatchNormalization": (normalise_batch, _follow_batch),
    "GRU": (gru, _follow_recurrent),
    "Gemm": (general_product, _follow_general),
    "LSTM": (lstm, _follow_recurrent),
    "LayerNormalization": (normalise_layer, _follow_layer),
    "LogSoftmax": (partial(softmax, True), _follow_softmax),
    "MatMul": (multiply, _follow_product),
    "ReduceL1": (_absolute, _follow_reduction),
    "ReduceL2": (_norm, _follow_reduction),
    "ReduceMax": (partial(_extreme, np.max), _follow_reduction),
    "ReduceMean": (_mean, _follow_reduction),
    "ReduceMin": (partial(_extreme, np.min), _follow_reduction),
    "ReduceProd": (partial(reduce, kernels.PRODUCT), _follow_reduction),
    "ReduceSum": (partial(reduce, kernels.SUM), _follow_reduction),
    "ReduceSumSquare": (partial(reduce, kernels.SQUARES), _follow_reduction),
    "Softmax": (partial(softmax, False), _follow_softmax),
}
"""By ONNX's name: a function of inputs and attributes, and where the rows of its outputs lie."""

PREPARATION: dict[str, tuple[Callable[[Values, Attributes], Any], tuple[int, ...]]] = {
    "GRU": (prepare_gru, (1, 2, 3)),
    "Gemm": (prepare_general, (1,)),
    "LSTM": (prepare_lstm, (1, 2, 3)),
}
"""By ONNX's name: what to make of the inputs of these numbers once, where they are constant."""
