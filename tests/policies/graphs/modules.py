"""PyTorch modules as researchers write them, and how they are exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from policies import Dimensions
from policies.exporting import MessageOutputs

SIZES = Dimensions(4, 8, 9)
WIDTH = SIZES.observation_size("camera")


class Perceptron(nn.Module):
    """Fully connected layers over one observation, as CleanRL's agents have."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(WIDTH, 32), nn.Tanh(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 25))

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return self.layers(observation)


class LongMemory(nn.Module):
    """An LSTM with a Gaussian head."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.memory, self.head = nn.Linear(WIDTH, 16), nn.LSTM(16, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, observation: torch.Tensor, hidden: torch.Tensor, cell: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = torch.relu(self.first(observation)).unsqueeze(1)
        y, (hidden, cell) = self.memory(x, (hidden.unsqueeze(0), cell.unsqueeze(0)))
        return self.head(y[:, 0]), hidden[0], cell[0]


class GatedMemory(nn.Module):
    """A GRU whose input went through a GELU."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.memory, self.head = nn.Linear(WIDTH, 16), nn.GRU(16, 8, batch_first=True), nn.Linear(8, 25)

    def forward(self, observation: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = nn.functional.gelu(self.first(observation)).unsqueeze(1)
        y, hidden = self.memory(x, hidden.unsqueeze(0))
        return self.head(y[:, 0]), hidden[0]


class EntityAttention(nn.Module):
    """Attention over whatever targets, cameras and obstacles there are; a yes or no for each target."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.own, self.target = nn.Linear(9, width), nn.Linear(5, width)
        self.camera, self.obstacle = nn.Linear(7, width), nn.Linear(4, width)
        self.attention, self.norm = nn.MultiheadAttention(width, 2, batch_first=True), nn.LayerNorm(width)
        self.head = nn.Sequential(nn.Linear(2 * width, width), nn.SiLU(), nn.Linear(width, 2))

    def forward(
        self, own: torch.Tensor, targets: torch.Tensor, cameras: torch.Tensor, obstacles: torch.Tensor
    ) -> torch.Tensor:
        query, seen = self.own(own).unsqueeze(1), self.target(targets)
        keys = torch.cat([seen, self.camera(cameras), self.obstacle(obstacles)], dim=1)
        context = self.norm(query + self.attention(query, keys, keys)[0])
        pairs = torch.cat([seen, context.expand(-1, seen.shape[1], -1)], dim=-1)
        return self.head(pairs).flatten(1)


class TalkingTeam(nn.Module):
    """All members of a team at once, with attention to each other."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.first, self.output = nn.Linear(WIDTH, width), nn.Linear(2 * width, 25)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        x = torch.tanh(self.first(observation))
        weights = torch.softmax(self.query(x) @ self.key(x).transpose(1, 2) / 4.0, dim=-1)
        return self.output(torch.cat([x, weights @ self.value(x)], dim=-1))


class SpeakingMember(nn.Module):
    """A member that sends three numbers to some teammates, and decides by the mean of the messages it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.output = nn.Linear(WIDTH + 3, 16), nn.Linear(16, 25)
        self.message, self.recipients = nn.Linear(16, 3), nn.Linear(16, SIZES.cameras)

    def forward(self, observation: torch.Tensor, messages: torch.Tensor, heard: torch.Tensor) -> tuple:
        mean = messages.sum(dim=1) / heard.sum(dim=1, keepdim=True).clamp(min=1.0)
        x = torch.tanh(self.first(torch.cat([observation, 4.0 * mean], dim=-1)))
        return self.output(x), torch.tanh(self.message(x)), torch.sigmoid(self.recipients(x))


class EntitySpeaker(nn.Module):
    """A target for any scenario that tells the whole team its distances from the entities in sight."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.own, self.camera, self.message = nn.Linear(14, width), nn.Linear(7, width), nn.Linear(width, 2)
        self.output = nn.Linear(width + 2, 4)

    def forward(self, own: torch.Tensor, cameras: torch.Tensor, messages: torch.Tensor, heard: torch.Tensor) -> tuple:
        x = torch.tanh(self.own(own) + self.camera(cameras).mean(dim=1))
        loudest = (messages * heard.unsqueeze(-1)).amax(dim=1)
        return self.output(torch.cat([x, loudest], dim=-1)), self.message(x)


class AskingTeam(nn.Module):
    """All members at once; within a decision, each hears the members that speak, if their messages arrive."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.first, self.output, self.loud = nn.Linear(WIDTH, width), nn.Linear(2 * width, 25), nn.Linear(width, 1)

    def forward(self, observation: torch.Tensor, links: torch.Tensor) -> tuple:
        x = torch.tanh(self.first(observation))
        speaks = (self.loud(x) > 0.0).float().expand(-1, -1, x.shape[1])  # (R, sender, recipient)
        heard = (speaks * links).transpose(1, 2) @ x
        return self.output(torch.cat([x, heard], dim=-1)), speaks


@dataclass(frozen=True)
class Case:
    """A module and what ``export_module`` needs to know of it."""

    module: type[nn.Module]
    action: dict[str, Any]
    arguments: dict[str, Any] = field(default_factory=dict)

    def export_arguments(self) -> dict[str, Any]:
        return {"team": "camera", "action": self.action, "scenario": SIZES} | self.arguments


GRID = {"decoding": "levels", "levels": 5}
CASES = {
    "perceptron": Case(Perceptron, GRID),
    "long memory": Case(LongMemory, {"decoding": "box"}, {"states": {"hidden": (8,), "cell": (8,)}}),
    "gated memory": Case(GatedMemory, GRID, {"states": {"hidden": (8,)}}),
    "entity attention": Case(
        EntityAttention,
        {"decoding": "select-many"},
        {"scenario": None, "inputs": ("self", "targets", "cameras", "obstacles")},
    ),
    "talking team": Case(TalkingTeam, GRID, {"rows": "team"}),
    "speaking member": Case(
        SpeakingMember,
        GRID,
        {"inputs": ("observation", "messages", "heard"), "messages": MessageOutputs(3, has_recipients=True)},
    ),
    "entity speaker": Case(
        EntitySpeaker,
        {"decoding": "box"},
        {
            "team": "target",
            "scenario": None,
            "inputs": ("self", "cameras", "messages", "heard"),
            "messages": MessageOutputs(2),
        },
    ),
    "asking team": Case(
        AskingTeam,
        GRID,
        {"rows": "team", "inputs": ("observation", "links"), "messages": MessageOutputs(has_recipients=True)},
    ),
}
