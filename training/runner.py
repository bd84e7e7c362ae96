"""The environment runner that RLlib is given: episodes of the batched engine instead of one Python environment each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import ray
import torch
from ray.rllib.core import COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
from ray.rllib.env.env_runner import EnvRunner

from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.modules import TeamModule
from training.opponents import opponents_of
from training.sampling import Sampler

# RLlib asks for spaces; the module knows the shapes by itself.
SPACES: tuple[gym.Space, gym.Space] = gym.spaces.Box(-1.0, 1.0, (1,), np.float32), gym.spaces.Discrete(2)


def slots_of(configuration: TrainingConfiguration, worker: int, workers: int) -> range:
    """The slots that a runner plays: runner 1 to ``workers`` divide them, or runner 0 plays all."""
    count = configuration["episodes_at_once"]
    if workers == 0:
        return range(count)
    return range(count * (worker - 1) // workers, count * worker // workers)


class TeamEnvRunner(EnvRunner):
    """Samples fragments with its own copy of the module, on one core.

    ``env_config`` is ``{"configuration": TrainingConfiguration, "folder": str, "episodes": list of int}``; the last are the numbers of
    episodes that each slot has begun before.
    """

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        torch.set_num_threads(1)
        settings = self.config.env_config
        configuration: TrainingConfiguration = settings["configuration"]
        self.module = TeamModule(
            observation_space=SPACES[0], action_space=SPACES[1], model_config={"configuration": configuration}
        )
        self.sampler: Sampler | None = None
        workers = self.config.num_env_runners
        if self.worker_index or not workers:
            slots = slots_of(configuration, self.worker_index or 0, workers)
            opponents = opponents_of(configuration, Path(settings["folder"]))
            self.sampler = Sampler(configuration, self.module, opponents, slots)
            self.sampler.episodes[:] = settings["episodes"][slots.start : slots.stop]

    def sample(self, **kwargs: Any) -> Experience:
        """The next fragment of all slots."""
        assert self.sampler is not None, "the runner of the driver does not play while others do"
        return self.sampler.sample()

    def episodes(self) -> list[int]:
        """How many episodes each slot has begun."""
        return self.sampler.episodes.tolist() if self.sampler else []

    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Play with these weights from now on."""
        self.module.set_state(weights)

    def get_spaces(self) -> dict[str, Any]:
        """What RLlib asks for; the module does not need it."""
        return {DEFAULT_MODULE_ID: SPACES, "__env__": SPACES}

    def get_state(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The weights."""
        return {COMPONENT_RL_MODULE: {DEFAULT_MODULE_ID: self.module.get_state()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take over the weights of such a state; RLlib may give a reference to them."""
        modules = state.get(COMPONENT_RL_MODULE, {})
        weights = (ray.get(modules) if isinstance(modules, ray.ObjectRef) else modules).get(DEFAULT_MODULE_ID)
        if weights is not None:
            self.load(weights)

    def get_metrics(self) -> dict[str, Any]:
        """RLlib's own figures: none, ours come with the experience."""
        return {}

    def assert_healthy(self) -> None:
        """Nothing can be half made."""

    def ping(self) -> str:
        """Whether the process answers."""
        return "pong"
