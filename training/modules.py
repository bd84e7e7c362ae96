"""The RLlib module: one actor shared by all members of the team, and a critic that sees the state or the observation.

A row of a batch is a *fragment*: T consecutive decisions of the N members in one episode. The columns of R rows are
``obs`` (R, N, T, D), ``state`` (R, T, S), ``mask`` (R, T) of the decisions that were made, and the recurrent states
before the first decision, ``actor_memory`` (R, N, W) and ``critic_memory`` (R, K, W), where K is 1 for a central
critic and N otherwise. Fragments of scenarios with other numbers have other shapes, so each scenario has its own batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ray.rllib.core.distribution.torch.torch_distribution import TorchCategorical
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor, nn

from policies import Architecture, Dimensions, EntityArchitecture, Recipe
from policies.compatibility import dimensions_of
from policies.decoding import MASKED
from policies.entities import parts_of
from policies.graphs.graph import Graph
from training.configuration import TrainingConfiguration
from training.entity_networks import StateCritic, TimedEntityNetwork
from training.heads import Head
from training.networks import TimedNetwork
from training.recipes import recipe_of

ACTOR_OUTPUT_SCALE = 0.01


class TeamModule(TorchRLModule, ValueFunctionAPI):
    """Actor and critic of a training; ``model_config`` is ``{"configuration": TrainingConfiguration}``.

    ``scenarios`` holds a view of the module for each of the training's scenarios.
    """

    model_config: Any
    recipe: Recipe
    actor: nn.Module
    critic: nn.Module
    memory_width: int
    critic_memory_width: int

    def setup(self) -> None:
        """Build actor and critic."""
        configuration: TrainingConfiguration = self.model_config["configuration"]
        self.has_central_critic = configuration.has_central_critic
        has_own = configuration["reduction"] == "none" and self.has_central_critic
        sizes = [dimensions_of(scenario) for scenario in configuration.scenarios]
        self.make_networks(configuration, sizes, has_own)
        self.head = Head(self.recipe.action)
        self.scenarios = [self.view(one) for one in sizes]

    def make_networks(self, configuration: TrainingConfiguration, sizes: list[Dimensions], has_own: bool) -> None:
        """Build the networks and the recipe. With ``has_own`` the critic has a value for each member."""
        self.recipe = recipe = recipe_of(configuration)
        if isinstance(recipe.architecture, EntityArchitecture):
            self.actor = TimedEntityNetwork(recipe, ACTOR_OUTPUT_SCALE)
            if self.has_central_critic:
                self.critic = StateCritic(recipe.architecture, recipe.team, has_own)
            else:
                self.critic = TimedEntityNetwork(recipe, outputs=1)
        else:
            inputs = sizes[0].state_size if self.has_central_critic else recipe.input_size
            self.actor = TimedNetwork(recipe.layers, recipe.input_size, recipe.output_size, ACTOR_OUTPUT_SCALE)
            self.critic = TimedNetwork(recipe.layers, inputs, sizes[0].team_size(recipe.team) if has_own else 1)
        states = recipe.architecture.num_states * recipe.architecture.memory_size  # type: ignore[union-attr]
        self.memory_width = self.critic_memory_width = states

    def view(self, dimensions: Dimensions) -> ScenarioModule:
        """Return the module as it acts in a scenario of these dimensions."""
        return ScenarioModule(self, dimensions)

    def auxiliary_loss(self, batches: list[dict[str, Tensor]], outputs: list[Any]) -> Tensor | float:
        """Return a term that is added to PPO's loss, from a minibatch's parts and ``_forward``'s result for each."""
        return 0.0

    def get_train_action_dist_cls(self) -> Any:
        """Return a distribution because RLlib requires one; the loss uses ``head`` instead."""
        return TorchCategorical

    get_exploration_action_dist_cls = get_train_action_dist_cls
    get_inference_action_dist_cls = get_train_action_dist_cls

    def parts(self) -> tuple[Architecture | EntityArchitecture | Graph, dict[str, np.ndarray]]:
        """Return the exported network and its tensors."""
        return self.recipe.architecture, {
            name: tensor.detach().cpu().numpy() for name, tensor in self.actor.state_dict().items()
        }

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the actor."""
        self.actor.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Return outputs and values of each scenario's part of a minibatch."""
        pairs = zip(self.scenarios, batch["parts"], strict=True)
        return {"parts": [(one.logits(part), one.values(part)[0]) if part else None for one, part in pairs]}

    def compute_values(self, batch: dict[str, Any], embeddings: Any | None = None) -> Tensor:
        """Return the critic's estimates (M,) of the first scenario's decisions that were made."""
        return pick(self.scenarios[0].values(batch)[0], batch["mask"])


@dataclass
class ScenarioModule:
    """A view of the module that acts and estimates values in a scenario of these dimensions."""

    module: TeamModule
    dimensions: Dimensions

    @property
    def recipe(self) -> Recipe:
        """The recipe of the exported agent."""
        return self.module.recipe

    @property
    def has_central_critic(self) -> bool:
        """Whether the critic sees the whole state."""
        return self.module.has_central_critic

    @property
    def memory_width(self) -> int:
        """Size of the actor's memory of each member."""
        return self.module.memory_width

    @property
    def critic_memory_width(self) -> int:
        """Size of each critic's memory."""
        return self.module.critic_memory_width

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        device: torch.device = next(self.module.parameters()).device
        return device

    @property
    def num_members(self) -> int:
        """Number of members of the team."""
        return self.dimensions.team_size(self.recipe.team)

    @property
    def num_critics(self) -> int:
        """Number of critic memories in a row."""
        return 1 if self.has_central_critic else self.num_members

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, A) and the next memory (R, W) of single decisions, from observations (R, D)."""
        outputs, memory = self._run(self.module.actor, observations.unsqueeze(1), memory)
        return self._mask(outputs.squeeze(1), observations), memory

    def logits(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the actor's outputs (R, N, T, A)."""
        obs, memory = batch["obs"], batch["actor_memory"]
        outputs, _ = self._run(self.module.actor, obs.flatten(0, 1), memory.flatten(0, 1))
        return self._mask(outputs.unflatten(0, obs.shape[:2]), obs)

    def values(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the critic's estimates (R, N, T), and its memory (R, K, W) after the last decision."""
        obs, memory = batch["obs"], batch["critic_memory"]
        inputs = batch["state"] if self.has_central_critic else obs.flatten(0, 1)
        values, after = self._run(self.module.critic, inputs, memory.flatten(0, 1))
        if self.has_central_critic:
            values = values.transpose(1, 2).expand(-1, obs.shape[1], -1)
        else:
            values = values.squeeze(2).unflatten(0, obs.shape[:2])
        return values, after.unflatten(0, memory.shape[:2])

    def _run(self, network: nn.Module, inputs: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        is_entity = isinstance(network, TimedEntityNetwork | StateCritic)
        computed: tuple[Tensor, Tensor] = (
            network(inputs, memory, self.dimensions) if is_entity else network(inputs, memory)
        )
        return computed

    def _mask(self, outputs: Tensor, observations: Tensor) -> Tensor:
        """Set the outputs (..., A) that choose a target out of sight to ``MASKED``."""
        action = self.recipe.action
        if not action.masked:
            return outputs
        start, count, width, flag = parts_of(self.recipe, self.dimensions)[1][0]
        hidden = observations[..., start + flag : start + count * width : width] <= 0.0
        for_each, others = action.parts
        masked = hidden.unsqueeze(-1).expand(*hidden.shape, for_each)
        if action.decoding == "select-many":
            masked = torch.stack([torch.zeros_like(hidden), hidden], dim=-1)
        masked = masked.flatten(-2)
        if others:
            masked = torch.cat([masked, masked.new_zeros(*masked.shape[:-1], others)], dim=-1)
        return outputs.masked_fill(masked, float(MASKED))


def pick(values: Tensor, mask: Tensor) -> Tensor:
    """Return the entries (M, ...) of ``values`` (R, N, T, ...) whose decisions (R, T) were made, in row-major order."""
    return values[mask.unsqueeze(1).expand(-1, values.shape[1], -1)]
