"""Separate networks for each member of a team, computed together with weights (N, outputs, inputs)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from policies.torch_networks import ACTIVATIONS
from training.networks import gain_of


class MemberLinear(nn.Module):
    """A fully connected layer for each of N members, over rows (..., N, D).

    Initialised as in ``training.networks``: orthogonal, each unit's weights scaled to norm ``scale``, biases 0.
    """

    def __init__(self, members: int, inputs: int, outputs: int, scale: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(members, outputs))
        with torch.no_grad():
            for own in self.weight:
                nn.init.orthogonal_(own)
                own *= scale / own.norm(dim=1, keepdim=True)

    def forward(self, rows: Tensor) -> Tensor:
        """Return outputs (..., N, H)."""
        flat = rows.flatten(0, -3).transpose(0, 1)  # (N, R, D)
        outputs = torch.baddbmm(self.bias.unsqueeze(1), flat, self.weight.transpose(1, 2))
        joined: Tensor = outputs.transpose(0, 1).unflatten(0, rows.shape[:-2])
        return joined


class MemberMLP(nn.Module):
    """Hidden layers and a linear output for each of N members, over rows (..., N, D)."""

    def __init__(
        self, members: int, inputs: int, hidden: Sequence[int], outputs: int, activation: str, scale: float = 1.0
    ) -> None:
        super().__init__()
        self.activate = ACTIVATIONS[activation]
        widths = [inputs, *hidden]
        self.hidden = nn.ModuleList(MemberLinear(members, a, b, gain_of(activation)) for a, b in pairwise(widths))
        self.output = MemberLinear(members, widths[-1], outputs, scale)

    def forward(self, rows: Tensor) -> Tensor:
        """Return outputs (..., N, A)."""
        output: Tensor = self.output(self.features(rows))
        return output

    def features(self, rows: Tensor) -> Tensor:
        """Return the last hidden layer (..., N, H)."""
        for layer in self.hidden:
            rows = self.activate(layer(rows))
        return rows


def tensors_of_members(module: nn.Module) -> list[dict[str, Tensor]]:
    """Return the tensors of each member by name: slices of those of ``MemberLinear`` layers."""
    state = {name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}
    members = len(next(iter(state.values())))
    return [{name: tensor[member] for name, tensor in state.items()} for member in range(members)]


def load_members(module: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Load factors (N, D, H) and biases (N, 1, H) of a graph for teams; they have the names of the module's tensors."""
    state = module.state_dict()
    for name, tensor in state.items():
        array = torch.from_numpy(np.asarray(weights[name]).copy())
        tensor.copy_(array.transpose(1, 2) if name.endswith("weight") else array.squeeze(1))
