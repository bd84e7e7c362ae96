"""Mixers: functions from the values of a team's members to the value of the team."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SumMixer(nn.Module):
    """The sum of the members' values (VDN: Sunehag et al., AAMAS 2018)."""

    def forward(self, values: Tensor, states: Tensor) -> Tensor:
        """Return values (...) of the team from those of its members (..., N)."""
        return values.sum(dim=-1)


class MonotonicMixer(nn.Module):
    """A network that is monotonic in the members' values (QMIX: Rashid et al., ICML 2018).

    Hypernetworks compute its weights from the state; their absolute values are used.
    """

    def __init__(self, members: int, state_size: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.first_weight = nn.Linear(state_size, members * width)
        self.first_bias = nn.Linear(state_size, width)
        self.last_weight = nn.Linear(state_size, width)
        self.last_bias = nn.Sequential(nn.Linear(state_size, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, values: Tensor, states: Tensor) -> Tensor:
        """Return values (...) of the team from those of its members (..., N) and the states (..., S)."""
        weight = self.first_weight(states).abs().unflatten(-1, (values.shape[-1], self.width))
        hidden = torch.einsum("...n,...nh->...h", values, weight) + self.first_bias(states)
        hidden = nn.functional.elu(hidden)
        mixed: Tensor = (hidden * self.last_weight(states).abs()).sum(dim=-1) + self.last_bias(states).squeeze(-1)
        return mixed
