"""The samplers of a replay learner: one in the driver's process, or a Ray actor on each core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import ray
import torch

from mate.episodes import AgentFactory
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.opponents import opponents_of
from training.private_ray import find_cluster
from training.replay.sampling import ReplaySampler
from training.runner import slots_of

MakeModule = Callable[[], Any]


class ReplayRunner:
    """A sampler of some slots with its own copy of the module."""

    def __init__(
        self,
        configuration: TrainingConfiguration,
        module: Any,
        opponents: AgentFactory,
        slots: range,
        episodes: list[int],
    ) -> None:
        self.module = module
        self.sampler = ReplaySampler(configuration, module, opponents, slots)
        self.sampler.episodes[:] = episodes[slots.start : slots.stop]

    def sample(self, exploration: float) -> Experience:
        """Return the next fragment of all slots."""
        self.sampler.exploration = exploration
        return self.sampler.sample()

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        return self.sampler.episodes.tolist()

    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Load the actor's weights for the next fragments."""
        self.module.actor.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})


class ReplayRunners:
    """All samplers of a run. With one core the driver samples itself. On a cluster each core has a sampler."""

    def __init__(
        self, configuration: TrainingConfiguration, make: MakeModule, folder: Path, cores: int, episodes: list[int]
    ) -> None:
        count = min(cores, configuration["episodes_at_once"]) if cores > 1 or find_cluster() else 0
        opponents = opponents_of(configuration, folder)
        arguments = [
            (configuration, make(), opponents, slots_of(configuration, number, count), episodes)
            for number in (range(1, count + 1) if count else [0])
        ]
        self._local = None if count else ReplayRunner(*arguments[0])
        remote = ray.remote(num_cpus=1)(ReplayRunner)
        self._remote: list[Any] = [remote.remote(*one) for one in arguments] if count else []

    def sample(self, exploration: float) -> Experience:
        """Return the next fragment of all slots, in their order."""
        return Experience.join(self._ask("sample", exploration))

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        return [number for part in self._ask("episodes") for number in part]

    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Load the actor's weights into all samplers."""
        self._ask("load", weights)

    def stop(self) -> None:
        """End the Ray actors."""
        for runner in self._remote:
            ray.kill(runner)
        self._remote = []

    def _ask(self, method: str, *arguments: Any) -> list[Any]:
        if self._local is not None:
            return [getattr(self._local, method)(*arguments)]
        return ray.get([getattr(runner, method).remote(*arguments) for runner in self._remote])
