"""The names that genuine RLlib checkpoints mention, besides those of arrays.

In addition to the weights, RLlib 1.12 pickles the spaces and the policy class of every policy. For some algorithms it
pickles the class by value, with the code of its functions. None of this is needed to play. A name on this list becomes
a placeholder that does nothing; any other name is refused. Nothing is imported in either case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.fields import shorten


@dataclass(frozen=True)
class Global:
    """A name that a pickle mentions: a module and an attribute of it."""

    module: str
    name: str

    @property
    def shown(self) -> str:
        """The name as shown in messages."""
        return shorten(f"{self.module}.{self.name}", 120)


_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)

# All names below these packages, because classes and functions by reference differ between algorithms.
_PACKAGES = ("ray.rllib", "gym.spaces", "examples")

_NAMES = {
    "abc": {"ABCMeta"},
    "builtins": {
        "classmethod",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "object",
        "property",
        "set",
        "staticmethod",
    },
    "collections": {"defaultdict"},
    "gym.utils.seeding": {"RandomNumberGenerator._generator_ctor"},
    # Random generators of spaces; versions of NumPy pickle them differently.
    "numpy.random._mt19937": {"MT19937"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random._pickle": {
        "__bit_generator_ctor",
        "__generator_ctor",
        "__randomstate_ctor",
    },
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
    "ray.cloudpickle.cloudpickle": {
        "_builtin_type",
        "_empty_cell_value",
        "_make_cell",
        "_make_empty_cell",
        "_make_function",
        "_make_skeleton_class",
        "_make_skeleton_enum",
        "subimport",
    },
    "ray.cloudpickle.cloudpickle_fast": {"_class_setstate", "_function_setstate"},
}


def is_inert(name: Global) -> bool:
    """Return whether a name may become a placeholder."""
    if name.name in _NAMES.get(name.module, ()):
        return True
    package = next((package for package in _PACKAGES if f"{name.module}.".startswith(f"{package}.")), None)
    parts = [*name.module.split("."), name.name]
    return package is not None and len(parts) <= 12 and all(_IDENTIFIER.fullmatch(part) for part in parts)


# Libraries whose numbers have no NumPy type, or whose arrays are pickled as objects of their own.
_TENSORS = {
    "torch": "PyTorch's tensors",
    "tensorflow": "TensorFlow's tensors",
    "jaxlib": "JAX's arrays",
    "ml_dtypes": "bfloat16",
}
_LATER = ("gymnasium", "ray")


def explain(name: Global) -> str:
    """Return what to do about a refused name, as the end of a sentence; empty if there is no advice."""
    package = name.module.split(".")[0]
    if package in _LATER:
        return (
            "; it was written by another Ray than 1.12, with which MATE's examples train: write a native "
            "checkpoint of its weights "
            "(docs/checkpoint-format.md)"
        )
    kind = _TENSORS.get(package)
    if kind is None:
        return ""
    return f"; its weights are {kind}, expected NumPy's float32: convert them, or write a native checkpoint of them"
