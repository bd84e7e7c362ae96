"""What agents' kernels take from Python: many arrays at once, without the cost of each.

A kernel that takes tuples of many arrays counts references to each of them in every function that it calls, which costs
more than most of these do: ``borrowed`` arrays are not counted. And Python hands such tuples over array by array, on
every call: ``hold`` does it once.
"""

from __future__ import annotations

from typing import Any

from numba.core import cgutils, types
from numba.experimental import structref
from numba.extending import intrinsic

from mate.compilation import kernel


def _borrow(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, types.Array):
        array = context.make_array(kind)(context, builder, value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()
    if isinstance(kind, types.BaseTuple):
        kinds: Any = kind
        parts = [_borrow(context, builder, part, builder.extract_value(value, n)) for n, part in enumerate(kinds)]
        return context.make_tuple(builder, kind, parts)
    return value


@intrinsic
def _borrowed(typing_context: Any, values: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _borrow(context, builder, signature.args[0], arguments[0])

    return values(values), generate


borrowed: Any = _borrowed
"""The same arrays, or tuples of them, that own nothing: whoever calls the kernel keeps their memory alive."""


@structref.register
class _HeldType(types.StructRef):
    pass


class _Held(structref.StructRefProxy):
    pass


structref.define_boxing(_HeldType, _Held)
structref.define_constructor(_Held, _HeldType, ["values"])


@kernel
def hold(values: Any) -> Any:
    """One object for a tuple of arrays, numbers and tuples of these; kernels find it as ``values``."""
    return _Held(values)
