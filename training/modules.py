"""The RLlib module: one actor that all members of the team share, and a critic that sees the state or what the member sees.

A row of a batch is a *fragment*: T consecutive decisions of the N members in one episode. Columns, for R rows: ``obs`` (R, N, T, D),
``state`` (R, T, S), ``mask`` (R, T) of the decisions that were made, ``actor_memory`` (R, N, 2H) and ``critic_memory`` (R, K, 2H) before
the first, where K is 1 for a central critic and N otherwise. All that PPO's loss reads has a row for each decision of each member.
"""

from __future__ import annotations

from typing import Any

from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchCategorical, TorchMultiCategorical
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.torch import TorchRLModule
from torch import Tensor

from training.configuration import TrainingConfiguration
from training.networks import TimedNetwork
from training.recipes import recipe_of

ACTOR_OUTPUT_SCALE = 0.01


class TeamModule(TorchRLModule, ValueFunctionAPI):
    """Actor and critic of a training; ``model_config`` is ``{"configuration": TrainingConfiguration}``."""

    model_config: Any

    def setup(self) -> None:
        """Build both networks."""
        configuration: TrainingConfiguration = self.model_config["configuration"]
        recipe = recipe_of(configuration)
        self.recipe = recipe
        self.has_central_critic = configuration.has_central_critic
        self.num_members = recipe.scenario.team_size(recipe.team)
        has_own_rewards = configuration["reduction"] == "none"
        inputs = recipe.scenario.state_size if self.has_central_critic else recipe.observation_size
        outputs = self.num_members if self.has_central_critic and has_own_rewards else 1
        self.actor = TimedNetwork(recipe.architecture, recipe.observation_size, recipe.output_size, ACTOR_OUTPUT_SCALE)
        self.critic = TimedNetwork(recipe.architecture, inputs, outputs)
        self.memory_width = 2 * recipe.architecture.memory_size

    @property
    def num_critics(self) -> int:
        """How many critics' memories a row has."""
        return 1 if self.has_central_critic else self.num_members

    def get_train_action_dist_cls(self) -> Any:
        """The distribution of decisions: of one choice, or of a yes or no for each target."""
        if self.recipe.action.decoding == "select-many":
            return TorchMultiCategorical.get_partial_dist_cls(input_lens=[2] * self.recipe.scenario.targets)  # type: ignore[misc]
        return TorchCategorical

    get_exploration_action_dist_cls = get_train_action_dist_cls
    get_inference_action_dist_cls = get_train_action_dist_cls

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (R, A) of single decisions, and memory (R, 2H) after them, for observations (R, D)."""
        logits, memory = self.actor(observations.unsqueeze(1), memory)
        return logits.squeeze(1), memory

    def logits(self, batch: dict[str, Any]) -> Tensor:
        """The actor's outputs (R, N, T, A)."""
        obs, memory = batch["obs"], batch["actor_memory"]
        logits, _ = self.actor(obs.flatten(0, 1), memory.flatten(0, 1))
        return logits.unflatten(0, obs.shape[:2])

    def values(self, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """The critic's estimates (R, N, T), and its memory (R, K, 2H) after the last decision."""
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
        """The critic's estimates for the decisions that were made, flat."""
        return pick(self.values(batch)[0], batch["mask"])


def pick(values: Tensor, mask: Tensor) -> Tensor:
    """The entries (M, ...) of (R, N, T, ...) whose decisions (R, T) were made, row by row, member by member."""
    return values[mask.unsqueeze(1).expand(-1, values.shape[1], -1)]
