"""Where the rows of a batch are in each value of a graph, and the proof that they do not mix.

Rows may be computed together only if no row's result depends on the others. For every operator a rule says on which
axis of its outputs the rows lie, given where they lie in its inputs, and raises ``Mixed`` where an output would combine
several rows. A value without rows may not tell them apart either: one that a graph made as long as the batch must be
the same for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np


class Rows(NamedTuple):
    """The axis on which rows lie in a value, and how many consecutive entries of it each row has."""

    axis: int
    block: int = 1


Place = Rows | None
"""Where rows lie in a value; None in a value that has none."""


class Mixed(Exception):
    """An operator combines rows, or tells them apart by their position."""


@dataclass(frozen=True)
class RowStep:
    """One operator with the values of a batch of ``count`` rows: ``places`` says where rows lie in each input."""

    attributes: Any
    inputs: Sequence[np.ndarray | None]
    outputs: Sequence[np.ndarray]
    places: Sequence[Place]
    count: int

    def aligned(self, *numbers: int) -> Place:
        """Return where rows lie in what broadcasting the inputs of these numbers gives.

        Raises Mixed where rows of one input meet another axis of another.
        """
        found = set()
        for number in numbers:
            value, place = self.inputs[number], self.places[number]
            if value is not None and place is not None:
                found.add(place._replace(axis=place.axis - value.ndim))
        if not found:
            return None
        if len(found) > 1:
            raise Mixed
        place = found.pop()
        for number in numbers:
            value = self.inputs[number]
            if value is not None and self.places[number] is None and value.ndim >= -place.axis:
                check_alike(value, place._replace(axis=value.ndim + place.axis), self.count)
        return place._replace(axis=self.outputs[0].ndim + place.axis)


def check_alike(value: np.ndarray, place: Rows, count: int) -> None:
    """Raise Mixed unless a value without rows gives each row the same entries on the axis that rows take."""
    length = value.shape[place.axis]
    if length == 1:
        return
    if length != count * place.block:
        raise Mixed
    first = np.take(value, range(place.block), place.axis)
    repeats = [count if axis == place.axis else 1 for axis in range(value.ndim)]
    if not np.array_equal(np.tile(first, repeats), value):
        raise Mixed


def keep_apart(place: Place, rank: int, touched: Sequence[int]) -> None:
    """Raise Mixed if an operator combines the entries along the rows' axis."""
    if place is not None and place.axis in {one % rank for one in touched}:
        raise Mixed


def elementwise(step: RowStep) -> list[Place]:
    """Return where rows lie in outputs that are as long as the inputs broadcast."""
    place = step.aligned(*range(len(step.inputs)))
    return [place] * len(step.outputs)


def reshaped(step: RowStep) -> list[Place]:
    """Return where rows lie after the first input's entries, in the same order, were cut into other axes."""
    before, place = step.inputs[0], step.places[0]
    assert before is not None
    if place is None:
        return [None]
    after = step.outputs[0]
    leading = int(np.prod(before.shape[: place.axis], dtype=np.int64))
    for axis, length in enumerate(after.shape):
        if length and length % step.count == 0 and int(np.prod(after.shape[:axis], dtype=np.int64)) == leading:
            return [Rows(axis, length // step.count)]
    raise Mixed
