"""The networks of checkpoints: forward passes made of compiled functions (``policies.kernels``)."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Protocol

import numpy as np

from policies import devices
from policies.architectures import Architecture, EntityArchitecture
from policies.checkpoint import Checkpoint
from policies.entities import EntityNetwork
from policies.fields import Dimensions
from policies.graphs.graph import Graph
from policies.graphs.network import GraphNetwork
from policies.kernels import apply_relu, combine_duel
from policies.trunk import Trunk

_CACHE_SIZE = 64


class Network(Trunk):
    """The weights of one checkpoint, laid out for the kernels, and their forward pass."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, checkpoint.recipe.layers)
        self.output_size = checkpoint.recipe.output_size

    def forward(self, inputs: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """Outputs (R, A) for inputs (R, D), both float32.

        ``memory`` (R, ``memory_size``) float32 is advanced in place: the hidden state, then for an LSTM the cell state.
        """
        values = self._read(inputs, memory)
        if self.architecture.head == "linear":
            return self._linear("output", values)
        outputs = np.empty((len(inputs), self.output_size), np.float32)
        combine_duel(self._branch("advantage", values), self._branch("value", values), outputs)
        return outputs

    def _branch(self, name: str, values: np.ndarray) -> np.ndarray:
        hidden = self._linear(f"{name}.0", values)
        apply_relu(hidden)
        return self._linear(f"{name}.1", hidden)


class AnyNetwork(Protocol):
    """The weights of one checkpoint on some device, and their forward pass."""

    memory_size: int

    def forward(self, inputs: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """Outputs (R, A) for inputs (R, D), both float32; ``memory`` (R, ``memory_size``) is advanced in place."""


_networks: OrderedDict[tuple[str, str, Dimensions | None], AnyNetwork] = OrderedDict()
_networks_lock = Lock()


def network_of(checkpoint: Checkpoint, dimensions: Dimensions, device: str = devices.CPU) -> AnyNetwork:
    """Return the network of a checkpoint on a device class, to play a scenario of these dimensions.

    There is one copy in a process for each; the least recently used is forgotten first. Raises DeviceError if this
    machine does not have the device, CheckpointError if a graph cannot be computed in such a scenario.
    """
    is_one_size = isinstance(checkpoint.recipe.architecture, Architecture)
    key = checkpoint.digest, device, None if is_one_size else dimensions
    with _networks_lock:
        network = _networks.get(key)
        if network is None:
            network = _networks[key] = _build(checkpoint, dimensions, device)
        _networks.move_to_end(key)
        while len(_networks) > _CACHE_SIZE:
            _networks.popitem(last=False)
        return network


def _build(checkpoint: Checkpoint, dimensions: Dimensions, device: str) -> AnyNetwork:
    recipe = checkpoint.recipe
    if isinstance(recipe.architecture, Graph):  # on every device, by the exact kernels
        outputs = recipe.action.output_size(dimensions.targets)
        is_egocentric = recipe.preprocessing.egocentric
        return GraphNetwork(
            recipe.architecture, checkpoint.weights, recipe.team, dimensions, outputs, is_egocentric
        )  # fmt: skip
    if isinstance(recipe.architecture, EntityArchitecture):  # likewise
        return EntityNetwork(checkpoint, dimensions)
    if device == devices.CPU:
        return Network(checkpoint)
    try:
        from policies.torch_networks import TorchNetwork  # workers without a GPU never load PyTorch
    except ImportError as error:
        raise devices.DeviceError(
            f"Networks are to be played on {device}, but PyTorch cannot be loaded ({error}): "
            "install a PyTorch that loads here, or set ARENA_DEVICE=cpu."
        ) from error
    return TorchNetwork(checkpoint, device)
