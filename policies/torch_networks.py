"""The networks of checkpoints in PyTorch, for GPUs.

A matrix library chooses its order of summation by the shape of its operands, so every pass has ``ROWS`` rows: fewer are
filled up with zeros, more are cut. A row's outputs then do not depend on the number of rows. They agree with those of
``policies.networks`` to within ``TOLERANCE``; decisions that hang on less may differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from policies.checkpoint import Checkpoint
from policies.devices import DeviceError

ROWS = 256
TOLERANCE = 1e-5
"""How far a row's outputs and memory may be from those of the compiled kernels, relative to its greatest where that
is above 1.
"""

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "linear": lambda values: values,
}


def find_device(name: str) -> torch.device:
    """PyTorch's device of a name. Raises DeviceError if this machine or this PyTorch does not have it."""
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"Networks are to be played on CUDA, but PyTorch {torch.__version__} finds no GPU on this machine: "
            "set ARENA_DEVICE=cpu, or install PyTorch with CUDA on a machine with an NVIDIA GPU."
        )
    return torch.device(name)


class TorchNetwork:
    """The weights of one checkpoint on a device, and their forward pass; the counterpart of
    ``policies.networks.Network``.

    Raises DeviceError if there is no such device here.
    """

    def __init__(self, checkpoint: Checkpoint, device: str) -> None:
        self.device = find_device(device)
        self.architecture = checkpoint.recipe.layers
        self.output_size = checkpoint.recipe.output_size
        self.memory_size = self.architecture.memory_size * self.architecture.num_states
        # Full float32 products: the shorter TensorFloat-32 would be off in the fourth digit.
        torch.set_float32_matmul_precision("highest")
        torch.set_num_threads(1)
        self._tensors = {
            name: torch.from_numpy(tensor.copy()).to(self.device) for name, tensor in checkpoint.weights.items()
        }

    def forward(self, inputs: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """Outputs (R, A) for inputs (R, D), both float32; ``memory`` (R, ``memory_size``) float32 is advanced in place.

        Raises DeviceError if the device fails; then part of the memory may have been advanced.
        """
        outputs = np.empty((len(inputs), self.output_size), np.float32)
        for start in range(0, len(inputs), ROWS):
            rows = slice(start, start + ROWS)
            try:
                outputs[rows], memory[rows] = self._compute(inputs[rows], memory[rows])
            except RuntimeError as error:  # what PyTorch raises when a device is full, lost or wedged
                raise DeviceError(f"The device {self.device} failed to compute a network: {error}") from error
        return outputs

    @torch.inference_mode()
    def _compute(self, inputs: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs and memory after them, for at most ``ROWS`` rows."""
        values, after = self._pass(self._fill(inputs), self._fill(memory))
        return values[: len(inputs)].cpu().numpy(), after[: len(inputs)].cpu().numpy()

    def _fill(self, rows: np.ndarray) -> torch.Tensor:
        """The rows on the device, with rows of zeros after them."""
        filled = np.zeros((ROWS, rows.shape[1]), np.float32)
        filled[: len(rows)] = rows
        return torch.from_numpy(filled).to(self.device)

    def _pass(self, values: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        activate = ACTIVATIONS[self.architecture.activation]
        for number in range(len(self.architecture.hidden_sizes)):
            values = activate(self._linear(f"hidden.{number}", values))
        if self.architecture.memory != "none":
            recalled, memory = self._recall(values, memory)
            values = torch.cat([values, recalled], dim=1) if self.architecture.skip_connection else recalled
        if self.architecture.head == "linear":
            return self._linear("output", values), memory
        advantage = self._branch("advantage", values)
        return self._branch("value", values) + (advantage - advantage.mean(dim=1, keepdim=True)), memory

    def _linear(self, name: str, values: torch.Tensor, suffix: str = "") -> torch.Tensor:
        tensors = self._tensors
        return torch.nn.functional.linear(values, tensors[f"{name}.weight{suffix}"], tensors[f"{name}.bias{suffix}"])

    def _branch(self, name: str, values: torch.Tensor) -> torch.Tensor:
        return self._linear(f"{name}.1", torch.relu(self._linear(f"{name}.0", values)))

    def _recall(self, values: torch.Tensor, memory: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The recurrent layer's output and its new state: written out, since cuDNN's layers round otherwise."""
        kind = self.architecture.memory
        hidden = memory[:, : self.architecture.memory_size]
        given, kept = self._linear(kind, values, "_ih_l0"), self._linear(kind, hidden, "_hh_l0")
        if kind == "gru":
            (r, z, n), (r_kept, z_kept, n_kept) = given.chunk(3, dim=1), kept.chunk(3, dim=1)
            update = torch.sigmoid(z + z_kept)
            new = torch.tanh(n + torch.sigmoid(r + r_kept) * n_kept)
            hidden = (1.0 - update) * new + update * hidden
            return hidden, hidden
        enter, forget, cell, leave = (given + kept).chunk(4, dim=1)
        state = torch.sigmoid(forget) * memory[:, hidden.shape[1] :] + torch.sigmoid(enter) * torch.tanh(cell)
        hidden = torch.sigmoid(leave) * torch.tanh(state)
        return hidden, torch.cat([hidden, state], dim=1)
