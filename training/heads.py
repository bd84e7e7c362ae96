"""Distributions of decisions, as functions of the actor's outputs, for the loss of PPO."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from policies.decoding import GREATEST_LOG_STD
from policies.recipe import Action


@dataclass(frozen=True)
class Head:
    """The distribution that the outputs (..., A) of an action parametrise; decisions are (..., P).

    ``box`` is a diagonal Gaussian over two fractions of the largest step. All others are categorical: one choice, or
    with ``select-many`` one yes or no for each target. The outputs have been masked already.
    """

    action: Action

    @property
    def is_gaussian(self) -> bool:
        """Whether decisions are numbers instead of choices."""
        return self.action.decoding == "box"

    def log_probability(self, outputs: Tensor, decisions: Tensor) -> Tensor:
        """Return the logarithm (...) of the probability, or density, of decisions."""
        if self.is_gaussian:
            mean, log_std = _gaussian(outputs)
            scaled = (decisions - mean) * torch.exp(-log_std)
            return (-0.5 * scaled.square() - log_std - 0.5 * math.log(2.0 * math.pi)).sum(dim=-1)
        found = self._log_probabilities(outputs, decisions.shape[-1])
        return found.gather(-1, decisions.unsqueeze(-1)).squeeze(-1).sum(dim=-1)

    def entropy(self, outputs: Tensor, parts: int) -> Tensor:
        """Return the entropy (...) in nats of decisions with ``parts`` entries."""
        if self.is_gaussian:
            return (_gaussian(outputs)[1] + 0.5 * math.log(2.0 * math.pi * math.e)).sum(dim=-1)
        found = self._log_probabilities(outputs, parts)
        return -(found.exp() * found).sum(dim=(-1, -2))

    def divergence(self, before: Tensor, after: Tensor, parts: int) -> Tensor:
        """Return the KL divergence (...) from the distribution of earlier outputs to that of newer outputs."""
        if self.is_gaussian:
            (mean, log_std), (mean_after, log_std_after) = _gaussian(before), _gaussian(after)
            ratio = torch.exp(2.0 * (log_std - log_std_after))
            shift = ((mean - mean_after) * torch.exp(-log_std_after)).square()
            return (0.5 * (ratio + shift - 1.0) + log_std_after - log_std).sum(dim=-1)
        old, new = self._log_probabilities(before, parts), self._log_probabilities(after, parts)
        return (old.exp() * (old - new)).sum(dim=(-1, -2))

    @staticmethod
    def _log_probabilities(outputs: Tensor, parts: int) -> Tensor:
        return torch.log_softmax(outputs.unflatten(-1, (parts, -1)), dim=-1)


def _gaussian(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return means and logarithms of standard deviations (..., 2)."""
    mean, log_std = outputs.chunk(2, dim=-1)
    return mean, log_std.clamp(max=GREATEST_LOG_STD)
