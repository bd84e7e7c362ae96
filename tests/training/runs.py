"""Tiny trainings for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.configuration import TrainingConfiguration, check, defaults

TINY = {
    "hidden_sizes": [8],
    "memory_size": 4,
    "episodes_at_once": 4,
    "fragment_length": 5,
    "minibatch_size": 16,
    "passes": 2,
    "milestones": 2,
    "horizon": 20,
    "frame_skip": 2,
}
"""Hyperparameters of PPO for a training that takes a moment."""
TINY_REPLAY = {"learning_starts": 20, "updates": 2, "replay_size": 200}
"""Those that algorithms with a replay buffer have besides."""


def describe(**changes: Any) -> dict[str, Any]:
    """The document of a training that takes a moment; hyperparameters are merged with the tiny ones that apply."""
    document = {
        "scenario": "MATE-2v4-0",
        "team": "camera",
        "algorithm": "hrl-mappo",
        "steps": 200,
        "cores": 1,
        "seed": 3,
    } | changes
    applying = defaults("quick", document["algorithm"], document["team"])
    tiny = {name: value for name, value in (TINY | TINY_REPLAY).items() if name in applying}
    return document | {"hyperparameters": tiny | changes.get("hyperparameters", {})}


def configure(**changes: Any) -> TrainingConfiguration:
    """The configuration of ``describe``."""
    return check(describe(**changes))


def write(folder: Path, **changes: Any) -> Path:
    """A folder with such a configuration."""
    folder.mkdir(exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(describe(**changes)))
    return folder
