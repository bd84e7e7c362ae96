"""From the trained module to a native checkpoint that makes the same decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mate.errors import UserError
from policies import Checkpoint
from policies.networks import Network
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.modules import TeamModule
from training.recipes import recipe_of

ROWS = 16
"""Fragments whose observations the decisions are compared on."""
TIE = 1e-4
"""Two outputs as close as this may be in either order: PyTorch and the compiled kernels sum in different orders."""


class ExportError(UserError):
    """The exported agent would not make the decisions of the trained one."""


@dataclass(frozen=True)
class Agreement:
    """How many decisions were compared, how many were the same, and how far the outputs were apart at most."""

    compared: int
    equal: int
    worst: float


def export(module: TeamModule, configuration: TrainingConfiguration, provenance: Mapping[str, Any]) -> Checkpoint:
    """The trained actor as a native checkpoint."""
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in module.actor.state_dict().items()}
    return Checkpoint(recipe_of(configuration, **provenance), weights)


def compare(checkpoint: Checkpoint, module: TeamModule, experience: Experience) -> Agreement:
    """Compare the decisions of both, each part the greatest of its outputs, on recorded observations in their order.

    Raises ExportError if they differ where the module is not undecided between two within ``TIE``.
    """
    arrays = {name: array[:ROWS] for name, array in experience.arrays.items()}
    expected = _logits_of_module(module, arrays)
    outputs = _logits_of_checkpoint(checkpoint, arrays)
    made = np.broadcast_to(arrays["mask"][:, np.newaxis], outputs.shape[:3])
    parts = checkpoint.recipe.scenario.targets if checkpoint.recipe.action.decoding == "select-many" else 1
    ours, theirs = (logits[made].reshape(-1, parts, logits.shape[-1] // parts) for logits in (outputs, expected))
    is_equal = ours.argmax(axis=2) == theirs.argmax(axis=2)
    best = np.sort(theirs, axis=2)[..., -2:]
    is_tie = best[..., 1] - best[..., 0] <= TIE
    worst = float(np.abs(ours - theirs).max(initial=0.0))
    if not (is_equal | is_tie).all():
        raise ExportError(
            f"The exported agent decides otherwise than the trained one in {int((~is_equal & ~is_tie).sum())} of {is_equal.size} decisions; "
            f"their outputs are up to {worst:.2g} apart. Nothing was exported; this is a defect of this program, please report it."
        )
    return Agreement(is_equal.size, int(is_equal.sum()), worst)


@torch.inference_mode()
def _logits_of_module(module: TeamModule, arrays: dict[str, np.ndarray]) -> np.ndarray:
    device = next(module.parameters()).device
    batch = {name: torch.from_numpy(arrays[name]).to(device) for name in ("obs", "actor_memory")}
    return module.logits(batch).cpu().numpy()


def _logits_of_checkpoint(checkpoint: Checkpoint, arrays: dict[str, np.ndarray]) -> np.ndarray:
    network = Network(checkpoint)
    rows, members, length, width = arrays["obs"].shape
    memory = arrays["actor_memory"].reshape(rows * members, -1).copy()
    outputs = [
        network.forward(np.ascontiguousarray(arrays["obs"][:, :, t].reshape(-1, width)), memory) for t in range(length)
    ]
    return np.stack(outputs, axis=1).reshape(rows, members, length, -1)
