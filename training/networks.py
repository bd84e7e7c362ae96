"""The checkpoints' network in PyTorch, differentiable and over time; tensors as in ``docs/checkpoint-format.md``."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from policies import Architecture
from policies.torch_networks import ACTIVATIONS

TANH_GAIN = 5.0 / 3.0


class TimedNetwork(nn.Module):
    """An ``Architecture`` with a linear head, over rows of consecutive decisions.

    Initialised as upstream's networks: weights are orthogonal, then each unit's weights are scaled to the norm ``gain``
    (5/3 before tanh, 1 otherwise), and those of the output to ``output_scale``; biases are 0.
    """

    def __init__(self, architecture: Architecture, inputs: int, outputs: int, output_scale: float = 1.0) -> None:
        super().__init__()
        self.architecture = architecture
        widths = [inputs, *architecture.hidden_sizes]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.memory_size = architecture.memory_size
        if architecture.memory == "lstm":
            self.lstm = nn.LSTM(widths[-1], architecture.memory_size, batch_first=True)
        elif architecture.memory == "gru":
            self.gru = nn.GRU(widths[-1], architecture.memory_size, batch_first=True)
        self._add_head(outputs)
        for layer in self.hidden:
            initialise(layer, gain_of(architecture.activation))
        self._initialise_head(output_scale)

    def _add_head(self, outputs: int) -> None:
        width, size = self.architecture.head_input_size, self.architecture.head_size
        if self.architecture.head == "linear":
            self.output = nn.Linear(width, outputs)
        else:
            self.advantage = nn.ModuleList([nn.Linear(width, size), nn.Linear(size, outputs)])
            self.value = nn.ModuleList([nn.Linear(width, size), nn.Linear(size, 1)])

    def _initialise_head(self, output_scale: float) -> None:
        if self.architecture.head == "linear":
            initialise(self.output, output_scale)
            return
        for first, last in (self.advantage, self.value):
            initialise(first, math.sqrt(2.0))
            initialise(last, output_scale)

    def forward(self, inputs: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, T, A) and the last memory.

        ``inputs`` is (R, T, D), ``memory`` (R, 2H) of an LSTM (hidden state, then cell state), (R, H) of a GRU.
        """
        activate = ACTIVATIONS[self.architecture.activation]
        values = inputs
        for layer in self.hidden:
            values = activate(layer(values))
        if not self.memory_size:
            return self._read(values), memory
        if self.architecture.memory == "gru":
            recalled, state = self.gru(values, memory.unsqueeze(0).contiguous())
            return self._read(self._join(values, recalled)), state.squeeze(0)
        hidden, cell = memory.unsqueeze(0).chunk(2, dim=2)
        recalled, (hidden, cell) = self.lstm(values, (hidden.contiguous(), cell.contiguous()))
        return self._read(self._join(values, recalled)), torch.cat([hidden, cell], dim=2).squeeze(0)

    def _join(self, values: Tensor, recalled: Tensor) -> Tensor:
        return torch.cat([values, recalled], dim=2) if self.architecture.skip_connection else recalled

    def _read(self, values: Tensor) -> Tensor:
        """Return the outputs of the head; a dueling one adds the value to the centred advantages."""
        output: Tensor
        if self.architecture.head == "linear":
            output = self.output(values)
            return output
        advantage, value = (last(torch.relu(first(values))) for first, last in (self.advantage, self.value))
        output = value + (advantage - advantage.mean(dim=-1, keepdim=True))
        return output


def gain_of(activation: str) -> float:
    """Return the norm of a unit's initial weights before an activation."""
    return TANH_GAIN if activation == "tanh" else math.sqrt(2.0)


def initialise(layer: nn.Module, scale: float) -> None:
    """Draw orthogonal weights and scale each unit's to the norm ``scale``; biases are 0."""
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        nn.init.orthogonal_(layer.weight)
        layer.weight *= scale / layer.weight.norm(dim=1, keepdim=True)
        layer.bias.zero_()
