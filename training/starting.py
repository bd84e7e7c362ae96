"""Starting a run from an earlier agent: loading its weights, and the critic that was trained with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from policies.graphs.graph import Graph
from training import files
from training.configuration import ConfigurationError, TrainingConfiguration
from training.modules import TeamModule
from training.opponents import load_checkpoint

CONTINUED = {"learning_rate", "entropy_coefficient"}
"""Scheduled figures that a run continues from the training of the agent from which it starts."""
_COMPARED = ("team", "architecture", "action", "preprocessing", "scenario")


def critic_of(checkpoint: Path) -> Path:
    """Return the path of the critic that belongs to a milestone's checkpoint."""
    return checkpoint.with_suffix(".critic.safetensors")


def save_critic(module: TeamModule, checkpoint: Path) -> None:
    """Write the critic beside a milestone's checkpoint."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.critic.state_dict().items()}
    files.replace(critic_of(checkpoint), safetensors.torch.save(tensors))


def start_from(module: Any, configuration: TrainingConfiguration, folder: Path) -> bool:
    """Load the weights of the configuration's ``start_from`` into the actor, and its critic where one fits.

    The critic is looked for beside the checkpoint, where milestones have it. Return whether it was loaded. Raises
    ConfigurationError if the checkpoint cannot be read, or if its team, scenario or network differs; the message says
    which.
    """
    assert configuration.start_from is not None
    path = folder / configuration.start_from
    checkpoint = load_checkpoint(path, "checkpoint to start from")
    recipe, wanted = checkpoint.recipe, module.recipe
    problems = [
        f"The checkpoint to start from, {path}, has {name} {_describe(getattr(recipe, name))}, and the run "
        f"{_describe(getattr(wanted, name))}."
        for name in _COMPARED
        if _plain(getattr(recipe, name)) != _plain(getattr(wanted, name))
    ]
    if problems:
        raise ConfigurationError(
            [*problems, "Give the run the same hyperparameters, or start from another checkpoint."]
        )
    module.load_actor(checkpoint.weights)
    if not hasattr(module, "critic"):
        return False
    return _load_critic(module, critic_of(path))


def limits_of(configuration: TrainingConfiguration, folder: Path) -> dict[str, float]:
    """Return, by name, the caps on the schedules of a run that continues those of the agent's training.

    They are the last values of that training, from the notes beside its milestone. Empty if nothing is continued.
    """
    if not configuration.start_from or configuration.hyperparameters.get("start_schedules") != "continued":
        return {}
    return _read_notes((folder / configuration.start_from).with_suffix(".json"))


def _load_critic(module: TeamModule, path: Path) -> bool:
    """Load a critic if there is one of the same shapes; return whether it was loaded."""
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except (OSError, SafetensorError):
        return False
    expected = module.critic.state_dict()
    fits = {name: one.shape for name, one in tensors.items()} == {name: one.shape for name, one in expected.items()}
    if fits and all(bool(torch.isfinite(one).all()) for one in tensors.values()):
        module.critic.load_state_dict(tensors)
        return True
    return False


def _read_notes(path: Path) -> dict[str, float]:
    """Return the positive numbers in a milestone's notes."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    found = content.items() if isinstance(content, dict) else ()
    return {name: float(one) for name, one in found if name in CONTINUED and isinstance(one, int | float) and one > 0}


def _plain(part: object) -> object:
    """Return a part of a recipe in a form that can be compared: graphs hold arrays, so they become JSON."""
    return part.to_json() if isinstance(part, Graph) else part


def _describe(part: object) -> str:
    return part if isinstance(part, str) else f"({part})" if hasattr(part, "team_size") else repr(part)
