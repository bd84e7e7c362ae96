"""I2C (Ding et al., NeurIPS 2020): members request the observations of teammates whose decisions influence theirs.

A prior network of each member decides which teammates to ask. It learns from the joint action values: a teammate has
influence if knowledge of its decision changes what the member should do.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from policies import Dimensions
from policies.graphs.graph import Graph
from policies.importing.joint import build as build_graph
from policies.torch_networks import ACTIVATIONS
from training.configuration import TrainingConfiguration
from training.graph_modules import GraphTeamModule
from training.member_networks import MemberLinear, MemberMLP, load_members, tensors_of_members
from training.modules import ACTOR_OUTPUT_SCALE
from training.networks import gain_of, initialise

COMPARED = 64
"""Decisions of a minibatch for which the influence of teammates is computed; the cost is quadratic in the choices."""
REMEMBERED = 100_000
"""Number of the newest influences that are kept; a percentile of them is the threshold that the prior network learns.
"""


class MemberLSTM(nn.Module):
    """An LSTM for each of N members; names of tensors and order of gates are those of PyTorch."""

    def __init__(self, members: int, inputs: int, size: int) -> None:
        super().__init__()
        self.given = MemberLinear(members, inputs, 4 * size)
        self.kept = MemberLinear(members, size, 4 * size)

    def forward(self, rows: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, T, N, H) and the last memory (R, N, 2H), of inputs (R, T, N, D)."""
        hidden, cell = memory.chunk(2, dim=2)
        outputs = []
        for given in self.given(rows).unbind(1):
            enter, forget, new, leave = (given + self.kept(hidden)).chunk(4, dim=2)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(enter) * torch.tanh(new)
            hidden = torch.sigmoid(leave) * torch.tanh(cell)
            outputs.append(hidden)
        return torch.stack(outputs, dim=1), torch.cat([hidden, cell], dim=2)


class AskingActor(nn.Module):
    """The members' networks: the prior network, attention over the answers of teammates, and the policy."""

    def __init__(self, configuration: TrainingConfiguration, members: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.order: Tensor
        hidden, activation = configuration["hidden_sizes"], configuration["activation"]
        size, width = configuration["memory_size"], configuration["message_size"]
        self.inputs, self.size = inputs, size
        self.activate = ACTIVATIONS[activation]
        # Member i may ask i + 1, i + 2, ... modulo the number of members.
        order = (torch.arange(members).unsqueeze(1) + torch.arange(1, members)) % members
        self.register_buffer("order", order, persistent=False)
        self.prior = MemberMLP(members, inputs + members - 1, hidden, 1, activation)
        self.attention = MemberLinear(members, inputs, 3 * inputs)
        self.projection = MemberLinear(members, inputs, inputs)
        self.message = MemberLinear(members, inputs, width)
        self.body = MemberMLP(members, inputs + width, hidden, 1, activation)
        del self.body.output
        self.lstm = MemberLSTM(members, hidden[-1], size)
        self.output = MemberLinear(members, hidden[-1] + size, outputs, ACTOR_OUTPUT_SCALE)

    def forward(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, N, T, A) and the last memory (R, N, 2H), from observations (R, N, T, D)."""
        own = observations.transpose(1, 2)  # (R, T, N, D)
        features = self.body.features(torch.cat([own, self._hear(own)], dim=3))
        recalled, memory = self.lstm(features, memory)
        return self.output(torch.cat([features, recalled], dim=3)).transpose(1, 2), memory

    def ask(self, own: Tensor) -> Tensor:
        """Return the prior network's logits (..., N - 1, N) of asking each teammate, from observations (..., N, D)."""
        members = own.shape[-2]
        numbers = torch.eye(members - 1, device=own.device).unsqueeze(1).expand(-1, members, -1)
        leading = own.shape[:-2]
        repeated = own.unsqueeze(-3).expand(*leading, members - 1, -1, -1)
        logits: Tensor = self.prior(torch.cat([repeated, numbers.expand(*leading, -1, -1, -1)], dim=-1)).squeeze(-1)
        return logits

    def _hear(self, own: Tensor) -> Tensor:
        """Return the members' messages (R, T, N, M): attention over the observations of those they ask."""
        with torch.no_grad():
            is_asked = self.ask(own) >= 0.0  # (R, T, N - 1, N)
        others = own[:, :, self.order.T]  # (R, T, N - 1, N, D)
        weight, bias = self.attention.weight.split(self.inputs, 1), self.attention.bias.split(self.inputs, 1)
        query = _apply(own, weight[0], bias[0]) / self.inputs**0.5
        key, value = (_apply(others, weight[part], bias[part]) for part in (1, 2))
        scores = (query.unsqueeze(2) * key).sum(dim=4).masked_fill(~is_asked, -3e38)
        # An additional key and value of zeros let a member attend to no teammate.
        scores = torch.cat([scores, torch.zeros_like(scores[:, :, :1])], dim=2)
        shares = scores.softmax(dim=2)[:, :, :-1]
        messages: Tensor = self.message(self.projection((shares.unsqueeze(4) * value).sum(dim=2)))
        return messages

    def members(self) -> list[dict[str, Tensor]]:
        """Return the tensors of each member, by the names of ``policies.importing.joint``."""
        renamed = {"lstm.given.weight": "lstm.weight_ih", "lstm.given.bias": "lstm.bias_ih",
                   "lstm.kept.weight": "lstm.weight_hh", "lstm.kept.bias": "lstm.bias_hh"}  # fmt: skip
        return [
            {
                renamed.get(name, name.replace("body.hidden.", "hidden.").replace("prior.hidden.", "prior.")): tensor
                for name, tensor in one.items()
            }
            for one in tensors_of_members(self)
        ]


def _apply(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return ``rows`` (..., N, D) times each member's weights (N, H, D), plus its biases (N, H)."""
    return torch.einsum("...nd,nhd->...nh", rows, weight) + bias


class JointValue(nn.Module):
    """The value of a state and the choices of all members."""

    def __init__(self, state_size: int, members: int, choices: int, hidden: list[int], activation: str) -> None:
        super().__init__()
        self.activate = ACTIVATIONS[activation]
        self.state = nn.Linear(state_size, hidden[0])
        self.choice = nn.Parameter(torch.randn(members, choices, hidden[0]) / hidden[0] ** 0.5)
        widths = [*hidden, 1]
        self.rest = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        for layer in [self.state, *self.rest[:-1]]:
            initialise(layer, gain_of(activation))
        initialise(self.rest[-1], 1.0)

    def first(self, states: Tensor, choices: Tensor) -> Tensor:
        """Return the first layer (B, H) before its activation, of states (B, S) and choices (B, N)."""
        chosen = self.choice[torch.arange(choices.shape[1], device=choices.device), choices]  # (B, N, H)
        received: Tensor = self.state(states) + chosen.sum(dim=1)
        return received

    def value(self, first: Tensor) -> Tensor:
        """Return values (...) from the first layer (..., H)."""
        for layer in self.rest:
            first = layer(self.activate(first))
        return first.squeeze(-1)

    def values_of_own(self, first: Tensor, choices: Tensor, member: int) -> Tensor:
        """Return the first layer (B, A, H) with each possible choice of a member in place of its actual one."""
        own = self.choice[member]
        return (first - own[choices[:, member]]).unsqueeze(1) + own


class AskingModule(GraphTeamModule):
    """I2C's actors, MAPPO's critic, and the joint action values from which the influence of teammates is computed."""

    actor: AskingActor

    def make_actor(self, configuration: TrainingConfiguration, dimensions: Dimensions, choices: int) -> None:
        """Build the actors and the joint action values, and set the size of the actors' memory."""
        team = configuration.team
        self.num_members = members = dimensions.team_size(team)
        hidden, activation = configuration["hidden_sizes"], configuration["activation"]
        self.actor = AskingActor(configuration, members, dimensions.observation_size(team), choices)
        self.memory_width = 2 * configuration["memory_size"]
        self.joint_value = JointValue(dimensions.state_size, members, choices, hidden, activation)
        self.register_buffer("influences", torch.zeros(REMEMBERED))
        self.register_buffer("num_influences", torch.zeros((), dtype=torch.int64))

    def parts(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Return the actors as a graph for the whole team, and its tensors."""
        members = [{name: tensor.numpy() for name, tensor in one.items()} for one in self.actor.members()]
        joint = build_graph("i2c", members, self.configuration["activation"], message_value=0, noise=0.0)
        return joint.graph, joint.tensors

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the actors."""
        load_members(self.actor, tensors_of_graph(weights, self.actor.inputs))

    def auxiliary_loss(self, batches: list[dict[str, Tensor]], outputs: list[Any]) -> Tensor:
        """Return the losses of the joint values, of the prior network, and of the policies' distance from the values.

        See ``TeamModule``.
        """
        (batch,), ((logits, _),) = batches, outputs
        rows, times = batch["mask"].nonzero(as_tuple=True)
        states, choices = batch["state"][rows, times], batch["actions"][rows, :, times, 0]
        returns = batch["value_targets"][rows, :, times].mean(dim=1)
        value = self.joint_value.value(self.joint_value.first(states, choices))
        loss = (value - returns).square().mean()
        kept = torch.randperm(len(rows), device=rows.device)[:COMPARED]
        rows, times, states, choices = rows[kept], times[kept], states[kept], choices[kept]
        influence, preferred = self._compare(states, choices)
        if influence.numel():  # a team of one asks nobody
            asked = self.actor.ask(batch["obs"][rows, :, times])
            labels = (influence >= self._remember(influence)).float()
            loss = loss + nn.functional.binary_cross_entropy_with_logits(asked, labels)
        policy = logits[rows, :, times].log_softmax(dim=2)
        distance = (policy.exp() * (policy - preferred)).sum(dim=2).mean()
        total: Tensor = loss + self.configuration["correlation_coefficient"] * distance
        return total

    @torch.no_grad()
    def _compare(self, states: Tensor, choices: Tensor) -> tuple[Tensor, Tensor]:
        """Return the influence (B, N - 1, N) of teammates, and log-probabilities (B, N, A) of choices by joint values.

        A teammate's influence is the KL divergence between a member's distribution of choices that knows the teammate's
        choice and the one that does not.
        """
        value, heat = self.joint_value, self.configuration["temperature"]
        first = value.first(states, choices)
        influences, preferred = [], []
        for member in range(self.num_members):
            own = value.values_of_own(first, choices, member)  # (B, A, H)
            knowing = (value.value(own) / heat).log_softmax(dim=1)
            preferred.append(knowing)
            of_member = [choices.new_empty(0, len(choices), dtype=own.dtype)]
            for other in self.actor.order[member].tolist():
                table = value.choice[other]
                pairs = (own - table[choices[:, other]].unsqueeze(1)).unsqueeze(2) + table
                blind = (value.value(pairs) / heat).logsumexp(dim=2).log_softmax(dim=1)
                of_member.append((knowing.exp() * (knowing - blind)).sum(dim=1).unsqueeze(0))
            influences.append(torch.cat(of_member).T)
        return torch.stack(influences, dim=2), torch.stack(preferred, dim=1)

    @torch.no_grad()
    def _remember(self, influence: Tensor) -> Tensor:
        """Store influences; return the percentile of all stored ones."""
        fresh = influence.flatten()[:REMEMBERED]
        places = (self.num_influences + torch.arange(len(fresh), device=fresh.device)) % REMEMBERED
        self.influences[places] = fresh
        self.num_influences += len(fresh)
        known = self.influences[: min(int(self.num_influences), REMEMBERED)]
        place = max(1, round(self.configuration["prior_percentile"] / 100.0 * len(known)))
        values: Tensor = known.kthvalue(place).values
        return values


def tensors_of_graph(weights: Mapping[str, np.ndarray], inputs: int) -> dict[str, np.ndarray]:
    """Return factors (N, D, H) and biases (N, 1, H) by the names of ``AskingActor``, from those of the graph."""
    found = {name.replace("hidden.", "body.hidden."): array for name, array in weights.items()}
    scale = np.float32(inputs**0.5)
    for kind, axis in (("weight", 2), ("bias", 2)):
        parts = [weights[f"attention.{name}.{kind}"] for name in ("query", "key", "value")]
        found[f"attention.{kind}"] = np.concatenate([parts[0] * scale, *parts[1:]], axis=axis)
    numbers = weights["prior.first.bias"]  # (N, N - 1, H): the first layer's columns for the teammates plus its bias
    found["prior.hidden.0.weight"] = np.concatenate([weights["prior.first.weight"], numbers], axis=1)
    found["prior.hidden.0.bias"] = np.zeros_like(numbers[:, :1])
    for name, array in weights.items():
        if name.startswith("prior.") and name.split(".")[1].isdigit():
            found[name.replace("prior.", "prior.hidden.")] = array
    found["lstm.given.weight"], found["lstm.given.bias"] = weights["lstm.input.weight"], weights["lstm.input.bias"]
    found["lstm.kept.weight"] = weights["lstm.state.weight"]
    found["lstm.kept.bias"] = np.zeros_like(weights["lstm.input.bias"])
    return found
