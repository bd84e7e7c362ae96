"""What networks of layers and of entities have in common: hidden layers and a memory, by compiled functions."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from policies.architectures import Architecture
from policies.checkpoint import Checkpoint
from policies.kernels import accumulate_product, apply_relu, apply_tanh, step_gru, step_lstm


class Trunk:
    """The hidden layers and the memory of one checkpoint's network, laid out for the kernels."""

    def __init__(self, checkpoint: Checkpoint, architecture: Architecture) -> None:
        self.architecture = architecture
        memory = self.architecture.memory
        self.memory_size = self.architecture.memory_size * self.architecture.num_states
        self._tensors = {
            name: np.ascontiguousarray(tensor.T) if tensor.ndim == 2 else tensor
            for name, tensor in checkpoint.weights.items()
        }
        if memory == "lstm":
            self._tensors["lstm.bias"] = self._tensors["lstm.bias_ih_l0"] + self._tensors["lstm.bias_hh_l0"]

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def _read(self, values: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """What the head reads (R, K) for inputs (R, D); ``memory`` is advanced in place."""
        for number in range(len(self.architecture.hidden_sizes)):
            values = self._linear(f"hidden.{number}", values)
            self._activate(values)
        if self.architecture.memory != "none":
            recalled = self._recall(values, memory)
            values = np.concatenate([values, recalled], axis=1) if self.architecture.skip_connection else recalled
        return values

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
