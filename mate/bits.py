"""Sets of small numbers as the bits of a uint64, in compiled code."""

from typing import Any

import numpy as np
from numba.core import types
from numba.extending import intrinsic

from mate.compilation import inlined

SET_SIZE = 64


@intrinsic
def _count(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def _first(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), generate


@inlined
def count_bits(bits):
    """How many numbers are in a set."""
    return np.int64(_count(bits))


@inlined
def first_bit(bits):
    """The least number of a set that is not empty, as a uint64."""
    return _first(bits)
