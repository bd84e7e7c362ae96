"""Operators that arrange entries anew and compute nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from policies.graphs.rows import Mixed, Place, RowStep, check_alike, keep_apart, reshaped

Values = list[Any]
Attributes = Any

MAX_ELEMENTS = 1 << 24
"""Maximum number of entries of one value; a graph may not make larger ones."""


def check_size(shape: Any) -> tuple[int, ...]:
    """The shape, if a value may have it. Raises ValueError if it is too large or not one."""
    lengths = tuple(int(length) for length in shape)
    if any(length < 0 for length in lengths) or int(np.prod(lengths, dtype=object)) > MAX_ELEMENTS:
        raise ValueError(f"a value of the shape {lengths[:8]} is larger than {MAX_ELEMENTS:,} entries")
    return lengths


def axes_of(values: Values, attributes: Attributes, place: int = 1) -> tuple[int, ...] | None:
    """The axes that an operator names: an input since opset 13 or 18, an attribute before."""
    if len(values) > place and values[place] is not None:
        return tuple(int(axis) for axis in np.atleast_1d(values[place]))
    named = attributes.get("axes")
    return None if named is None else tuple(int(axis) for axis in named)


def reshape(values: Values, attributes: Attributes) -> np.ndarray:
    """Other axes; 0 keeps a length, -1 is what remains."""
    x, wanted = values[0], [int(length) for length in values[1]]
    if not attributes.get("allowzero", 0):
        wanted = [x.shape[place] if length == 0 else length for place, length in enumerate(wanted)]
    return x.reshape(wanted)


def flatten(values: Values, attributes: Attributes) -> np.ndarray:
    """Two axes, cut before ``axis``."""
    axis = attributes.get("axis", 1)
    axis = axis + values[0].ndim if axis < 0 else axis
    leading = int(np.prod(values[0].shape[:axis], dtype=np.int64))
    return values[0].reshape(leading, int(np.prod(values[0].shape[axis:], dtype=np.int64)))


def squeeze(values: Values, attributes: Attributes) -> np.ndarray:
    """Axes of length 1 removed."""
    return np.squeeze(values[0], axes_of(values, attributes))


def unsqueeze(values: Values, attributes: Attributes) -> np.ndarray:
    """Axes of length 1 added."""
    return np.expand_dims(values[0], axes_of(values, attributes) or ())


def transpose(values: Values, attributes: Attributes) -> np.ndarray:
    """Axes in another order."""
    return np.transpose(values[0], attributes.get("perm"))


def concatenate(values: Values, attributes: Attributes) -> np.ndarray:
    """Values one after the other along an axis."""
    return np.concatenate(values, axis=attributes["axis"])


def split(values: Values, attributes: Attributes) -> list[np.ndarray]:
    """Pieces along an axis, of the given lengths or equal ones."""
    x, axis = values[0], attributes.get("axis", 0)
    lengths = values[1] if len(values) > 1 and values[1] is not None else attributes.get("split")
    if lengths is None:
        number = attributes["num_outputs"]
        piece = -(-x.shape[axis] // number)
        ends = [min(piece * (place + 1), x.shape[axis]) for place in range(number - 1)]
    else:
        ends = np.cumsum(np.asarray(lengths))[:-1].tolist()
    return np.split(x, ends, axis)


def _slices(values: Values) -> dict[int, slice]:
    """The slice of each axis that Slice names."""
    x, starts, ends = values[0], np.asarray(values[1]), np.asarray(values[2])
    axes = values[3] if len(values) > 3 and values[3] is not None else np.arange(starts.size)
    steps = values[4] if len(values) > 4 and values[4] is not None else np.ones(starts.size, np.int64)
    found = {}
    for start, end, axis, step in zip(starts, ends, np.asarray(axes), np.asarray(steps), strict=True):
        length = x.shape[axis]
        low, high = (0, length) if step > 0 else (-1, length - 1)
        begin = int(np.clip(start + length if start < 0 else start, max(low, 0), high if step < 0 else length))
        stop = int(np.clip(end + length if end < 0 else end, low, length))
        found[int(axis) % x.ndim] = slice(begin, None if stop < 0 else stop, int(step))
    return found


def cut(values: Values, attributes: Attributes) -> np.ndarray:
    """A part of each axis: ONNX's Slice."""
    found = _slices(values)
    return values[0][tuple(found.get(axis, slice(None)) for axis in range(values[0].ndim))]


def gather(values: Values, attributes: Attributes) -> np.ndarray:
    """The entries at the indices along an axis. Raises IndexError for an index beyond it."""
    return np.take(values[0], values[1], axis=attributes.get("axis", 0))


def gather_elements(values: Values, attributes: Attributes) -> np.ndarray:
    """The entries of each line along an axis at the indices of that line."""
    return np.take_along_axis(values[0], values[1], axis=attributes.get("axis", 0))


def expand(values: Values, attributes: Attributes) -> np.ndarray:
    """The value, repeated until it has the shape with which it broadcasts."""
    shape = np.broadcast_shapes(values[0].shape, tuple(int(length) for length in values[1]))
    return np.broadcast_to(values[0], check_size(shape))


def tile(values: Values, attributes: Attributes) -> np.ndarray:
    """The value, repeated along each axis."""
    repeats = [int(number) for number in values[1]]
    check_size(np.multiply(values[0].shape, repeats))
    return np.tile(values[0], repeats)


def pad(values: Values, attributes: Attributes) -> np.ndarray:
    """A constant around the value. Raises ValueError for another mode."""
    if attributes.get("mode", "constant") != "constant":
        raise ValueError("Pad in another mode than constant")
    x, pads = values[0], np.asarray(values[1])
    axes = np.asarray(values[3]) if len(values) > 3 and values[3] is not None else np.arange(x.ndim)
    filling = values[2] if len(values) > 2 and values[2] is not None else 0
    widths = [(0, 0)] * x.ndim
    for place, axis in enumerate(axes):
        widths[int(axis)] = int(pads[place]), int(pads[place + axes.size])
    check_size(length + sum(width) for length, width in zip(x.shape, widths, strict=True))
    return np.pad(x, widths, constant_values=np.asarray(filling).reshape(-1)[0])


def constant_of_shape(values: Values, attributes: Attributes) -> np.ndarray:
    """A value of a shape, all entries alike."""
    value = np.float32(0) if "value" not in attributes else np.asarray(attributes["value"])
    return np.full(check_size(values[0]), value)


def span(values: Values, attributes: Attributes) -> np.ndarray:
    """Numbers from a start to a limit: ONNX's Range."""
    start, limit, step = (np.asarray(value).reshape(-1)[0] for value in values)
    check_size([max(0, int(np.ceil((limit - start) / step)))])
    return np.arange(start, limit, step).astype(np.asarray(values[0]).dtype)


def trilu(values: Values, attributes: Attributes) -> np.ndarray:
    """The upper or lower triangle of each matrix."""
    shift = int(np.asarray(values[1]).reshape(-1)[0]) if len(values) > 1 and values[1] is not None else 0
    return (np.triu if attributes.get("upper", 1) else np.tril)(values[0], shift)


def _follow_squeeze(step: RowStep) -> list[Place]:
    before, place = step.inputs[0], step.places[0]
    assert before is not None
    if place is None:
        return [None]
    named = axes_of(list(step.inputs), step.attributes)
    gone = {axis % before.ndim for axis in named} if named else {a for a, n in enumerate(before.shape) if n == 1}
    keep_apart(place, before.ndim, tuple(gone))
    return [place._replace(axis=place.axis - sum(axis < place.axis for axis in gone))]


def _follow_transpose(step: RowStep) -> list[Place]:
    before, place = step.inputs[0], step.places[0]
    assert before is not None
    order = step.attributes.get("perm") or tuple(reversed(range(before.ndim)))
    return [None if place is None else place._replace(axis=[one % before.ndim for one in order].index(place.axis))]


def _follow_along(step: RowStep) -> list[Place]:
    """Values side by side along an axis: rows may lie on any other."""
    rank = step.outputs[0].ndim
    found = {place for place in step.places if place is not None}
    if len(found) > 1:
        raise Mixed
    place = next(iter(found), None)
    keep_apart(place, rank, [step.attributes.get("axis", 0)])
    for value, own in zip(step.inputs, step.places, strict=True):
        if place is not None and own is None and value is not None:
            check_alike(value, place, step.count)
    return [place] * len(step.outputs)


def _follow_split(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    keep_apart(step.places[0], step.inputs[0].ndim, [step.attributes.get("axis", 0)])
    return [step.places[0]] * len(step.outputs)


def _follow_cut(step: RowStep) -> list[Place]:
    place = step.places[0]
    found = _slices(list(step.inputs)).get(place.axis) if place is not None else None
    if found is not None and found.step != 1:
        raise Mixed
    return _follow_same_length(step)


def _follow_gather(step: RowStep) -> list[Place]:
    value, indices = step.inputs[0], step.inputs[1]
    assert value is not None and indices is not None
    along = step.attributes.get("axis", 0) % value.ndim
    of_value, of_indices = step.places[0], step.places[1]
    if of_value is not None and of_indices is not None:
        raise Mixed
    if of_value is not None:
        keep_apart(of_value, value.ndim, [along])
        moved = indices.ndim - 1 if of_value.axis > along else 0
        return [of_value._replace(axis=of_value.axis + moved)]
    return [None if of_indices is None else of_indices._replace(axis=along + of_indices.axis)]


def _follow_gather_elements(step: RowStep) -> list[Place]:
    place = step.aligned(0, 1)
    keep_apart(place, step.outputs[0].ndim, [step.attributes.get("axis", 0)])
    return [place]


def _follow_expand(step: RowStep) -> list[Place]:
    return [step.aligned(0)]


def _follow_same_length(step: RowStep) -> list[Place]:
    place = step.places[0]
    if place is not None and step.outputs[0].shape[place.axis] != step.count * place.block:
        raise Mixed
    return [place]


def _follow_trilu(step: RowStep) -> list[Place]:
    assert step.inputs[0] is not None
    keep_apart(step.places[0], step.inputs[0].ndim, (-1, -2))
    return [step.places[0]]


def _follow_nothing(step: RowStep) -> list[Place]:
    """What does not depend on entries at all has no rows."""
    return [None] * len(step.outputs)


ARRANGEMENT: dict[str, tuple[Callable[[Values, Attributes], Any], Callable[[RowStep], list[Place]]]] = {
    "Concat": (concatenate, _follow_along),
    "ConstantOfShape": (constant_of_shape, _follow_nothing),
    "Expand": (expand, _follow_expand),
    "Flatten": (flatten, reshaped),
    "Gather": (gather, _follow_gather),
    "GatherElements": (gather_elements, _follow_gather_elements),
    "Pad": (pad, _follow_same_length),
    "Range": (span, _follow_nothing),
    "Reshape": (reshape, reshaped),
    "Shape": (
        lambda values, attributes: np.array(
            values[0].shape[attributes.get("start", 0) : attributes.get("end")], np.int64
        ),
        _follow_nothing,
    ),
    "Size": (lambda values, attributes: np.array(values[0].size, np.int64), _follow_nothing),
    "Slice": (cut, _follow_cut),
    "Split": (split, _follow_split),
    "Squeeze": (squeeze, _follow_squeeze),
    "Tile": (tile, _follow_same_length),
    "Transpose": (transpose, _follow_transpose),
    "Trilu": (trilu, _follow_trilu),
    "Unsqueeze": (unsqueeze, reshaped),
}
"""By ONNX's name: a function of inputs and attributes, and where the rows of its outputs lie."""

SHAPE_INPUTS = {
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "Pad": (1, 3),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Tile": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
}
"""Inputs that decide shapes; they may depend on the sizes of a scenario, never on what is observed."""
