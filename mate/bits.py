"""Sets of small numbers as the bits of a uint64, in compiled code."""

from typing import Any

from numba.core import types
from numba.extending import intrinsic

SET_SIZE = 64
"""How many numbers a set can hold: those from 0 on."""


@intrinsic
def _first(typing_context: Any, bits: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), generate


first_bit: Any = _first
"""The least number of a set that is not empty, as a uint64."""
