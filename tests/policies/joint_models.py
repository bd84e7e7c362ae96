"""Independent implementations of TarMAC, I2C and MADDPG in PyTorch, member by member, and their trial folders.

No genuine checkpoint of these algorithms is available. These implementations follow the published descriptions and the
names of upstream's tensors. Tests compare the outputs of the importer's graphs with theirs.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from policies import Dimensions
from tests.policies.pickling import Call, Name, dump
from tests.policies.trials import Trial, parameters_of

Weights = dict[str, np.ndarray]


def dense(name: str, widths: list[int]) -> dict[str, nn.Module]:
    """Fully connected layers under upstream's names."""
    return {f"{name}_hidden_{number}": nn.Linear(*pair) for number, pair in enumerate(itertools.pairwise(widths))}


class Actor(nn.Module):
    """Hidden layers, an LSTM cell, and an output that reads both."""

    def __init__(self, inputs: int, hidden: tuple[int, ...], size: int, outputs: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleDict(dense("actor", [inputs, *hidden]))
        self.lstm = nn.LSTM(hidden[-1], size, batch_first=True)
        self.output = nn.Linear(hidden[-1] + size, outputs)

    def forward(self, x: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor) -> tuple[torch.Tensor, ...]:
        for layer in self.hidden.values():
            x = torch.tanh(layer(x))
        y, (hidden, cell) = self.lstm(x[None, None], (hidden[None, None], cell[None, None]))
        return self.output(torch.cat([x, y[0, 0]])), hidden[0, 0], cell[0, 0]


def named(prefix: str, module: nn.Module) -> Weights:
    """A module's tensors under upstream's names, in which a linear layer is wrapped twice."""
    found = {}
    for name, tensor in module.state_dict().items():
        stem, _, last = name.rpartition(".")
        is_linear = isinstance(module.get_submodule(stem), nn.Linear) if stem else False
        found[f"{prefix}.{stem}._model.0.{last}" if is_linear else f"{prefix}.{name}"] = tensor.numpy().copy()
    return found


@dataclass
class Shape:
    """Sizes of what is trained."""

    dimensions: Dimensions
    team: str
    hidden: tuple[int, ...] = (8, 6)
    size: int = 4
    outputs: int = 25

    @property
    def members(self) -> int:
        return self.dimensions.team_size(self.team)

    @property
    def observed(self) -> int:
        return self.dimensions.observation_size(self.team)


class TarMAC:
    """All members share one network; each attends to all messages of the previous decision."""

    def __init__(self, shape: Shape, keys: int = 3, values: int = 5) -> None:
        self.shape, self.keys, self.values = shape, keys, values
        self.actor = Actor(shape.observed + values, shape.hidden, shape.size, shape.outputs + keys + values)
        self.query = nn.Linear(2 * shape.size, keys, bias=False)
        self.states = [(torch.zeros(shape.size), torch.zeros(shape.size)) for _ in range(shape.members)]
        self.said = torch.zeros(shape.members, keys + values)

    def decide(self, observations: torch.Tensor) -> torch.Tensor:
        """Return outputs (N, A) for observations (N, D); every member hears all messages of the previous decision."""
        outputs, said = [], []
        for member, seen in enumerate(observations):
            hidden, cell = self.states[member]
            query = self.query(torch.cat([hidden, cell]))
            scores = torch.stack([query @ message[: self.keys] for message in self.said]) / self.keys**0.5
            heard = sum(w * message[self.keys :] for w, message in zip(scores.softmax(0), self.said, strict=True))
            out, *state = self.actor(torch.cat([seen, heard]), hidden, cell)
            self.states[member] = tuple(state)
            outputs.append(out[: self.shape.outputs])
            said.append(torch.tanh(out[self.shape.outputs :]))
        self.said = torch.stack(said)
        return torch.stack(outputs)

    def policies(self) -> dict[str, Weights]:
        weights = named("actor", self.actor)
        weights["message_aggregator.query_predictor.weight"] = self.query.weight.detach().numpy().copy()
        return {"shared_policy": weights | {"critic.output._model.0.bias": np.zeros(1, np.float32)}}


class I2C:
    """Each member has its own networks, and asks the teammates that its prior network names."""

    def __init__(self, shape: Shape, message: int = 5) -> None:
        self.shape = shape
        width, others = shape.observed, shape.members - 1
        self.actors = [Actor(width + message, shape.hidden, shape.size, shape.outputs) for _ in range(shape.members)]
        self.attentions = [nn.MultiheadAttention(width, 1, add_zero_attn=True) for _ in range(shape.members)]
        self.messages = [nn.Linear(width, message) for _ in range(shape.members)]
        widths = [width + others, *shape.hidden]
        self.priors = [nn.ModuleDict(dense("prior_network", widths)) for _ in range(shape.members)]
        self.choices = [nn.Linear(shape.hidden[-1], 1) for _ in range(shape.members)]
        self.states = [(torch.zeros(shape.size), torch.zeros(shape.size)) for _ in range(shape.members)]
        self.asked = 0

    def decide(self, observations: torch.Tensor) -> torch.Tensor:
        """Outputs (N, A) for observations (N, D)."""
        count, outputs = len(observations), []
        for member, seen in enumerate(observations):
            others = torch.stack([observations[(member + 1 + number) % count] for number in range(count - 1)])
            masks = []
            for number in range(count - 1):
                x = torch.cat([seen, torch.eye(count - 1)[number]])
                for layer in self.priors[member].values():
                    x = torch.tanh(layer(x))
                masks.append(bool(self.choices[member](x) < 0))
            self.asked += masks.count(False)
            heard, _ = self.attentions[member](seen[None], others, others, attn_mask=torch.tensor([masks]))
            out, *state = self.actors[member](torch.cat([seen, self.messages[member](heard[0])]), *self.states[member])
            self.states[member] = tuple(state)
            outputs.append(out)
        return torch.stack(outputs)

    def policies(self) -> dict[str, Weights]:
        found = {}
        for member in range(self.shape.members):
            weights = named("actor", self.actors[member])
            weights |= {
                f"message_aggregator.attn.{n}": t.numpy().copy()
                for n, t in self.attentions[member].state_dict().items()
            }
            weights |= {
                f"message_aggregator.linear.{n}": t.numpy().copy()
                for n, t in self.messages[member].state_dict().items()
            }
            weights |= named("prior_network.hidden", self.priors[member])
            weights |= {
                f"prior_network.output._model.0.{n}": t.numpy().copy()
                for n, t in self.choices[member].state_dict().items()
            }
            weights |= {
                "agent_ids": np.eye(self.shape.members - 1, dtype=np.float32),
                "prior_threshold": np.array(0, np.float32),
            }
            found[f"{self.shape.team}_{member}"] = weights
        return found


class MADDPG:
    """Each member has a network of its own, whose output is squashed between the bounds of the action."""

    def __init__(self, shape: Shape, largest: tuple[float, float] = (10.0, 5.0)) -> None:
        self.shape, self.largest = shape, torch.tensor(largest)
        self.layers = [nn.ModuleDict(dense("actor", [shape.observed, *shape.hidden])) for _ in range(shape.members)]
        self.heads = [nn.Linear(shape.hidden[-1], 2) for _ in range(shape.members)]

    def decide(self, observations: torch.Tensor) -> torch.Tensor:
        """Actions (N, 2) for observations (N, D), in the units of the game."""
        outputs = []
        for member, x in enumerate(observations):
            for layer in self.layers[member].values():
                x = torch.tanh(layer(x))
            outputs.append(2 * self.largest * torch.sigmoid(2 * self.heads[member](x)) - self.largest)
        return torch.stack(outputs)

    def policies(self) -> dict[str, Weights]:
        found = {}
        for member in range(self.shape.members):
            weights = named("policy_model.0.hidden", self.layers[member])
            weights |= {
                f"policy_model.0.output._model.0.{n}": t.numpy().copy()
                for n, t in self.heads[member].state_dict().items()
            }
            weights["policy_model.1.low_action"] = -self.largest.numpy()
            weights["policy_model.1.action_range"] = 2 * self.largest.numpy()
            found[f"{self.shape.team}_{member}"] = weights | {"q_model.output._model.0.bias": np.zeros(1, np.float32)}
        return found


MODELS = {"tarmac": TarMAC, "i2c": I2C, "maddpg": MADDPG}


def files_of(model: Any, algorithm: str, is_hierarchical: bool = False, **parameters: Any) -> dict[str, bytes]:
    """Paths and contents of the trial folder of a model."""
    shape = model.shape
    scenario = f"MATE-{shape.dimensions.cameras}v{shape.dimensions.targets}-{shape.dimensions.obstacles}"
    levels = None if is_hierarchical or algorithm == "maddpg" else 5
    trial = Trial(algorithm, shape.team, is_hierarchical, scenario, shape.dimensions, levels=levels)
    trial = trial.changed(multi_selection=True if is_hierarchical else None)
    told = parameters_of(trial)
    custom = {"actor_hiddens": list(shape.hidden), "actor_hidden_activation": "tanh", "lstm_cell_size": shape.size}
    custom |= {"message_key_dim": 3, "message_value_dim": 5}
    told |= {"model": {"custom_model_config": custom}, "normalize_actions": algorithm != "maddpg"}
    if algorithm == "maddpg":
        told["exploration_config"] = {"type": "GaussianNoise", "stddev": 0.1}
    told |= parameters
    policies = model.policies()
    no_filter = Call(Name("ray.rllib.utils.filter", "NoFilter"), is_new=True)
    worker = {
        "filters": dict.fromkeys(policies, no_filter),
        "state": {name: {"weights": weights, "global_timestep": 12500} for name, weights in policies.items()},
        "policy_specs": {},
    }
    return {
        "trial/params.json": json.dumps(told).encode(),
        "trial/checkpoint_000001/checkpoint-1": dump({"worker": dump(worker, 5), "train_exec_impl": {}}, 4),
    }
