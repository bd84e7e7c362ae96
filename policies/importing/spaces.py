"""The action space in a checkpoint's ``policy_specs``, read from inert placeholders."""

from __future__ import annotations

from typing import Any

from policies.importing.arrays import Array
from policies.importing.globals import Global
from policies.importing.pickles import Inert


def class_of(value: Any) -> str:
    """Return the full class name of a value in a checkpoint; empty if it is not readable."""
    if not isinstance(value, Inert) or not isinstance(value.callee, Global):
        return ""
    return f"{value.callee.module}.{value.callee.name}"


def _state_of(value: Any) -> dict[Any, Any]:
    return value.state if isinstance(value, Inert) and isinstance(value.state, dict) else {}


def _numbers(value: Any) -> list[int] | None:
    numbers = value.values if isinstance(value, Array) else None
    if numbers is not None and numbers.dtype.kind in "iu" and numbers.ndim == 1 and numbers.size <= 4096:
        return [int(number) for number in numbers.tolist()]
    return None


def action_width(specs: Any, policy: str) -> tuple[str, int] | None:
    """Return the action space of a policy in words, and the number of outputs that it needs.

    The result is None if the space is not readable.
    """
    spec = specs.get(policy) if isinstance(specs, dict) else None
    if not isinstance(spec, Inert) or not isinstance(spec.arguments, tuple) or len(spec.arguments) < 3:
        return None
    return _width_of(spec.arguments[2])


def _width_of(space: Any) -> tuple[str, int] | None:
    state, kind = _state_of(space), class_of(space)
    count = state.get("n")
    if kind == "gym.spaces.discrete.Discrete" and isinstance(count, int):
        return f"Discrete({count})", count
    if kind == "gym.spaces.multi_discrete.MultiDiscrete":
        counts = _numbers(state.get("nvec"))
        return (f"MultiDiscrete of {len(counts)}", sum(counts)) if counts else None
    if kind == "gym.spaces.box.Box":
        shape = state.get("_shape")
        if isinstance(shape, tuple) and len(shape) == 1 and isinstance(shape[0], int):
            return f"Box of {shape[0]}", 2 * shape[0]
    if kind == "gym.spaces.tuple.Tuple":
        members = state.get("spaces")
        if isinstance(members, list | tuple) and members and members[0] is not space:
            first = _state_of(members[0]).get("n")
            return (f"tuples of Discrete({first})", first) if isinstance(first, int) else None
    return None
