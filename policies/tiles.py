"""A tile of a matrix product in vector registers, with the same bits on every processor.

The compiler would keep the sums in memory, and load and store them for every few products. Here they stay in registers
over all products. Vectors of 16 are one register with AVX-512; other processors use several.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic

from mate.simd import arrays_of, spread, vector_at

ROWS, COLUMNS = 4, 32
_LANES = 16
_VECTOR = ir.VectorType(ir.FloatType(), _LANES)


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    x, panel, out = arrays_of(context, builder, signature, arguments)
    first, column = arguments[3:]
    (_, inner), (_, width) = (cgutils.unpack_tuple(builder, array.shape, 2) for array in (x, out))
    rows = [builder.add(first, ir.Constant(first.type, row)) for row in range(ROWS)]
    offsets = [ir.Constant(first.type, offset) for offset in range(0, COLUMNS, _LANES)]
    places = [
        [
            vector_at(builder, _VECTOR, out, builder.add(builder.add(builder.mul(row, width), column), offset))
            for offset in offsets
        ]
        for row in rows
    ]
    sums = [[cgutils.alloca_once_value(builder, builder.load(place, align=4)) for place in row] for row in places]
    with cgutils.for_range(builder, inner) as loop:
        k = loop.index
        start = builder.mul(k, ir.Constant(k.type, COLUMNS))
        weights = [
            builder.load(vector_at(builder, _VECTOR, panel, builder.add(start, offset)), align=4) for offset in offsets
        ]
        for row, row_sums in zip(rows, sums, strict=True):
            number = builder.load(builder.gep(x.data, [builder.add(builder.mul(row, inner), k)]))
            factor = spread(builder, _VECTOR, number)
            for place, weight in zip(row_sums, weights, strict=True):
                builder.store(builder.fadd(builder.load(place), builder.fmul(factor, weight)), place)
    for row_sums, row_places in zip(sums, places, strict=True):
        for total, place in zip(row_sums, row_places, strict=True):
            builder.store(builder.load(total), place, align=4)
    return context.get_dummy_value()


@intrinsic
def _add_tile(typing_context: Any, x: Any, panel: Any, out: Any, row: Any, column: Any) -> Any:
    for array in (x, panel, out):
        if array != types.Array(types.float32, 2, "C", readonly=not array.mutable):
            raise TypingError(f"a tile is of contiguous matrices of float32, not of {array}")
    return types.void(x, panel, out, types.intp, types.intp), _generate


add_tile: Any = _add_tile
"""``add_tile(x, panel, out, row, column)``: add 4 rows of ``x @ panel`` to 32 columns of ``out``, from there on.

``x`` (R, K), ``panel`` (K, 32) and ``out`` (R, J) are contiguous float32. Each product and each sum is rounded by
itself, in ascending order of K.
"""
