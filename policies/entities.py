"""The network of an ``EntityArchitecture``: its forward pass made of compiled functions, for one scenario's numbers."""

from __future__ import annotations

import numpy as np

from policies.architectures import KINDS, NUM_COUNTS, EntityArchitecture
from policies.checkpoint import Checkpoint
from policies.fields import Dimensions
from policies.inputs import InputPart, input_parts_of, kinds_of
from policies.kernels import attend, pool_max, pool_weighted
from policies.recipe import Recipe
from policies.trunk import Trunk


def parts_of(recipe: Recipe, dimensions: Dimensions) -> tuple[int, tuple[InputPart, ...]]:
    """Return where the entities begin in a preprocessed observation, and the part of each kind."""
    parts = input_parts_of(recipe.team, dimensions, recipe.preprocessing.egocentric)
    return parts["self"].columns.stop, tuple(parts[kind] for kind in kinds_of(recipe.team))


class EntityNetwork(Trunk):
    """The weights of a checkpoint whose entities share them, in a scenario of these dimensions.

    Only entities in sight are computed; one out of sight counts as an embedding of zeros where targets are chosen.
    """

    def __init__(self, checkpoint: Checkpoint, dimensions: Dimensions) -> None:
        recipe = checkpoint.recipe
        assert isinstance(recipe.architecture, EntityArchitecture)
        super().__init__(checkpoint, recipe.architecture.trunk)
        self.entities = recipe.architecture
        self.targets = dimensions.targets
        self.first, self.parts = parts_of(recipe, dimensions)
        self.for_each, self.others = recipe.action.parts
        self.output_size = recipe.action.output_size(dimensions.targets)
        self._add_head()

    def _add_head(self) -> None:
        """Cut the head's first layer in two: one half reads embeddings, the other the trunk, once for all targets."""
        if self.for_each:
            weight, size = self._tensors["choice.0.weight"], self.entities.entity_sizes[-1]
            self._tensors["choice.embedded"] = np.ascontiguousarray(weight[:size])
            self._tensors["choice.trunk"] = np.ascontiguousarray(weight[size:])

    def forward(self, inputs: np.ndarray, memory: np.ndarray) -> np.ndarray:
        """Outputs (R, A) for preprocessed observations (R, D), both float32; ``memory`` is advanced in place."""
        pooled, opponents = [np.ascontiguousarray(inputs[:, NUM_COUNTS : self.first])], None
        for kind, part in zip(KINDS, self.parts, strict=True):
            embeddings, is_seen = self._embed(inputs, kind, *part)
            pooled.append(self._pool(kind, embeddings, is_seen.sum(axis=1)))
            opponents = opponents or (embeddings, is_seen)
        read = self._read(np.concatenate(pooled, axis=1), memory)
        outputs = np.empty((len(inputs), self.output_size), np.float32)
        if self.for_each:
            assert opponents is not None
            outputs[:, : self.for_each * self.targets] = self._choose(read, *opponents)
        if self.others:
            outputs[:, self.for_each * self.targets :] = self._linear("output", read)
        return outputs

    def _embed(
        self, inputs: np.ndarray, kind: str, start: int, count: int, width: int, flag: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the embeddings (K, E) of the entities in sight, and which of each row's (R, n) these are."""
        records = inputs[:, start : start + count * width].reshape(len(inputs), count, width)
        is_seen = records[..., flag] > 0.0
        values = np.ascontiguousarray(records[is_seen])
        for number in range(len(self.entities.entity_sizes)):
            values = self._linear(f"{kind}.{number}", values)
            self._activate(values)
        return values, is_seen

    def _pool(self, kind: str, embeddings: np.ndarray, counts: np.ndarray) -> np.ndarray:
        pooled = np.empty((len(counts), embeddings.shape[1]), np.float32)
        if self.entities.pooling == "max":
            pool_max(embeddings, counts, pooled)
            return pooled
        weights = np.ones(len(embeddings), np.float32)
        if self.entities.pooling == "attention":
            attend(np.ascontiguousarray(self._linear(f"{kind}.score", embeddings)[:, 0]), counts, weights)
        pool_weighted(embeddings, weights, counts, pooled)
        return pooled

    def _choose(self, read: np.ndarray, embeddings: np.ndarray, is_seen: np.ndarray) -> np.ndarray:
        """Return the outputs (R, T * P) for the targets."""
        tensors = self._tensors
        context = self._affine(read, tensors["choice.trunk"], tensors["choice.0.bias"])
        values = np.repeat(context, self.targets, axis=0)
        seen = is_seen.ravel()
        values[seen] += self._affine(embeddings, tensors["choice.embedded"], np.zeros_like(tensors["choice.0.bias"]))
        self._activate(values)
        return self._linear("choice.1", values).reshape(len(read), -1)
