"""The loss of proximal policy optimisation (Schulman et al., 2017) over fragments of one or several scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from training.heads import Head


@dataclass(frozen=True)
class Weights:
    """Factors and bounds of the loss. If ``policy`` is false, only the critic is trained."""

    clip: float
    value_clip: float
    value_coefficient: float
    entropy_coefficient: float
    divergence_coefficient: float
    policy: bool = True


@dataclass(frozen=True)
class Terms:
    """Terms of single decisions (M,), joined over scenarios."""

    surrogate: Tensor
    entropy: Tensor
    divergence: Tensor
    values: Tensor
    value_targets: Tensor

    @staticmethod
    def join(parts: Sequence[Terms]) -> Terms:
        """Return the terms of all parts one after the other."""
        if len(parts) == 1:
            return parts[0]
        return Terms(*(torch.cat([getattr(part, name) for part in parts]) for name in Terms.__dataclass_fields__))


def terms_of(head: Head, outputs: Tensor, values: Tensor, batch: Mapping[str, Tensor], weights: Weights) -> Terms:
    """Return the terms of the decisions that were made, for outputs (R, N, T, A) and values (R, N, T) of a batch.

    The KL divergence is exact if it is part of the loss. Otherwise it is the estimate ``ratio - 1 - log(ratio)`` from
    the decisions alone (Schulman, 2020).
    """
    actions = batch["actions"]
    made = None if bool(batch["mask"].all()) else batch["mask"].unsqueeze(1).expand(-1, values.shape[1], -1)
    change = head.log_probability(outputs, actions) - batch["log_probability"]
    ratio, advantages = torch.exp(change), batch["advantages"]
    clipped = ratio.clamp(1.0 - weights.clip, 1.0 + weights.clip)
    if weights.divergence_coefficient:
        divergence = head.divergence(batch["logits"], outputs, actions.shape[-1])
    else:
        divergence = ratio.detach() - 1.0 - change.detach()
    found = (
        torch.minimum(advantages * ratio, advantages * clipped),
        head.entropy(outputs, actions.shape[-1]),
        divergence, values, batch["value_targets"],
    )  # fmt: skip
    return Terms(*(one.reshape(-1) if made is None else one[made] for one in found))


def loss_of(terms: Terms, weights: Weights) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss, and its terms by name."""
    errors = (terms.values - terms.value_targets).square()
    value_loss = errors.clamp(max=weights.value_clip).mean()
    surrogate, entropy, divergence = terms.surrogate.mean(), terms.entropy.mean(), terms.divergence.mean()
    loss = weights.value_coefficient * value_loss
    if weights.policy:
        loss = loss - surrogate - weights.entropy_coefficient * entropy + weights.divergence_coefficient * divergence
    return loss, {"policy_loss": -surrogate, "vf_loss": value_loss, "entropy": entropy, "mean_kl_loss": divergence}


def explained_variance(values: Tensor, targets: Tensor) -> Tensor:
    """Return the explained variance of the targets, clipped from below at -1."""
    variance = targets.var(unbiased=False)
    return (1.0 - (targets - values).var(unbiased=False) / variance.clamp(min=1e-12)).clamp(min=-1.0)
