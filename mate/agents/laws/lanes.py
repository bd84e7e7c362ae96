"""Rows of scores, added up and compared in vector registers, with the same bits on every processor.

The compiler would keep sums in memory, and load and store them for every target. Here they stay in registers. A row has
three vectors of 8 numbers. A vector is one register with AVX-512; other processors use several.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from mate.simd import Built, arrays_of, check_arrays, spread, vector_at, zeros

NUM_LANES = 24
_WIDTH = 8
_OFFSETS = range(0, NUM_LANES, _WIDTH)
_NUMBERS, _SETS = (ir.VectorType(kind, _WIDTH) for kind in (ir.DoubleType(), ir.IntType(64)))
_ZEROS, _EMPTY = zeros(_NUMBERS), zeros(_SETS)
_ALIGNMENT = 8  # bytes: a copy of a team's memory begins anywhere, and an aligned access there would be a fault


def _places(builder: Built, vector: ir.VectorType, array: Built, start: Built) -> list[Built]:
    """Pointers to the three vectors of a row."""
    offsets = (ir.Constant(start.type, offset) for offset in _OFFSETS)
    return [vector_at(builder, vector, array, builder.add(start, offset)) for offset in offsets]


def _load(builder: Built, vector: ir.VectorType, array: Built, start: Built) -> list[Built]:
    return [builder.load(place, align=_ALIGNMENT) for place in _places(builder, vector, array, start)]


def _store(builder: Built, vector: ir.VectorType, array: Built, start: Built, values: list[Built]) -> None:
    for place, value in zip(_places(builder, vector, array, start), values, strict=True):
        builder.store(builder.load(value), place, align=_ALIGNMENT)


def _variables(builder: Built, first: ir.Constant) -> list[Built]:
    """Three variables, which become registers."""
    return [cgutils.alloca_once_value(builder, first) for _ in _OFFSETS]


def _count_elements(builder: Built, sets: Built) -> Built:
    """How many elements each set of a vector has, as numbers."""
    kind = ir.FunctionType(_SETS, [_SETS])
    count = cgutils.get_or_insert_function(builder.module, kind, f"llvm.ctpop.v{_WIDTH}i64")
    return builder.uitofp(builder.call(count, [sets]), _NUMBERS)


def _generate_sums(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    score, start, bit, total, union = arrays_of(context, builder, signature, arguments)
    count, row = arguments[5:]
    sums, sets = _variables(builder, _ZEROS), _variables(builder, _EMPTY)
    with cgutils.for_range(builder, count) as loop:
        target = spread(builder, _SETS, builder.load(builder.gep(bit.data, [loop.index])))
        first = builder.load(builder.gep(start.data, [loop.index]))
        for n, scores in enumerate(_load(builder, _NUMBERS, score, first)):
            builder.store(builder.fadd(builder.load(sums[n]), scores), sums[n])
            covered = builder.select(builder.fcmp_ordered(">", scores, _ZEROS), target, _EMPTY)
            builder.store(builder.or_(builder.load(sets[n]), covered), sets[n])
    place = builder.mul(row, ir.Constant(row.type, NUM_LANES))
    _store(builder, _NUMBERS, total, place, sums)
    _store(builder, _SETS, union, place, sets)
    return context.get_dummy_value()


def _generate_most(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    total, union, most, most_union = arrays_of(context, builder, signature, arguments)
    num_rows, covered = arguments[4:]
    left = spread(builder, _SETS, builder.not_(covered))
    best, sets = _variables(builder, _ZEROS), _variables(builder, _EMPTY)
    with cgutils.for_range(builder, num_rows) as loop:
        place = builder.mul(loop.index, ir.Constant(loop.index.type, NUM_LANES))
        rows = (_load(builder, kind, array, place) for kind, array in ((_NUMBERS, total), (_SETS, union)))
        for n, (scores, targets) in enumerate(zip(*rows, strict=True)):
            worth = builder.fadd(scores, _count_elements(builder, builder.and_(targets, left)))
            is_better = builder.fcmp_ordered(">", worth, builder.load(best[n]))
            builder.store(builder.select(is_better, worth, builder.load(best[n])), best[n])
            builder.store(builder.select(is_better, targets, builder.load(sets[n])), sets[n])
    first = ir.Constant(num_rows.type, 0)
    _store(builder, _NUMBERS, most, first, best)
    _store(builder, _SETS, most_union, first, sets)
    return context.get_dummy_value()


@intrinsic
def _add_scores(
    typing_context: Any, score: Any, start: Any, bit: Any, total: Any, union: Any, count: Any, row: Any
) -> Any:
    check_arrays((score, types.float64), (start, types.int64), (bit, types.uint64))
    check_arrays((total, types.float64), (union, types.uint64))
    return types.void(score, start, bit, total, union, types.intp, types.intp), _generate_sums


@intrinsic
def _find_most(typing_context: Any, total: Any, union: Any, most: Any, most_union: Any, rows: Any, covered: Any) -> Any:
    check_arrays((total, types.float64), (union, types.uint64), (most, types.float64), (most_union, types.uint64))
    return types.void(total, union, most, most_union, types.intp, types.uint64), _generate_most


add_scores: Any = _add_scores
"""``add_scores(score, start, bit, total, union, count, row)``: write a row of ``total`` and of ``union``.

``total`` (R, 24) float64 gets the sum of ``count`` rows of ``score``, which begin at the numbers ``start`` (int64) of
the flat array, in ascending order; each sum is rounded by itself. ``union`` (R, 24) uint64 gets in each lane the union
of the sets ``bit`` (uint64) of the rows that are above 0 there. Rows at multiples of 64 bytes are the fastest.
"""

find_most: Any = _find_most
"""``find_most(total, union, most, most_union, num_rows, covered)``: write the greatest worth in each lane.

A worth is a number of ``total`` (R, 24) plus the number of elements of the set of ``union`` (R, 24) that are not in
``covered`` (uint64). ``most`` (24,) gets the greatest of the first rows, or 0, and ``most_union`` (24,) the set of the
first with that worth. Rows at multiples of 64 bytes are the fastest.
"""
