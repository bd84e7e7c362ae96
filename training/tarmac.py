"""TarMAC (Das et al., ICML 2019): members share one network and attend to all messages of the previous decision."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from policies import Dimensions
from policies.graphs.graph import Graph
from policies.importing.joint import build as build_graph
from policies.torch_networks import ACTIVATIONS
from training.configuration import TrainingConfiguration
from training.graph_modules import GraphTeamModule
from training.modules import ACTOR_OUTPUT_SCALE
from training.networks import gain_of, initialise


class TalkingActor(nn.Module):
    """A network with an LSTM whose recurrent state includes the message that the member sent.

    A message consists of a key and a value. A member computes a query from its LSTM's state. The query weighs the
    values of all messages by their keys, and the network reads the weighted sum together with the observation.
    Gradients flow through messages to their senders. The memory (R, N, 2H + M) consists of hidden state, cell state and
    message, as in ``policies.importing.joint``.
    """

    def __init__(self, configuration: TrainingConfiguration, inputs: int, outputs: int) -> None:
        super().__init__()
        self.keys, self.values = configuration["message_key_size"], configuration["message_value_size"]
        self.size, self.outputs = configuration["memory_size"], outputs
        self.activate = ACTIVATIONS[configuration["activation"]]
        widths = [inputs + self.values, *configuration["hidden_sizes"]]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.lstm = nn.LSTMCell(widths[-1], self.size)
        self.output = nn.Linear(widths[-1] + self.size, outputs + self.keys + self.values)
        self.query = nn.Linear(2 * self.size, self.keys, bias=False)
        for layer in self.hidden:
            initialise(layer, gain_of(configuration["activation"]))
        initialise(self.output, 1.0)
        with torch.no_grad():
            self.output.weight[:outputs] *= ACTOR_OUTPUT_SCALE

    @property
    def memory_width(self) -> int:
        """Width of a member's memory."""
        width: int = 2 * self.size + self.keys + self.values
        return width

    def forward(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs (R, N, T, A) and the last memory (R, N, W), from observations (R, N, T, D)."""
        # All observations are known before the first decision, so one call computes their part of the first layer.
        first = self.hidden[0]
        assert isinstance(first, nn.Linear)
        width = observations.shape[-1]
        seen = nn.functional.linear(observations, first.weight[:, :width], first.bias)
        outputs = []
        for t in range(observations.shape[2]):
            output, memory = self._step(seen[:, :, t], first.weight[:, width:], memory)
            outputs.append(output)
        return torch.stack(outputs, dim=2), memory

    def _step(self, seen: Tensor, reading: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        state, message = memory.split([2 * self.size, self.keys + self.values], dim=2)
        key, value = message.split([self.keys, self.values], dim=2)
        scores = self.query(state) @ key.transpose(1, 2) / math.sqrt(self.keys)
        heard = scores.softmax(dim=2) @ value
        features = self.activate(seen + nn.functional.linear(heard, reading))
        for layer in self.hidden[1:]:
            features = self.activate(layer(features))
        hidden, cell = (part.flatten(0, 1) for part in state.chunk(2, dim=2))
        hidden, cell = (part.unflatten(0, seen.shape[:2]) for part in self.lstm(features.flatten(0, 1), (hidden, cell)))
        output, sent = self.output(torch.cat([features, hidden], dim=2)).split(
            [self.outputs, self.keys + self.values], dim=2
        )
        return output, torch.cat([hidden, cell, torch.tanh(sent)], dim=2)


class TalkingModule(GraphTeamModule):
    """TarMAC's actor, and MAPPO's critic on the whole state."""

    actor: TalkingActor

    def make_actor(self, configuration: TrainingConfiguration, dimensions: Dimensions, choices: int) -> None:
        """Build the actor, and set the size of its memory."""
        self.actor = TalkingActor(configuration, dimensions.observation_size(configuration.team), choices)
        self.memory_width = self.actor.memory_width

    def parts(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Return the actor as a graph for the whole team, and its tensors."""
        tensors = {name: tensor.detach().cpu().numpy() for name, tensor in self.actor.state_dict().items()}
        activation = self.configuration["activation"]
        joint = build_graph("tarmac", [tensors], activation, self.configuration["message_value_size"], noise=0.0)
        return joint.graph, joint.tensors

    def load_actor(self, weights: Mapping[str, np.ndarray]) -> None:
        """Load the weights of a checkpoint of the same recipe into the actor."""
        lstm = {
            "lstm.weight_ih": weights["lstm.input.weight"],
            "lstm.weight_hh": weights["lstm.state.weight"],
            "lstm.bias_ih": weights["lstm.input.bias"],
            "lstm.bias_hh": np.zeros_like(weights["lstm.input.bias"]),
            "query.weight": weights["query.weight"][np.newaxis] * np.float32(math.sqrt(self.actor.keys)),
        }
        for name, tensor in self.actor.state_dict().items():
            array = torch.from_numpy(np.array(lstm[name] if name in lstm else weights[name]))[0]
            tensor.copy_(array.T if "weight" in name else array[0])
