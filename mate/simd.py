"""Vectors of numbers in compiled functions, for loops that the compiler does not vectorise by itself.

A vector is one register where the processor has registers of its size; other processors use several. Results are the
same, because each lane is rounded like a single number.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.errors import TypingError

Built = Any
"""A value of the builder's: llvmlite does not declare its types."""


def zeros(vector: ir.VectorType) -> ir.Constant:
    """Return a vector of zeros."""
    return ir.Constant(vector, [0] * vector.count)


def spread(builder: Built, vector: ir.VectorType, number: Built) -> Built:
    """Return a vector that has the number in every lane."""
    undefined = ir.Constant(vector, ir.Undefined)
    lane = builder.insert_element(undefined, number, ir.IntType(32)(0))
    return builder.shuffle_vector(lane, undefined, zeros(ir.VectorType(ir.IntType(32), vector.count)))


def vector_at(builder: Built, vector: ir.VectorType, array: Built, index: Built) -> Built:
    """Return a pointer to the vector that begins at a number of a contiguous array, whatever its shape."""
    return builder.bitcast(builder.gep(array.data, [index]), vector.as_pointer())


def arrays_of(context: Any, builder: Built, signature: Any, arguments: Any) -> list[Built]:
    """Return the arrays among the arguments of an intrinsic."""
    return [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, arguments, strict=True)
        if isinstance(kind, types.Array)
    ]


def check_arrays(*arrays: tuple[Any, Any]) -> None:
    """Raise TypingError for an argument that is no contiguous array of the type of number beside it."""
    for array, number in arrays:
        if not isinstance(array, types.Array) or array.dtype != number or array.layout != "C":
            raise TypingError(f"vectors are read from contiguous arrays of {number}, not from {array}")
