"""The native checkpoint: one zip with ``policy.json`` and ``weights.safetensors``."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from policies.architectures import KINDS, Architecture, EntityArchitecture
from policies.errors import CheckpointError
from policies.fields import shorten
from policies.graphs.graph import Graph
from policies.recipe import MAX_PARAMETERS, Recipe
from policies.texts import parse_json
from policies.zips import DirectoryTooLarge, open_zip

RECIPE_NAME = "policy.json"
WEIGHTS_NAME = "weights.safetensors"

MAX_RECIPE_BYTES = 1_000_000
MAX_HEADER_BYTES = 100_000
MAX_DIRECTORY_BYTES = 100_000
MAX_WEIGHTS_BYTES = 4 * MAX_PARAMETERS + MAX_HEADER_BYTES + 8
MAX_OBSERVATION = 1e5
MAX_MAGNITUDE = 1e30

# What zipfile raises for damaged archives: RuntimeError stands for encryption, the others for whatever a field breaks.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)

# Types of safetensors that NumPy lacks, by their names in PyTorch.
_NUMBER_TYPES = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}
_ROWS_AT_ONCE = 256

# Zip entries carry a date; a fixed one makes equal checkpoints equal files.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Checkpoint:
    """A learned agent: a recipe and its weights, float32 arrays by name, read-only.

    Raises CheckpointError if the weights are not exactly those that the recipe's architecture implies, or not finite.
    """

    recipe: Recipe
    weights: Mapping[str, np.ndarray]

    def __post_init__(self) -> None:
        _check_weights(self.recipe, self.weights)
        frozen = {}
        for name in sorted(self.weights):
            frozen[name] = _frozen(self.weights[name])
        object.__setattr__(self, "weights", MappingProxyType(frozen))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical recipe and the weights, 64 hexadecimal digits; equal for a re-saved checkpoint."""
        return self._hash(self.recipe.to_json())

    @cached_property
    def identity(self) -> str:
        """SHA-256 of what plays, in the form of ``digest``: the weights and the recipe without its provenance.

        It is equal for one network whatever tells where it comes from.
        """
        recipe = self.recipe.to_json()
        del recipe["provenance"]
        return self._hash(recipe)

    def _hash(self, recipe: dict[str, Any]) -> str:
        sha = hashlib.sha256(_canonical(recipe))
        for name, array in self.weights.items():
            sha.update(f"\n{name} {array.shape}\n".encode())
            sha.update(np.ascontiguousarray(array, "<f4").data)
        return sha.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Checkpoint) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return f"Checkpoint({self.recipe.team}, {self.recipe.scenario}, digest={self.digest[:12]})"

    def __reduce__(self) -> Any:
        return Checkpoint.from_bytes, (self.to_bytes(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> Checkpoint:
        return self

    def to_bytes(self) -> bytes:
        """The content of the checkpoint's file; the same bytes for the same checkpoint."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, content in (
                (RECIPE_NAME, json.dumps(self.recipe.to_json(), indent=2, sort_keys=True).encode() + b"\n"),
                (WEIGHTS_NAME, safetensors.numpy.save(dict(self.weights))),
            ):
                entry = zipfile.ZipInfo(name, _ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, content)
        return buffer.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint's file, replacing what is there at once."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(self.to_bytes())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Read a checkpoint's file. Raises CheckpointError if it is not a valid one, OSError if it cannot be read."""
        with open(path, "rb") as file:
            return cls.from_bytes(file.read(MAX_WEIGHTS_BYTES + MAX_RECIPE_BYTES + 1))

    @classmethod
    def from_bytes(cls, content: bytes) -> Checkpoint:
        """The checkpoint whose file has this content. Raises CheckpointError if it is not a valid one."""
        try:
            with open_zip(io.BytesIO(content), MAX_DIRECTORY_BYTES) as archive:
                names = sorted(archive.namelist())
                if names != [RECIPE_NAME, WEIGHTS_NAME]:
                    raise CheckpointError(
                        f"the zip must contain exactly {RECIPE_NAME} and {WEIGHTS_NAME}, at its root; "
                        f"it has {len(names)} entries: {shorten(', '.join(names), 200)}"
                    )
                recipe = parse_recipe(_read_member(archive, RECIPE_NAME, MAX_RECIPE_BYTES))
                weights = parse_weights(_read_member(archive, WEIGHTS_NAME, MAX_WEIGHTS_BYTES), recipe)
        except (*_ZIP_ERRORS, DirectoryTooLarge) as error:
            problem = shorten(str(error), 200)
            raise CheckpointError(f"this is not a readable zip file ({problem}); save the checkpoint again") from None
        return cls(recipe, weights)


def _frozen(tensor: np.ndarray) -> np.ndarray:
    """A tensor as a read-only array that nobody else can change; itself where it is one."""
    owner = tensor if tensor.base is None else tensor.base
    is_frozen = not tensor.flags.writeable and (owner is tensor or isinstance(owner, bytes))
    if is_frozen and tensor.flags.c_contiguous and tensor.dtype == np.float32:
        return tensor
    array = np.array(tensor, np.float32, order="C")
    array.flags.writeable = False
    return array


def _canonical(recipe: dict[str, Any]) -> bytes:
    return json.dumps(recipe, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as member:
        content = member.read(limit + 1)
    if len(content) > limit:
        raise CheckpointError(f"{name} is larger than {limit:,} bytes")
    return content


def parse_policy(content: bytes) -> Any:
    """Return the JSON value in the bytes of a ``policy.json``. Raises CheckpointError if it is none."""
    try:
        return parse_json(content)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{RECIPE_NAME} is not valid JSON: {shorten(str(error), 200)}") from None


def parse_recipe(content: bytes) -> Recipe:
    """Return the recipe in the bytes of a ``policy.json``. Raises CheckpointError if it is not a valid one."""
    return Recipe.from_json(parse_policy(content))


def parse_weights(content: bytes, recipe: Recipe) -> dict[str, np.ndarray]:
    """The arrays in the bytes of a ``weights.safetensors``. Raises CheckpointError if it cannot be that of ``recipe``.

    The format allows a header of 100 MB and overlapping or empty tensors; only what the recipe needs is let through
    to the library.
    """
    header_size = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 2 <= header_size <= min(MAX_HEADER_BYTES, len(content) - 8):
        raise CheckpointError(f"{WEIGHTS_NAME}: its header has an impossible length; write it with safetensors")
    try:
        arrays = safetensors.numpy.load(content)
    except KeyError as error:  # NumPy has no such numbers.
        raise CheckpointError(
            f"{WEIGHTS_NAME}: it has numbers of the type "
            f"{_NUMBER_TYPES.get(error.args[0], shorten(error.args[0]))}, expected "
            "float32; convert them, in PyTorch with tensor.float(), and save it again"
        ) from None
    except (SafetensorError, ValueError, TypeError) as error:
        raise CheckpointError(f"{WEIGHTS_NAME} cannot be read ({shorten(str(error), 200)})") from None
    return arrays


def _check_weights(recipe: Recipe, weights: Mapping[str, np.ndarray]) -> None:
    expected = recipe.tensor_shapes
    missing, unknown = sorted(set(expected) - set(weights)), sorted(set(weights) - set(expected), key=str)
    if missing or unknown:
        kind, names = ("missing", missing) if missing else ("not one of the architecture's", unknown)
        raise CheckpointError(
            f"{WEIGHTS_NAME}: tensor {shorten(names[0], 100)} is {kind}; expected {', '.join(sorted(expected))}"
        )
    for name, shape in expected.items():
        array = weights[name]
        if array.dtype != np.float32:
            raise CheckpointError(
                f"{WEIGHTS_NAME}: {name} is {array.dtype}, expected float32; convert it, in PyTorch with tensor.float()"
            )
        if array.shape != shape:
            raise CheckpointError(
                f"{WEIGHTS_NAME}: {name} has shape {array.shape}; {recipe.scenario} and the architecture in "
                f"{RECIPE_NAME} imply {shape}"
            )
        if not np.isfinite(array).all():
            raise CheckpointError(
                f"{WEIGHTS_NAME}: {name} has values that are not finite; the training has diverged, take an earlier "
                "checkpoint"
            )
    if not _bound_magnitudes(recipe, weights) < MAX_MAGNITUDE:
        raise CheckpointError(
            "the weights are so large that the outputs could overflow; the training has diverged, take an earlier "
            "checkpoint"
        )


def _bound_magnitudes(recipe: Recipe, weights: Mapping[str, np.ndarray]) -> float:
    """An upper bound of every number that the network computes from observations below ``MAX_OBSERVATION``.

    Layer by layer, the bound of an output is that of the inputs times the greatest sum of a row's magnitudes.
    """
    architecture = recipe.architecture
    if isinstance(architecture, Graph):
        return 0.0  # Unknown: a graph's outputs are checked in every step.
    growth = _Growth(weights)
    if isinstance(architecture, EntityArchitecture):
        return growth.of_entities(architecture)
    bound = growth.of_trunk(architecture, MAX_OBSERVATION)
    if architecture.head == "linear":
        return max(growth.greatest, growth.of_layer(bound, "output"))
    branches = (growth.of_layer(growth.of_layer(bound, f"{name}.0"), f"{name}.1") for name in ("advantage", "value"))
    return max(growth.greatest, 2.0 * sum(branches))


class _Growth:
    """Bounds of what layers with these weights give; ``greatest`` is that of anything computed so far."""

    def __init__(self, weights: Mapping[str, np.ndarray]) -> None:
        self.weights = weights
        self.greatest = MAX_OBSERVATION

    def of_layer(self, bound: float, name: str, suffix: str = "") -> float:
        """Return the bound of a linear layer's outputs, for inputs below ``bound``."""
        rows, limits = self.weights[f"{name}.weight{suffix}"], np.abs(self.weights[f"{name}.bias{suffix}"])
        bounds = [0.0]
        # A copy of all magnitudes would double what a checkpoint takes.
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(first, first + _ROWS_AT_ONCE)
            sums = np.abs(rows[part]).sum(axis=1, dtype=np.float64)
            bounds.append((sums * bound + limits[part]).max(initial=0.0))
        found = float(np.max(bounds))
        self.greatest = max(self.greatest, found)
        return found

    def of_layers(self, bound: float, name: str, count: int, activation: str) -> float:
        """Return the bound of ``count`` layers, each followed by the activation."""
        for number in range(count):
            bound = self.of_layer(bound, f"{name}.{number}")
            bound = 1.0 if activation == "tanh" else bound
        return bound

    def of_trunk(self, architecture: Architecture, bound: float) -> float:
        """Return the bound of what the head reads, for inputs below ``bound``."""
        bound = self.of_layers(bound, "hidden", len(architecture.hidden_sizes), architecture.activation)
        if architecture.memory == "none":
            return bound
        given = self.of_layer(bound, architecture.memory, "_ih_l0")
        self.greatest = max(self.greatest, given + self.of_layer(1.0, architecture.memory, "_hh_l0"))
        return max(bound, 1.0) if architecture.skip_connection else 1.0

    def of_entities(self, architecture: EntityArchitecture) -> float:
        """Return the bound of everything that a network of entities computes."""
        layers, activation = len(architecture.entity_sizes), architecture.activation
        embedded = [self.of_layers(MAX_OBSERVATION, kind, layers, activation) for kind in KINDS]
        if architecture.pooling == "attention":
            for kind, bound in zip(KINDS, embedded, strict=True):
                self.of_layer(bound, f"{kind}.score")
        bound = self.of_trunk(architecture.trunk, max(MAX_OBSERVATION, *embedded))
        if architecture.head_size:
            self.of_layers(max(bound, embedded[0]), "choice", 2, activation)
        if "output.weight" in self.weights:
            self.of_layer(bound, "output")
        return self.greatest
