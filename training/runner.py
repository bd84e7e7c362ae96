"""RLlib's environment runner over the batched engine, instead of one Python environment for each episode."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import ray
import torch
from ray.rllib.core import COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
from ray.rllib.env.env_runner import EnvRunner

from mate.episodes import AgentFactory
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.module_classes import module_class_of
from training.sampling import Sampler

# RLlib requires spaces; the module derives its shapes from the configuration.
SPACES: tuple[gym.Space[Any], gym.Space[Any]] = gym.spaces.Box(-1.0, 1.0, (1,), np.float32), gym.spaces.Discrete(2)


def slots_of(configuration: TrainingConfiguration, worker: int, workers: int) -> range:
    """Return the slots that a runner plays: runners 1 to ``workers`` divide them; runner 0 plays all."""
    count = configuration["episodes_at_once"]
    if workers == 0:
        return range(count)
    return range(count * (worker - 1) // workers, count * worker // workers)


class TeamEnvRunner(EnvRunner):
    """Samples fragments on one core, with its own copy of the module.

    ``env_config`` is ``{"configuration": TrainingConfiguration, "opponents": AgentFactory, "episodes": list of int}``;
    ``episodes`` holds the number of episodes that each slot began in earlier processes of the run. The opponents
    include their weights, because a runner on another machine does not see the run's folder.
    """

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        torch.set_num_threads(1)
        settings = self.config.env_config
        configuration: TrainingConfiguration = settings["configuration"]
        self.module = module_class_of(configuration)(
            observation_space=SPACES[0], action_space=SPACES[1], model_config={"configuration": configuration}
        )
        self.slots = range(0)
        self.samplers: list[Sampler | None] = []
        workers = self.config.num_env_runners
        if self.worker_index or not workers:
            self.slots = slots_of(configuration, self.worker_index or 0, workers)
            self._make_samplers(configuration, settings["opponents"], settings["episodes"])

    def _make_samplers(
        self, configuration: TrainingConfiguration, opponents: AgentFactory, episodes: list[int]
    ) -> None:
        """Assign the slots to the scenarios in turn; a scenario without a slot has no sampler."""
        count = len(configuration.scenarios)
        for place, scenario in enumerate(configuration.scenarios):
            slots = [slot for slot in self.slots if slot % count == place]
            if not slots:
                self.samplers.append(None)
                continue
            sampler = Sampler(configuration, self.module.scenarios[place], opponents, slots, scenario)
            sampler.episodes[:] = [episodes[slot] for slot in slots]
            self.samplers.append(sampler)

    def sample(self, **kwargs: Any) -> list[Experience | None]:
        """Return the next fragment of all slots, scenario by scenario."""
        assert self.samplers, "the runner of the driver does not play while others do"
        return [sampler.sample() if sampler else None for sampler in self.samplers]

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        found = np.zeros(len(self.slots), np.int64)
        for sampler in filter(None, self.samplers):
            found[sampler.slots - self.slots.start] = sampler.episodes
        return found.tolist()

    def load(self, weights: dict[str, np.ndarray]) -> None:
        """Load these weights for the next fragments."""
        self.module.set_state(weights)

    def get_spaces(self) -> dict[str, Any]:
        """Return the spaces that RLlib requires; the module does not use them."""
        return {DEFAULT_MODULE_ID: SPACES, "__env__": SPACES}

    def get_state(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the weights."""
        return {COMPONENT_RL_MODULE: {DEFAULT_MODULE_ID: self.module.get_state()}}

    def set_state(self, state: dict[str, Any]) -> None:
        """Load the weights of a state, which RLlib may pass by reference."""
        modules = state.get(COMPONENT_RL_MODULE, {})
        weights = (ray.get(modules) if isinstance(modules, ray.ObjectRef) else modules).get(DEFAULT_MODULE_ID)
        if weights is not None:
            self.load(weights)

    def get_metrics(self) -> dict[str, Any]:
        """Return no metrics: they are part of the experience."""
        return {}

    def assert_healthy(self) -> None:
        """Do nothing: a runner has no state that a failure could corrupt."""

    def ping(self) -> str:
        """Answer that the process is alive."""
        return "pong"
