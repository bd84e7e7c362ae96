"""The RLlib module of each algorithm that learns by PPO."""

from __future__ import annotations

from training.algorithms import ALGORITHMS
from training.configuration import TrainingConfiguration
from training.i2c import AskingModule
from training.modules import TeamModule
from training.tarmac import TalkingModule

_CLASSES: dict[str, type[TeamModule]] = {"shared": TeamModule, "tarmac": TalkingModule, "i2c": AskingModule}


def module_class_of(configuration: TrainingConfiguration) -> type[TeamModule]:
    """Return the class of the module of the configuration's algorithm, which learns by PPO."""
    return _CLASSES[ALGORITHMS[configuration.algorithm].network]
