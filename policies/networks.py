"""The networks of checkpoints: forward passes made of compiled functions (``policies.kernels``)."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, Protocol

import numpy as np

from policies import devices
from policies.checkpoint import Checkpoint
from policies.fields import Dimensions
from policies.graphs.graph import Graph
from policies.graphs.network import GraphNetwork
from policies.kernels import accumulate_product, apply_relu, apply_tanh, combine_duel, step_gru, step_lstm

_CACHE_SIZE = 64


class Network:
    """The weights of one checkpoint, laid out for the kernels, and their forward pass."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.architecture = checkpoint.recipe.layers
        self.output_size = checkpoint.recipe.output_size
        memory = self.architecture.memory
        self.memory_size = self.architecture.memory_size * self.architecture.num_states
        self._tensors = {
            name: np.ascontiguousarray(tensor.T) if tensor.ndim == 2 else tensor
            for name, tensor in checkpoint.weights.items()
        }
        if memory == "lstm":
            self._tensors["lstm.bias"] = self._tensors["lstm.bias_ih_l0"] + self._tensors["lstm.bias_hh_l0"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Network:
        return self

    def forward(self, inputs: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """Outputs (R, A) for inputs (R, D), both float32.

        ``memory`` (R, ``memory_size``) float32 is advanced in place: the hidden state, then for an LSTM the cell state.
        """
        values = inputs
        for number in range(len(self.architecture.hidden_sizes)):
            values = self._linear(f"hidden.{number}", values)
            self._activate(values)
        if self.architecture.memory != "none":
            recalled = self._recall(values, memory)
            values = np.concatenate([values, recalled], axis=1) if self.architecture.skip_connection else recalled
        if self.architecture.head == "linear":
            return self._linear("output", values)
        outputs = np.empty((len(inputs), self.output_size), np.float32)
        combine_duel(self._branch("advantage", values), self._branch("value", values), outputs)
        return outputs

    def _linear(self, name: str, values: np.ndarray) -> np.ndarray:
        return self._affine(values, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    @staticmethod
    def _affine(values: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
        out = np.empty((len(values), bias.size), np.float32)
        out[:] = bias
        accumulate_product(values, weight, out)
        return out

    def _activate(self, values: np.ndarray) -> None:
        if self.architecture.activation == "tanh":
            apply_tanh(values)
        elif self.architecture.activation == "relu":
            apply_relu(values)

    def _branch(self, name: str, values: np.ndarray) -> np.ndarray:
        hidden = self._linear(f"{name}.0", values)
        apply_relu(hidden)
        return self._linear(f"{name}.1", hidden)

    def _recall(self, values: np.ndarray, memory: np.ndarray) -> np.ndarray:
        tensors, size = self._tensors, self.architecture.memory_size
        hidden = np.ascontiguousarray(memory[:, :size])
        if self.architecture.memory == "lstm":
            gates = self._affine(values, tensors["lstm.weight_ih_l0"], tensors["lstm.bias"])
            accumulate_product(hidden, tensors["lstm.weight_hh_l0"], gates)
            step_lstm(gates, memory)
        else:
            from_input = self._affine(values, tensors["gru.weight_ih_l0"], tensors["gru.bias_ih_l0"])
            from_state = self._affine(hidden, tensors["gru.weight_hh_l0"], tensors["gru.bias_hh_l0"])
            step_gru(from_input, from_state, memory)
        return np.ascontiguousarray(memory[:, :size])


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
    is_graph = isinstance(checkpoint.recipe.architecture, Graph)
    key = checkpoint.digest, device, dimensions if is_graph else None
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
        return GraphNetwork(recipe.architecture, checkpoint.weights, recipe.team, dimensions, outputs)
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
