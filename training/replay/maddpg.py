"""MADDPG (Lowe et al., NeurIPS 2017) with the improvements of TD3 (Fujimoto et al., ICML 2018), as in MATE's examples.

Each member has an actor that reads its own observation, and a pair of critics that read the whole state and all
members' actions.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from policies import Recipe
from policies.compatibility import dimensions_of
from policies.graphs.graph import Graph
from policies.importing.joint import build as build_graph
from training.configuration import TrainingConfiguration
from training.member_networks import MemberMLP, load_members, tensors_of_members
from training.recipes import action_of, recipe_with
from training.replay.learner import GradientStep, ReplayBatch, ReplayLearner, ReplayModule, huber
from training.schedules import value_at

ACTOR_OUTPUT_SCALE = 0.01
LOG_NO_NOISE = -20.0
"""Log standard deviation that stands for play without exploration, as in ``policies.importing.joint``."""


class ActorCriticModule(ReplayModule):
    """The members' actors, their pairs of critics, and target copies of both."""

    num_critics = memory_width = critic_memory_width = 0
    has_central_critic = True

    def __init__(self, configuration: TrainingConfiguration) -> None:
        super().__init__()
        dimensions = dimensions_of(configuration.scenario)
        team, hidden = configuration.team, configuration["hidden_sizes"]
        self.configuration = configuration
        self.num_members = members = dimensions.team_size(team)
        activation = configuration["activation"]
        width = dimensions.observation_size(team)
        self.actor = MemberMLP(members, width, hidden, 2, activation, ACTOR_OUTPUT_SCALE)
        read = dimensions.state_size + 2 * members
        self.critic = MemberMLP(members, read, hidden, 1, activation)
        self.twin = MemberMLP(members, read, hidden, 1, activation)
        self.target_actor, self.target_critic = copy.deepcopy(self.actor), copy.deepcopy(self.critic)
        self.target_twin = copy.deepcopy(self.twin)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))
        self.recipe: Recipe = recipe_with(configuration, self.parts()[0], action_of(configuration))

    @property
    def targets(self) -> list[tuple[nn.Module, nn.Module]]:
        """The pairs of a trained network and its target copy."""
        return [
            (self.actor, self.target_actor), (self.critic, self.target_critic), (self.twin, self.target_twin),
        ]  # fmt: skip

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, 4) of whole teams, one after the other: actions, and ``LOG_NO_NOISE`` twice."""
        actions = torch.tanh(self.actor(observations.unflatten(0, (-1, self.num_members)))).flatten(0, 1)
        return torch.cat([actions, torch.full_like(actions, LOG_NO_NOISE)], dim=1), memory

    def logits(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the outputs (R, N, T, 4)."""
        actions = torch.tanh(self.actor(batch["obs"].transpose(1, 2))).transpose(1, 2)
        return torch.cat([actions, torch.full_like(actions, LOG_NO_NOISE)], dim=3)

    def parts(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Return the actors as a graph for the whole team, and its tensors."""
        bounds = {"low_action": -np.ones(2, np.float32), "action_range": np.full(2, 2.0, np.float32)}
        members = [
            {name: tensor.numpy() for name, tensor in one.items()} | bounds for one in tensors_of_members(self.actor)
        ]
        joint = build_graph("maddpg", members, self.configuration["activation"], message_value=0, noise=0.0)
        return joint.graph, joint.tensors

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the actors and their target copies."""
        load_members(self.actor, weights)
        self.target_actor.load_state_dict(self.actor.state_dict())

    @staticmethod
    def value(network: nn.Module, states: Tensor, actions: Tensor) -> Tensor:
        """Return the members' values (R, N) of states (R, S) and joint actions (R, 2N), or (R, N, 2N) per member."""
        each = actions if actions.dim() == 3 else actions.unsqueeze(1).expand(-1, actions.shape[1] // 2, -1)
        values: Tensor = network(torch.cat([states.unsqueeze(1).expand(-1, each.shape[1], -1), each], dim=2)).squeeze(2)
        return values


class ActorCriticLearner(ReplayLearner):
    """Learns deterministic actions: critics from TD errors, actors from the gradient of their critic."""

    def make_module(self) -> ActorCriticModule:
        """Return the module of the configuration."""
        return ActorCriticModule(self.configuration)

    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return Adam over the critics, and over the actors."""
        module = self.team_module
        critics = [*module.critic.parameters(), *module.twin.parameters()]
        return [torch.optim.Adam(critics), torch.optim.Adam(module.actor.parameters())]

    @property
    def exploration(self) -> float:
        """The standard deviation of the action noise, as a fraction of the largest action."""
        return value_at(self.configuration["exploration_noise"], self.fraction)

    def learn(self, batch: ReplayBatch) -> GradientStep:
        """Take a gradient step of the critics, and at every ``policy_delay``-th step also one of the actors."""
        module = self.team_module
        states, actions = batch["state"][:, 0], batch["actions"][:, :, 0].flatten(1)
        target = self._target(batch)
        values = [module.value(critic, states, actions) for critic in (module.critic, module.twin)]
        errors = [value - target for value in values]
        losses = [huber(error, self.configuration["error_clip"]) * batch["weights"].unsqueeze(1) for error in errors]
        loss = torch.stack(losses).mean(dim=(1, 2)).sum()
        self.descend(0, loss, [module.critic, module.twin])
        figures = {"value_loss": loss.item(), "value_mean": values[0].mean().item()}
        if int(module.updates) % self.configuration["policy_delay"] == 0:
            figures["policy_loss"] = self._improve(batch, states, actions)
        return GradientStep(figures, errors[0].detach().abs().unsqueeze(2))

    @torch.no_grad()
    def _target(self, batch: ReplayBatch) -> Tensor:
        """Return the targets (R, N) of the values, with target policy smoothing and the smaller of two critics."""
        module, setting = self.team_module, self.configuration
        following = torch.tanh(module.target_actor(batch["obs"][:, :, 1]))
        noise = torch.randn(following.shape, generator=self.noise, device=following.device) * setting["target_noise"]
        limit = setting["target_noise_clip"]
        following = (following + noise.clamp(-limit, limit)).clamp(-1.0, 1.0).flatten(1)
        states = batch["state"][:, 1]
        networks = (module.target_critic, module.target_twin)
        value = torch.minimum(*(module.value(network, states, following) for network in networks))
        goes_on = 1.0 - batch["is_terminal"].float()
        returns: Tensor = batch["rewards"][:, :, 0] + setting["gamma"] * goes_on * value
        return returns

    def _improve(self, batch: ReplayBatch, states: Tensor, actions: Tensor) -> float:
        """Improve each actor's action by its critic's value, given the others' recorded actions; return the loss."""
        module = self.team_module
        members = module.num_members
        own = torch.tanh(module.actor(batch["obs"][:, :, 0]))  # (R, N, 2)
        is_own = torch.eye(members, device=own.device).repeat_interleave(2, dim=1)  # (N, 2N)
        joint = torch.where(is_own.bool(), own.flatten(1).unsqueeze(1), actions.unsqueeze(1))
        loss = -(module.value(module.critic, states, joint) * batch["weights"].unsqueeze(1)).mean()
        self.descend(1, loss, [module.actor])
        return float(loss)
