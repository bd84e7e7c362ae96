"""Export of the trained module as a native checkpoint that makes the same decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mate.errors import UserError
from policies import Checkpoint
from policies.networks import network_of
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.modules import TeamModule
from training.recipes import recipe_with

ROWS = 16
"""Number of fragments whose decisions are compared."""
TIE = 1e-4
"""Maximum difference of two outputs that count as tied: PyTorch and the compiled kernels sum in different orders."""


class ExportError(UserError):
    """The exported agent would not make the decisions of the trained one."""


@dataclass(frozen=True)
class Agreement:
    """The number of decisions compared, the number of equal ones, and the largest difference of outputs."""

    compared: int
    equal: int
    worst: float


def export(module: TeamModule, configuration: TrainingConfiguration, provenance: Mapping[str, Any]) -> Checkpoint:
    """Return the trained actor as a native checkpoint."""
    architecture, weights = module.parts()
    return Checkpoint(recipe_with(configuration, architecture, module.recipe.action, **provenance), weights)


def compare(checkpoint: Checkpoint, module: TeamModule, experience: Experience) -> Agreement:
    """Compare the greedy decisions of checkpoint and module on the recorded observations, in their order.

    Raises ExportError if they differ where the module's two best outputs are not tied (``TIE``).
    """
    arrays = {name: array[:ROWS] for name, array in experience.arrays.items()}
    expected = _logits_of_module(module, arrays)
    outputs = _logits_of_checkpoint(checkpoint, arrays)
    made = np.broadcast_to(arrays["mask"][:, np.newaxis], outputs.shape[:3])
    action = checkpoint.recipe.action
    parts = 4 if action.decoding == "box" else action.num_choices(checkpoint.recipe.dimensions.targets)
    ours, theirs = (logits[made].reshape(-1, parts, logits.shape[-1] // parts) for logits in (outputs, expected))
    if action.decoding == "box":
        is_equal, is_tie = ours == theirs, np.abs(ours - theirs) <= TIE * np.maximum(1.0, np.abs(theirs))
    else:
        best = np.sort(theirs, axis=2)[..., -2:]
        is_equal, is_tie = ours.argmax(axis=2) == theirs.argmax(axis=2), best[..., 1] - best[..., 0] <= TIE
    worst = float(np.abs(ours - theirs).max(initial=0.0))
    if not (is_equal | is_tie).all():
        raise ExportError(
            "The exported agent decides differently from the trained one in "
            f"{int((~is_equal & ~is_tie).sum())} of {is_equal.size} decisions; outputs differ by up to {worst:.2g}. "
            "Nothing was exported; this is a defect of this program. Please report it."
        )
    return Agreement(is_equal.size, int(is_equal.sum()), worst)


@torch.inference_mode()
def _logits_of_module(module: TeamModule, arrays: dict[str, np.ndarray]) -> np.ndarray:
    device = next(module.parameters()).device
    batch = {name: torch.from_numpy(arrays[name]).to(device) for name in ("obs", "actor_memory")}
    return module.logits(batch).cpu().numpy()


def _logits_of_checkpoint(checkpoint: Checkpoint, arrays: dict[str, np.ndarray]) -> np.ndarray:
    network = network_of(checkpoint, checkpoint.recipe.dimensions, "cpu")
    rows, members, length, width = arrays["obs"].shape
    memory = arrays["actor_memory"].reshape(rows * members, -1).copy()
    outputs = [
        network.forward(np.ascontiguousarray(arrays["obs"][:, :, t].reshape(-1, width)), memory) for t in range(length)
    ]
    return np.stack(outputs, axis=1).reshape(rows, members, length, -1)
