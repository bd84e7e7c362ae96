"""Networks over entities in PyTorch: the actor of checkpoints, and a critic of the whole state."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from mate.constants import (
    CAMERA_STATE_DIM_PRIVATE,
    NUM_WAREHOUSES,
    OBSTACLE_STATE_DIM,
    PRESERVED_DIM,
    TARGET_STATE_DIM_PRIVATE,
)
from policies.architectures import KINDS, NUM_COUNTS, Architecture, EntityArchitecture
from policies.entities import parts_of
from policies.fields import Dimensions
from policies.recipe import Recipe
from policies.torch_networks import ACTIVATIONS
from training.networks import TimedNetwork, gain_of, initialise

NO_SCORE = -1e9
"""Attention score of an entity out of sight, which makes its weight 0."""


def _make_layers(widths: list[int], activation: str) -> nn.ModuleList:
    layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
    for layer in layers:
        initialise(layer, gain_of(activation))
    return layers


class _Trunk(TimedNetwork):
    """Layers and memory without a head: ``read`` returns the inputs of a head."""

    def __init__(self, architecture: Architecture, inputs: int) -> None:
        super().__init__(architecture, inputs, 0)

    def _add_head(self, outputs: int) -> None:
        """Add no head."""

    def _initialise_head(self, output_scale: float) -> None:
        """Do nothing: there is no head."""

    def _read(self, values: Tensor) -> Tensor:
        return values

    def read(self, values: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return the inputs of a head (R, T, K) and the last memory, for inputs (R, T, D)."""
        return super().forward(values, memory)


class TimedEntityNetwork(_Trunk):
    """An ``EntityArchitecture`` over rows of consecutive decisions; tensors as in ``docs/checkpoint-format.md``.

    ``outputs`` replaces the number of outputs that the recipe's action needs, as for a critic.
    """

    def __init__(self, recipe: Recipe, output_scale: float = 1.0, outputs: int | None = None) -> None:
        entities = recipe.architecture
        assert isinstance(entities, EntityArchitecture)
        shapes = recipe.tensor_shapes
        super().__init__(entities.trunk, shapes["hidden.0.weight"][1])
        self.recipe, self.entities = recipe, entities
        for kind in KINDS:
            widths = [shapes[f"{kind}.0.weight"][1], *entities.entity_sizes]
            layers = _make_layers(widths, entities.activation)
            if entities.pooling == "attention":
                score = nn.Linear(widths[-1], 1)
                layers.add_module("score", score)
                initialise(score, 0.01)
            self.add_module(kind, layers)
        self.for_each, others = recipe.action.parts if outputs is None else (0, outputs)
        if self.for_each:
            widths = [entities.entity_sizes[-1] + entities.trunk.head_input_size, entities.head_size, self.for_each]
            self.choice = _make_layers(widths, entities.activation)
            initialise(self.choice[1], output_scale)
        if others:
            self.output = nn.Linear(entities.trunk.head_input_size, others)
            initialise(self.output, output_scale)

    def forward(  # type: ignore[override]
        self, inputs: Tensor, memory: Tensor, dimensions: Dimensions
    ) -> tuple[Tensor, Tensor]:
        """Return outputs (R, T, A) and the last memory (R, 2H), for preprocessed observations (R, T, D)."""
        first, parts = parts_of(self.recipe, dimensions)
        pooled, opponents = [inputs[..., NUM_COUNTS:first]], None
        for kind, (start, count, width, flag) in zip(KINDS, parts, strict=True):
            records = inputs[..., start : start + count * width].unflatten(-1, (count, width))
            is_seen = (records[..., flag] > 0.0).unsqueeze(-1)
            embeddings = self._embed(kind, records) * is_seen
            pooled.append(self._pool(kind, embeddings, is_seen))
            opponents = embeddings if opponents is None else opponents
        read, memory = self.read(torch.cat(pooled, dim=-1), memory)
        found = [self._choose(read, opponents).flatten(-2)] if self.for_each and opponents is not None else []
        found += [self.output(read)] if hasattr(self, "output") else []
        return torch.cat(found, dim=-1) if len(found) > 1 else found[0], memory

    def _embed(self, kind: str, values: Tensor) -> Tensor:
        layers: nn.ModuleList = getattr(self, kind)
        for number in range(len(self.entities.entity_sizes)):
            values = ACTIVATIONS[self.entities.activation](layers[number](values))
        return values

    def _pool(self, kind: str, embeddings: Tensor, is_seen: Tensor) -> Tensor:
        """Pool embeddings (..., n, E), which are 0 out of sight."""
        if embeddings.shape[-2] == 0:
            return embeddings.new_zeros(*embeddings.shape[:-2], embeddings.shape[-1])
        if self.entities.pooling == "max":
            found = embeddings.masked_fill(~is_seen, NO_SCORE).amax(dim=-2)
            return found * is_seen.any(dim=-2)
        if self.entities.pooling == "mean":
            return embeddings.sum(dim=-2) / is_seen.sum(dim=-2).clamp(min=1)
        scores = getattr(self, kind).score(embeddings).masked_fill(~is_seen, NO_SCORE)
        return (embeddings * torch.softmax(scores, dim=-2)).sum(dim=-2)

    def _choose(self, read: Tensor, embeddings: Tensor) -> Tensor:
        """Return the outputs (..., T, P) for targets with embeddings (..., T, E), in the trunk's context (..., K)."""
        first, size = self.choice[0], self.entities.entity_sizes[-1]
        assert isinstance(first, nn.Linear)
        context = nn.functional.linear(read, first.weight[:, size:], first.bias).unsqueeze(-2)
        hidden = context + nn.functional.linear(embeddings, first.weight[:, :size])
        scores: Tensor = self.choice[1](ACTIVATIONS[self.entities.activation](hidden))
        return scores


STATE_WIDTHS = {
    "cameras": CAMERA_STATE_DIM_PRIVATE,
    "targets": TARGET_STATE_DIM_PRIVATE + 2,
    "obstacles": OBSTACLE_STATE_DIM,
}
"""Columns of each entity of the state; a target's freight and bounty are appended to its own."""


class StateCritic(_Trunk):
    """A critic that embeds and pools all entities of the scaled state, so that their numbers may vary.

    Each kind is pooled to the mean and the maximum of its embeddings. With ``own`` values the critic has one output for
    each member of the ``team``; that output also reads the member's embedding.
    """

    def __init__(self, architecture: EntityArchitecture, team: str, own: bool) -> None:
        embedded = architecture.entity_sizes[-1]
        inputs = PRESERVED_DIM - NUM_COUNTS + 3 + NUM_WAREHOUSES**2 + 2 * len(STATE_WIDTHS) * embedded
        super().__init__(architecture.trunk, inputs)
        self.entities, self.members, self.own = architecture, f"{team}s", own
        for kind, width in STATE_WIDTHS.items():
            self.add_module(kind, _make_layers([width, *architecture.entity_sizes], architecture.activation))
        self.output = nn.Linear(architecture.trunk.head_input_size + own * embedded, 1)
        initialise(self.output, 1.0)

    def forward(  # type: ignore[override]
        self, states: Tensor, memory: Tensor, dimensions: Dimensions
    ) -> tuple[Tensor, Tensor]:
        """Return values (R, T, 1), or (R, T, N) with one per member, and the last memory, for states (R, T, S)."""
        pooled, members = [self._shared(states, dimensions)], None
        for kind, records in _entities_of(states, dimensions).items():
            embeddings = records
            for layer in getattr(self, kind):
                embeddings = ACTIVATIONS[self.entities.activation](layer(embeddings))
            pooled += (
                [embeddings.mean(dim=-2), embeddings.amax(dim=-2)]
                if records.shape[-2]
                else [embeddings.new_zeros(*embeddings.shape[:-2], 2 * embeddings.shape[-1])]
            )
            members = embeddings if kind == self.members else members
        read, memory = self.read(torch.cat(pooled, dim=-1), memory)
        if not self.own or members is None:
            return self.output(read), memory
        read = read.unsqueeze(-2).expand(*members.shape[:-1], -1)
        return self.output(torch.cat([read, members], dim=-1)).squeeze(-1), memory

    @staticmethod
    def _shared(states: Tensor, dimensions: Dimensions) -> Tensor:
        """Return the columns that belong to no entity: numbers of entities, warehouses, cargo."""
        tail = states[..., states.shape[-1] - NUM_WAREHOUSES**2 :]
        return torch.cat([states[..., :3], states[..., NUM_COUNTS:PRESERVED_DIM], tail], dim=-1)


def _entities_of(states: Tensor, dimensions: Dimensions) -> dict[str, Tensor]:
    """Return the records (..., n, width) of each kind in states (..., S), in the order of ``mate.layout``."""
    cameras, targets, obstacles = dimensions.cameras, dimensions.targets, dimensions.obstacles
    sizes = (cameras * CAMERA_STATE_DIM_PRIVATE, targets * TARGET_STATE_DIM_PRIVATE, obstacles * OBSTACLE_STATE_DIM)
    camera, target, obstacle, loads, _ = states[..., PRESERVED_DIM:].split([*sizes, 2 * targets, NUM_WAREHOUSES**2], -1)
    return {
        "cameras": camera.unflatten(-1, (cameras, CAMERA_STATE_DIM_PRIVATE)),
        "targets": torch.cat(
            [target.unflatten(-1, (targets, -1)), loads.unflatten(-1, (2, targets)).transpose(-1, -2)], dim=-1
        ),
        "obstacles": obstacle.unflatten(-1, (obstacles, OBSTACLE_STATE_DIM)),
    }
