"""The RLlib module of each algorithm that learns by PPO."""

from __future__ import annotations

from training.algorithms import ALGORITHMS
from training.configuration import TrainingConfiguration
from training.i2c import AskingModule
from training.modules import TeamModule
from training.tarmac import TalkingModule

MODULES: dict[str, type[TeamModule]] = {"shared": TeamModule, "tarmac": TalkingModule, "i2c": AskingModule}
"""The modules by the network that they have, or by the loss that they add."""


def module_class_of(configuration: TrainingConfiguration) -> type[TeamModule]:
    """Return the class of the module of the configuration's algorithm, which learns by PPO."""
    algorithm = ALGORITHMS[configuration.algorithm]
    return MODULES[algorithm.loss or algorithm.network]
