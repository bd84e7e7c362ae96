"""The networks of checkpoints, as compiled kernels over rows.

A row is one agent in one episode. Every output of a row is computed from that row alone, in a fixed order of separately
rounded float32 operations: no matrix library whose blocking depends on the number of rows, no fused multiply-add, no
vector mathematics library. So a row gives the same bits alone or among others, in any position, and on any processor.
The inner loops run over contiguous output columns, which is what the compiler turns into vector instructions.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, Protocol

import numpy as np

from mate.compilation import kernel
from policies import devices
from policies.checkpoint import Checkpoint

_CACHE_SIZE = 64


@kernel
def accumulate_product(x, weight, out):
    """Add ``x @ weight`` to ``out``: (R, K), (K, J), (R, J), float32, summed over K in ascending order."""
    rows, inner = x.shape
    blocked = inner - inner % 8
    for k in range(0, blocked, 8):
        for row in range(rows):
            _accumulate_eight(x[row], weight, k, out[row])
    for k in range(blocked, inner):
        for row in range(rows):
            _accumulate_one(x[row, k], weight[k], out[row])


@kernel
def _accumulate_eight(x, weight, k, out):
    # Eight summands a pass, so that out is loaded and stored once for eight products.
    w0, w1, w2, w3 = weight[k], weight[k + 1], weight[k + 2], weight[k + 3]
    w4, w5, w6, w7 = weight[k + 4], weight[k + 5], weight[k + 6], weight[k + 7]
    x0, x1, x2, x3 = x[k], x[k + 1], x[k + 2], x[k + 3]
    x4, x5, x6, x7 = x[k + 4], x[k + 5], x[k + 6], x[k + 7]
    for j in range(out.shape[0]):
        total = (((out[j] + x0 * w0[j]) + x1 * w1[j]) + x2 * w2[j]) + x3 * w3[j]
        out[j] = (((total + x4 * w4[j]) + x5 * w5[j]) + x6 * w6[j]) + x7 * w7[j]


@kernel
def _accumulate_one(x, weight, out):
    for j in range(out.shape[0]):
        out[j] += x * weight[j]


@kernel
def tanh(x):
    """Hyperbolic tangent to within 1e-10, by additions, multiplications and divisions alone.

    Lambert's continued fraction (1768) to its seventh level at x / 8, then the double-angle formula three times.
    """
    y = min(max(np.float64(x), -10.0), 10.0) * 0.125
    s = y * y
    t = y * (135135.0 + s * (17325.0 + s * (378.0 + s))) / (135135.0 + s * (62370.0 + s * (3150.0 + s * 28.0)))
    t = 2.0 * t / (1.0 + t * t)
    t = 2.0 * t / (1.0 + t * t)
    return 2.0 * t / (1.0 + t * t)


@kernel
def sigmoid(x):
    """Logistic function to within 1e-10."""
    return 0.5 + 0.5 * tanh(0.5 * np.float64(x))


@kernel
def apply_tanh(values):
    """Hyperbolic tangent of (R, J) float32, in place."""
    for row in range(values.shape[0]):
        for j in range(values.shape[1]):
            values[row, j] = np.float32(tanh(values[row, j]))


@kernel
def apply_relu(values):
    """Negative entries of (R, J) float32 become 0, in place."""
    for row in range(values.shape[0]):
        for j in range(values.shape[1]):
            values[row, j] = max(values[row, j], np.float32(0.0))


@kernel
def step_lstm(gates, state):
    """Advance the state (R, 2H), hidden then cell, in place; ``gates`` (R, 4H) in the order input, forget, cell, output."""
    size = state.shape[1] // 2
    for row in range(state.shape[0]):
        gate = gates[row]
        for j in range(size):
            kept = sigmoid(gate[size + j]) * state[row, size + j]
            cell = kept + sigmoid(gate[j]) * tanh(gate[2 * size + j])
            state[row, size + j] = np.float32(cell)
            state[row, j] = np.float32(sigmoid(gate[3 * size + j]) * tanh(cell))


@kernel
def step_gru(from_input, from_state, state):
    """Advance the state (R, H) in place; both products (R, 3H) in the order reset, update, new."""
    size = state.shape[1]
    for row in range(state.shape[0]):
        given, kept = from_input[row], from_state[row]
        for j in range(size):
            reset = sigmoid(given[j] + kept[j])
            update = sigmoid(given[size + j] + kept[size + j])
            new = tanh(given[2 * size + j] + reset * kept[2 * size + j])
            state[row, j] = np.float32((1.0 - update) * new + update * state[row, j])


@kernel
def combine_duel(advantage, value, out):
    """Action values (R, A) from the advantages (R, A), centred on their mean, and the state values (R, 1)."""
    for row in range(out.shape[0]):
        mean = 0.0
        for j in range(out.shape[1]):
            mean += advantage[row, j]
        mean /= out.shape[1]
        for j in range(out.shape[1]):
            out[row, j] = np.float32(value[row, 0] + (advantage[row, j] - mean))


class Network:
    """The weights of one checkpoint, laid out for the kernels, and their forward pass."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.architecture = checkpoint.recipe.architecture
        self.output_size = checkpoint.recipe.output_size
        memory = self.architecture.memory
        self.memory_size = self.architecture.memory_size * {"none": 0, "gru": 1, "lstm": 2}[memory]
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


_networks: OrderedDict[tuple[str, str], AnyNetwork] = OrderedDict()
_networks_lock = Lock()


def network_of(checkpoint: Checkpoint, device: str = devices.CPU) -> AnyNetwork:
    """The network of a checkpoint on a device class; one copy in a process for each, the least recently used forgotten first.

    Raises DeviceError if this machine does not have the device.
    """
    key = checkpoint.digest, device
    with _networks_lock:
        network = _networks.get(key)
        if network is None:
            network = _networks[key] = _build(checkpoint, device)
        _networks.move_to_end(key)
        while len(_networks) > _CACHE_SIZE:
            _networks.popitem(last=False)
        return network


def _build(checkpoint: Checkpoint, device: str) -> AnyNetwork:
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
