"""Q-learning of teams: independent (IQL), with a sum of values (VDN), or with a monotonic mixing network (QMIX)."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from policies import Architecture, EntityArchitecture
from policies.graphs.graph import Graph
from training.algorithms import ALGORITHMS
from training.configuration import TrainingConfiguration
from training.networks import TimedNetwork
from training.recipes import recipe_of
from training.replay.learner import GradientStep, ReplayBatch, ReplayLearner, ReplayModule, huber
from training.replay.mixers import MonotonicMixer, SumMixer
from training.schedules import value_at


class ValueModule(ReplayModule):
    """The action values of a member, the mixer of the team if it has one, and target copies of both."""

    num_critics = critic_memory_width = 0

    def __init__(self, configuration: TrainingConfiguration) -> None:
        super().__init__()
        self.recipe = recipe = recipe_of(configuration)
        self.has_central_critic = configuration.has_central_critic
        self.num_members = recipe.dimensions.team_size(recipe.team)
        self.memory_width = recipe.layers.num_states * recipe.layers.memory_size
        self.actor = TimedNetwork(recipe.layers, recipe.observation_size, recipe.output_size)
        self.mixer = self._make_mixer(configuration)
        self.target_actor, self.target_mixer = copy.deepcopy(self.actor), copy.deepcopy(self.mixer)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def _make_mixer(self, configuration: TrainingConfiguration) -> nn.Module:
        mixing = ALGORITHMS[configuration.algorithm].mixing
        if mixing == "monotonic":
            return MonotonicMixer(self.num_members, self.recipe.dimensions.state_size, configuration["mixing_size"])
        return SumMixer() if mixing == "sum" else nn.Identity()

    @property
    def targets(self) -> list[tuple[nn.Module, nn.Module]]:
        """The pairs of a trained network and its target copy."""
        return [(self.actor, self.target_actor), (self.mixer, self.target_mixer)]

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (R, A) and the next memory (R, W) of single decisions, from observations (R, D)."""
        values, memory = self.actor(observations.unsqueeze(1), memory)
        return values.squeeze(1), memory

    def logits(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the values (R, N, T, A) of all choices."""
        return self.values(self.actor, batch)

    @staticmethod
    def values(network: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
        """Return a network's values (R, N, T, A) of all choices."""
        obs = batch["obs"]
        values: Tensor = network(obs.flatten(0, 1), batch["actor_memory"].flatten(0, 1))[0].unflatten(0, obs.shape[:2])
        return values

    def parts(self) -> tuple[Architecture | EntityArchitecture | Graph, dict[str, np.ndarray]]:
        """Return the exported network and its tensors."""
        return self.recipe.architecture, {
            name: tensor.detach().cpu().numpy() for name, tensor in self.actor.state_dict().items()
        }

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the network and its target copy."""
        for network in (self.actor, self.target_actor):
            network.load_state_dict({name: torch.from_numpy(array.copy()) for name, array in weights.items()})


class QLearner(ReplayLearner):
    """Learns values from TD errors with the target r + gamma max Q', a target network and double Q-learning."""

    def make_module(self) -> ValueModule:
        """Return the module of the configuration."""
        return ValueModule(self.configuration)

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return Adam over the network and the mixer."""
        module = self.team_module
        return [torch.optim.Adam([*module.actor.parameters(), *module.mixer.parameters()])]

    @property
    def exploration(self) -> float:
        """The current fraction of random decisions (epsilon)."""
        return value_at(self.configuration["epsilon"], self.fraction)

    @property
    def has_single_entries(self) -> bool:
        """Whether each member's decision is replayed separately."""
        return ALGORITHMS[self.configuration.algorithm].mixing == "none"

    def learn(self, batch: ReplayBatch) -> GradientStep:
        """Take a gradient step."""
        loss, errors, values = self._loss(batch)
        self.descend(0, loss, [self.team_module.actor, self.team_module.mixer])
        figures = {"value_loss": loss.item(), "value_mean": values.mean().item()}
        return GradientStep(figures, errors.detach().abs())

    def _loss(self, batch: ReplayBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss, TD errors and values (R, N or 1, T)."""
        setting, module = self.configuration, self.team_module
        everything = module.values(module.actor, batch.arrays)
        chosen = everything[:, :, :-1].gather(3, batch["actions"]).squeeze(3)
        with torch.no_grad():
            targets = module.values(module.target_actor, batch.arrays)[:, :, 1:]
            best = (everything[:, :, 1:] if setting["double_q"] == "yes" else targets).argmax(3, keepdim=True)
            following = self._join(module.target_mixer, targets.gather(3, best).squeeze(3), batch["state"][:, 1:])
        chosen = self._join(module.mixer, chosen, batch["state"][:, :-1])
        rewards = batch["rewards"] if self.has_single_entries else batch["rewards"].mean(dim=1, keepdim=True)
        goes_on = 1.0 - batch["is_terminal"].float().unsqueeze(1)
        errors = (chosen - (rewards + setting["gamma"] * goes_on * following)) * batch["mask"].unsqueeze(1)
        weighted = huber(errors, setting["error_clip"]) * batch["weights"].view(-1, 1, 1)
        return weighted.sum() / batch["mask"].sum().clamp(min=1) / errors.shape[1], errors, chosen

    def _join(self, mixer: nn.Module, values: Tensor, states: Tensor) -> Tensor:
        """Return the values to be learned: of each member (R, N, T), or of the team (R, 1, T)."""
        if self.has_single_entries:
            return values
        mixed: Tensor = mixer(values.transpose(1, 2), states).unsqueeze(1)
        return mixed
