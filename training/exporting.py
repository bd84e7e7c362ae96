"""Export of the trained module as a native checkpoint that makes the same decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mate.errors import UserError
from policies import Checkpoint, Dimensions
from policies.decoding import mask_outputs
from policies.entities import parts_of
from policies.graphs.network import GraphNetwork, new_speech
from policies.inference import messages_of
from policies.networks import network_of
from training.configuration import TrainingConfiguration
from training.experience import Experience, JointExperience
from training.modules import ScenarioModule, TeamModule
from training.recipes import recipe_with

ROWS = 16
"""Maximum number of fragments whose decisions are compared."""
TIE = 1e-4
"""Maximum difference of two outputs that count as tied, as PyTorch and the compiled kernels sum in different orders."""


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


def compare(checkpoint: Checkpoint, module: TeamModule, experience: Experience | JointExperience) -> Agreement:
    """Compare the greedy decisions of checkpoint and module on the recorded observations, scenario by scenario.

    Raises ExportError if they differ where the module's two best outputs are not tied (``TIE``).
    """
    total = Agreement(0, 0, 0.0)
    for view, part in zip(module.scenarios, experience.parts, strict=True):
        found = _compare_in(checkpoint, view, part)
        total = Agreement(
            total.compared + found.compared, total.equal + found.equal, max(total.worst, found.worst)
        )  # fmt: skip
    return total


def _compare_in(checkpoint: Checkpoint, view: ScenarioModule, experience: Experience) -> Agreement:
    arrays = {name: array[:ROWS] for name, array in experience.arrays.items()}
    expected = _outputs_of_module(view, arrays)
    outputs = _outputs_of_checkpoint(checkpoint, view.dimensions, arrays)
    made = np.broadcast_to(arrays["mask"][:, np.newaxis], outputs.shape[:3])
    action = checkpoint.recipe.action
    parts = 4 if action.decoding == "box" else action.num_choices(view.dimensions.targets)
    ours, theirs = (found[made].reshape(-1, parts, found.shape[-1] // parts) for found in (outputs, expected))
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
def _outputs_of_module(view: ScenarioModule, arrays: dict[str, np.ndarray]) -> np.ndarray:
    batch = {name: torch.from_numpy(arrays[name]).to(view.device) for name in ("obs", "actor_memory")}
    return view.logits(batch).cpu().numpy()


def _outputs_of_checkpoint(checkpoint: Checkpoint, dimensions: Dimensions, arrays: dict[str, np.ndarray]) -> np.ndarray:
    network = network_of(checkpoint, dimensions, "cpu")
    rows, members, length, width = arrays["obs"].shape
    memory = arrays["actor_memory"].reshape(rows * members, -1).copy()
    if (spoken := messages_of(checkpoint.recipe)) is not None:
        assert isinstance(network, GraphNetwork)
        return _outputs_of_speakers(network, spoken.size, arrays, memory)
    outputs = []
    for t in range(length):
        inputs = np.ascontiguousarray(arrays["obs"][:, :, t].reshape(-1, width))
        outputs.append(network.forward(inputs, memory))
        if checkpoint.recipe.action.masked:
            start, count, record, flag = parts_of(checkpoint.recipe, dimensions)[1][0]
            visible = inputs[:, start + flag : start + count * record : record] > 0.0
            mask_outputs(checkpoint.recipe.action, outputs[-1], visible)
    return np.stack(outputs, axis=1).reshape(rows, members, length, -1)


def _outputs_of_speakers(
    network: GraphNetwork, size: int, arrays: dict[str, np.ndarray], memory: np.ndarray
) -> np.ndarray:
    """Return the outputs (R, N, T, A) of a network whose members hear all messages of the previous decision.

    The module's memory (R * N, W) ends with the message of ``size`` numbers that a member sent.
    """
    rows, members, length, width = arrays["obs"].shape
    memory, said = np.ascontiguousarray(memory[:, : network.memory_size]), memory[:, network.memory_size :]
    outputs = []
    for t in range(length):
        speech = new_speech(rows * members, members, size)
        speech.messages[:] = np.repeat(said.reshape(rows, members, -1), members, axis=0)
        speech.heard[:] = 1.0
        inputs = np.ascontiguousarray(arrays["obs"][:, :, t].reshape(-1, width))
        outputs.append(network.forward(inputs, memory, speech))
        said = speech.message
    return np.stack(outputs, axis=1).reshape(rows, members, length, -1)
