"""The RLlib module: one actor shared by all members of the team, and a critic that sees the state or the observation.

A row of a batch is a *fragment*: T consecutive decisions of the N members in one episode. The columns of R rows are
``obs`` (R, N, T, D), ``state`` (R, T, S), ``mask`` (R, T) of the decisions that were made, and the recurrent states
before the first decision, ``actor_memory`` (R, N, 2H) and ``critic_memory`` (R, K, 2H), where K is 1 for a central
critic and N otherwise. The columns of PPO's loss have a row for each decision of each member.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchCategorical, TorchMultiCategorical
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor

from policies import Architecture
from policies.graphs.graph import Graph
from training.configuration import TrainingConfiguration
from training.networks import TimedNetwork
from training.recipes import recipe_of

ACTOR_OUTPUT_SCALE = 0.01


class TeamModule(TorchRLModule, ValueFunctionAPI):
    """Actor and critic of a training; ``model_config`` is ``{"configuration": TrainingConfiguration}``."""

    model_config: Any

    def setup(self) -> None:
        """Build actor and critic."""
        configuration: TrainingConfiguration = self.model_config["configuration"]
        recipe = recipe_of(configuration)
        self.recipe = recipe
        self.has_central_critic = configuration.has_central_critic
        self.num_members = recipe.dimensions.team_size(recipe.team)
        has_own_rewards = configuration["reduction"] == "none"
        inputs = recipe.dimensions.state_size if self.has_central_critic else recipe.observation_size
        outputs = self.num_members if self.has_central_critic and has_own_rewards else 1
        self.actor = TimedNetwork(recipe.layers, recipe.observation_size, recipe.output_size, ACTOR_OUTPUT_SCALE)
        self.critic = TimedNetwork(recipe.layers, inputs, outputs)
        self.memory_width = recipe.layers.num_states * recipe.layers.memory_size

    @property
    def num_critics(self) -> int:
        """Number of critic memories in a row."""
        return 1 if self.has_central_critic else self.num_members

    def get_train_action_dist_cls(self) -> Any:
        """Return the action distribution: categorical, or one Bernoulli variable for each target."""
        if self.recipe.action.decoding == "select-many":
            return TorchMultiCategorical.get_partial_dist_cls(input_lens=[2] * self.recipe.dimensions.targets)  # type: ignore[misc]
        return TorchCategorical

    get_exploration_action_dist_cls = get_train_action_dist_cls
    get_inference_action_dist_cls = get_train_action_dist_cls

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (R, A) and the next memory (R, 2H) of single decisions, from observations (R, D)."""
        logits, memory = self.actor(observations.unsqueeze(1), memory)
        return logits.squeeze(1), memory

    def parts(self) -> tuple[Architecture | Graph, dict[str, np.ndarray]]:
        """Return what is exported: the network and its tensors."""
        return self.recipe.architecture, {
            name: tensor.detach().cpu().numpy() for name, tensor in self.actor.state_dict().items()
        }

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the actor."""
        self.actor.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})

    def logits(self, batch: dict[str, Any]) -> Tensor:
        """Return the actor's logits (R, N, T, A)."""
        obs, memory = batch["obs"], batch["actor_memory"]
        logits, _ = self.actor(obs.flatten(0, 1), memory.flatten(0, 1))
        return logits.unflatten(0, obs.shape[:2])

    def values(self, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return the critic's estimates (R, N, T), and its memory (R, K, 2H) after the last decision."""
        obs, memory = batch["obs"], batch["critic_memory"]
        inputs = batch["state"] if self.has_central_critic else obs.flatten(0, 1)
        values, after = self.critic(inputs, memory.flatten(0, 1))
        if self.has_central_critic:
            values = values.transpose(1, 2).expand(-1, obs.shape[1], -1)
        else:
            values = values.squeeze(2).unflatten(0, obs.shape[:2])
        return values, after.unflatten(0, memory.shape[:2])

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {Columns.ACTION_DIST_INPUTS: pick(self.logits(batch), batch["mask"])}

    def compute_values(self, batch: dict[str, Any], embeddings: Any | None = None) -> Tensor:
        """Return the critic's estimates (M,) of the decisions that were made."""
        return pick(self.values(batch)[0], batch["mask"])


def pick(values: Tensor, mask: Tensor) -> Tensor:
    """Return the entries (M, ...) of ``values`` (R, N, T, ...) whose decisions (R, T) were made, in row-major order."""
    return values[mask.unsqueeze(1).expand(-1, values.shape[1], -1)]
