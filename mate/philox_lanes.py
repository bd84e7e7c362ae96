"""Philox for eight counters at once. The numbers are those of ``mate.streams.philox``, which names the source."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from mate.simd import Built, arrays_of, check_arrays, spread, vector_at
from mate.streams import MULTIPLIERS, WEYL

LANES = 8
_ROUNDS = 10
_LOW = 0xFFFFFFFF
_WORD = ir.IntType(64)
_WORDS = ir.VectorType(_WORD, LANES)


def _all(number: int) -> ir.Constant:
    return ir.Constant(_WORDS, [number] * LANES)


def _low(builder: Built, words: Built) -> Built:
    return builder.and_(words, _all(_LOW))


def _high(builder: Built, words: Built) -> Built:
    return builder.lshr(words, _all(32))


def _rounds(builder: Built, counter: list[Built], key: list[Built]) -> list[Built]:
    """The four vectors of 32-bit words for a counter of four and a key of two."""
    for _ in range(_ROUNDS):
        x0, x1, x2, x3 = counter
        p0, p1 = (builder.mul(_all(factor), x) for factor, x in zip(MULTIPLIERS, (x0, x2), strict=True))
        first = builder.xor(builder.xor(_high(builder, p1), x1), key[0])
        third = builder.xor(builder.xor(_high(builder, p0), x3), key[1])
        counter = [first, _low(builder, p1), third, _low(builder, p0)]
        key = [_low(builder, builder.add(k, _all(weyl))) for k, weyl in zip(key, WEYL, strict=True)]
    return counter


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    (words,) = arrays_of(context, builder, signature, arguments)
    key, a, b, c, purpose = arguments[:5]
    keys, *counter = (spread(builder, _WORDS, number) for number in (key, a, b, c, purpose))
    counter[1] = builder.add(counter[1], ir.Constant(_WORDS, list(range(LANES))))
    counter = [_low(builder, words_of) for words_of in counter]
    high, low, _, _ = _rounds(builder, counter, [_low(builder, keys), _high(builder, keys)])
    both = builder.or_(builder.shl(high, _all(32)), low)
    builder.store(both, vector_at(builder, _WORDS, words, b), align=8)
    return context.get_dummy_value()


@intrinsic
def _draw_eight(typing_context: Any, key: Any, a: Any, b: Any, c: Any, purpose: Any, words: Any) -> Any:
    check_arrays((words, types.uint64))
    number = types.uint64
    return types.void(number, number, number, number, number, words), _generate


draw_eight: Any = _draw_eight
"""``draw_eight(key, a, b, c, purpose, words)``: write eight words of 64 random bits from place ``b`` of ``words`` on.

``words[b + n]`` gets the first two 32-bit words of ``philox(key, a, b + n, c, purpose)``, the first as the high half.
"""
