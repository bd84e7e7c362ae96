"""The state from which a run resumes: weights, the optimiser's moments and counters, in one file without code."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from mate.errors import UserError
from training import files

if TYPE_CHECKING:
    from training.learners import TeamAlgorithm

VERSION = 1


@dataclass
class Counters:
    """Progress of a run: ``episodes`` holds the number begun in each slot, ``seconds`` the time spent so far."""

    iteration: int = 0
    steps: int = 0
    decisions: int = 0
    seconds: float = 0.0
    divergence_weight: float = 0.0
    episodes: list[int] = field(default_factory=list)


def save(folder: Path, algorithm: TeamAlgorithm, counters: Counters) -> None:
    """Write the newest state, then delete the older ones."""
    place = folder / files.STATE
    place.mkdir(exist_ok=True)
    counters.divergence_weight = algorithm.divergence_weight
    metadata = {"version": str(VERSION), "counters": json.dumps(asdict(counters))}
    newest = place / f"{counters.iteration:09d}.safetensors"
    files.replace(newest, safetensors.torch.save(_tensors(algorithm), metadata))
    for path in place.glob("*.safetensors"):
        if path != newest:
            path.unlink()


def find(folder: Path) -> tuple[Path, Counters] | None:
    """Return the newest state of a run's folder and its counters; None if there is none.

    Raises UserError for a damaged state.
    """
    paths = sorted((folder / files.STATE).glob("*.safetensors"))
    if not paths:
        return None
    try:
        with safe_open(paths[-1], "pt") as file:
            metadata = file.metadata() or {}
        if metadata.get("version") != str(VERSION):
            raise ValueError("its version is unknown")
        return paths[-1], Counters(**json.loads(metadata["counters"]))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"The state {paths[-1]} cannot be read ({error}). Delete the folder `state` to start from step 0."
        ) from None


def load(path: Path, counters: Counters, algorithm: TeamAlgorithm) -> None:
    """Load a state into the algorithm. Raises UserError if its networks have other shapes."""
    tensors = safetensors.torch.load_file(path)
    expected = {name: tensor.shape for name, tensor in algorithm.team_module.state_dict().items()}
    found = {name.removeprefix("module."): one.shape for name, one in tensors.items() if name.startswith("module.")}
    if found != expected:
        raise UserError(
            f"The state {path} has other networks than the configuration. "
            "Restore the sizes in the configuration, or start a new training."
        )
    algorithm.team_module.load_state_dict({name: tensors[f"module.{name}"] for name in expected})
    for place, optimizer in enumerate(algorithm.optimizers):
        document = optimizer.state_dict()
        document["state"] = {}
        for name, tensor in tensors.items():
            prefix, *rest = name.split(".")
            if prefix == _prefix(place):
                number, moment = rest
                document["state"].setdefault(int(number), {})[moment] = tensor
        optimizer.load_state_dict(document)
    algorithm.divergence_weight = counters.divergence_weight
    algorithm.steps = counters.steps
    algorithm.share_weights()


def _tensors(algorithm: TeamAlgorithm) -> dict[str, torch.Tensor]:
    tensors = {f"module.{name}": tensor for name, tensor in algorithm.team_module.state_dict().items()}
    for place, optimizer in enumerate(algorithm.optimizers):
        for number, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"{_prefix(place)}.{number}.{name}": torch.as_tensor(value) for name, value in moments.items()}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _prefix(place: int) -> str:
    """Return the prefix of the names of an optimiser's tensors; that of the first optimiser has no number."""
    return f"optimizer{place or ''}"
