"""The base of all learners with a replay buffer; subclasses define the networks, losses and targets."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from mate.streams import derive
from policies import Dimensions, Recipe
from training.algorithm import WEIGHTS
from training.configuration import TrainingConfiguration
from training.experience import Experience, TrainingIteration
from training.replay.buffer import Draw, ReplayBuffer
from training.replay.runners import ReplayRunners
from training.schedules import value_at

NOISE = 0x4005
"""Word for ``derive``: noise on the actions that target networks evaluate."""
REPLAY = 0x4004
"""Word for ``derive``: draws from the replay buffer."""


@dataclass(frozen=True)
class ReplayBatch:
    """Decisions from the buffer: R fragments of T decisions, where single decisions are fragments of one.

    ``obs`` (R, N, T + 1, D) and ``state`` (R, T + 1, S) include those after the last decision. The other arrays are
    ``actions`` (R, N, T, P), ``rewards`` (R, N, T), ``is_terminal`` and ``mask`` (R, T), ``actor_memory`` (R, N, W) and
    ``weights`` (R,).
    """

    arrays: Mapping[str, Tensor]

    def __getitem__(self, name: str) -> Tensor:
        return self.arrays[name]


@dataclass(frozen=True)
class GradientStep:
    """The result of a gradient step: figures by name, and the absolute TD errors (R, N or 1, T)."""

    figures: dict[str, float]
    errors: Tensor


class ReplayModule(nn.Module):
    """What the modules of replay learners share: they have one scenario, and weights on one device."""

    recipe: Recipe

    @property
    def scenarios(self) -> list[Self]:
        """The views of the module for its scenarios: the module itself, for its only scenario."""
        return [self]

    @property
    def dimensions(self) -> Dimensions:
        """The dimensions of its scenario."""
        return self.recipe.dimensions

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return next(self.parameters()).device


class ReplayLearner(ABC):
    """Samples fragments into a buffer and takes ``updates`` gradient steps per iteration; see ``TeamAlgorithm``.

    The buffer is not part of a run's state: a resumed run fills it anew before it learns again.
    """

    divergence_weight = 0.0

    def __init__(self, configuration: TrainingConfiguration, folder: Path, cores: int, episodes: list[int]) -> None:
        self.configuration = configuration
        self.steps = 0
        self.last: TrainingIteration
        self.experience: Experience
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(derive(configuration.seed, WEIGHTS) % 2**63)
        torch.set_num_threads(min(cores, len(os.sched_getaffinity(0))))
        self.team_module: Any = self.make_module().to(self.device)
        self.optimizers = self.make_optimizers()
        self.noise = torch.Generator(self.device)
        capacity = max(1, configuration["replay_size"] // configuration["fragment_length"])
        priorities = configuration["priority_exponent"], configuration["priority_correction"]
        self.buffer = ReplayBuffer(capacity, *priorities)
        self.runners = ReplayRunners(configuration, self.make_module, folder, cores, episodes)
        self.share_weights()

    @abstractmethod
    def make_module(self) -> Any:
        """Return a new module: ``act``, ``logits``, ``actor``, ``targets`` and a buffer ``updates``."""

    @abstractmethod
    def make_optimizers(self) -> list[torch.optim.Optimizer]:
        """Return the optimisers of ``team_module``."""

    @abstractmethod
    def learn(self, batch: ReplayBatch) -> GradientStep:
        """Take a gradient step."""

    @property
    @abstractmethod
    def exploration(self) -> float:
        """The current amount of exploration, in the sampler's unit."""

    @property
    def has_single_entries(self) -> bool:
        """Whether each member's decision is replayed separately; otherwise the decisions of a team stay together."""
        return False

    @property
    def fraction(self) -> float:
        """The completed fraction of the run."""
        return min(1.0, self.steps / self.configuration.steps)

    @property
    def learning_rate(self) -> float:
        """The current learning rate of the optimisers."""
        return value_at(self.configuration["learning_rate"], self.fraction)

    def training_step(self) -> None:
        """Sample a fragment of every episode, learn, and broadcast the new weights to the samplers."""
        began = time.perf_counter()
        self.experience = experience = self.runners.sample(self.exploration)
        self.remember(experience)
        sampled = time.perf_counter()
        figures = {"learning_rate": self.learning_rate, "exploration": self.exploration}
        if self.buffer.decisions >= self.configuration["learning_starts"]:
            figures |= self.update()
            self.share_weights()
        learned = time.perf_counter()
        self.steps += experience.steps
        self.last = TrainingIteration(
            experience.steps, experience.decisions, experience.finished, sampled - began, learned - sampled, figures
        )

    def share_weights(self) -> None:
        """Broadcast the learner's weights to all samplers."""
        weights = {name: tensor.detach().cpu().numpy() for name, tensor in self.team_module.actor.state_dict().items()}
        self.runners.load(weights)

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        return self.runners.episodes()

    def stop(self) -> None:
        """End the samplers."""
        self.runners.stop()

    def descend(self, place: int, loss: Tensor, modules: Iterable[nn.Module]) -> None:
        """Take a step of one optimiser down the gradient of a loss with respect to the parameters of these modules."""
        optimizer, limit = self.optimizers[place], self.configuration["gradient_clip"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if limit:
            nn.utils.clip_grad_norm_([p for module in modules for p in module.parameters()], limit)
        for group in optimizer.param_groups:
            group["lr"] = self.learning_rate
        optimizer.step()

    def remember(self, experience: Experience) -> None:
        """Put fragments into the replay buffer."""
        arrays, mask = dict(experience.arrays), experience.arrays["mask"]
        arrays["obs"] = np.concatenate([arrays["obs"], arrays.pop("obs_after")[:, :, np.newaxis]], axis=2)
        arrays["state"] = np.concatenate([arrays["state"], arrays.pop("state_after")[:, np.newaxis]], axis=1)
        members = arrays["obs"].shape[1]
        is_made = np.tile(mask, (1, members)) if self.has_single_entries else mask
        self.buffer.add(arrays, mask, is_made)

    def update(self) -> dict[str, float]:
        """Take the iteration's gradient steps; return the means of their figures."""
        seed = self.configuration.seed
        random = np.random.Generator(np.random.Philox(derive(seed, REPLAY, self.steps)))
        self.noise.manual_seed(derive(seed, NOISE, self.steps) % 2**63)
        totals: dict[str, list[float]] = defaultdict(list)
        for _ in range(self.configuration["updates"]):
            draw = self.buffer.draw(self._draw_size, random, self._draws_rows)
            step = self.learn(self._gather(draw))
            self._keep_errors(draw, step.errors)
            self._follow()
            for name, value in step.figures.items():
                totals[name].append(value)
        return {name: sum(values) / len(values) for name, values in totals.items()}

    @property
    def _draws_rows(self) -> bool:
        """Whether whole fragments are drawn: networks with a memory need them, others learn from single decisions."""
        return bool(self.team_module.memory_width > 0)

    @property
    def _draw_size(self) -> int:
        size, members = int(self.configuration["minibatch_size"]), int(self.team_module.num_members)
        if self._draws_rows:
            return max(1, size // (members * int(self.configuration["fragment_length"])))
        return size if self.has_single_entries else max(1, size // members)

    def _gather(self, draw: Draw) -> ReplayBatch:
        arrays = {name: array[draw.rows] for name, array in self.buffer.arrays.items()}
        if draw.entries is not None:
            arrays = _single(arrays, draw.entries, self.has_single_entries)
        arrays["weights"] = draw.weights
        return ReplayBatch({name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()})

    def _keep_errors(self, draw: Draw, errors: Tensor) -> None:
        if self.buffer.exponent:
            found = errors.cpu().numpy().astype(np.float64)
            self.buffer.update(draw, found.reshape(len(found), -1) if draw.entries is None else found.mean(axis=(1, 2)))

    @torch.no_grad()
    def _follow(self) -> None:
        """Count the gradient step, and update the target networks every ``target_period`` steps."""
        module, rate = self.team_module, self.configuration["target_rate"]
        module.updates += 1
        if int(module.updates) % self.configuration["target_period"]:
            return
        for source, target in module.targets:
            for ours, theirs in zip(source.parameters(), target.parameters(), strict=True):
                theirs.lerp_(ours, rate)


def _single(arrays: Mapping[str, np.ndarray], entries: np.ndarray, is_member: bool) -> dict[str, np.ndarray]:
    """Return decisions of K fragments as fragments of one decision.

    Entries are indices over members and time (``is_member``), with time varying fastest, or over time alone.
    """
    rows, length = np.arange(len(entries)), arrays["mask"].shape[1]
    member, t = (entries // length, entries % length) if is_member else (None, entries)
    found = {}
    for name, array in arrays.items():
        if name in ("mask", "is_terminal"):
            found[name] = array[rows, t][:, np.newaxis]
        elif name == "state":
            found[name] = np.stack([array[rows, t], array[rows, t + 1]], axis=1)
        else:
            own = array if member is None else array[rows, member][:, np.newaxis]
            if name == "actor_memory":
                found[name] = own
            elif name == "obs":
                found[name] = np.stack([own[rows, :, t], own[rows, :, t + 1]], axis=2)
            else:
                found[name] = own[rows, :, t][:, :, np.newaxis]
    return found


def huber(errors: Tensor, clip: float) -> Tensor:
    """Return the Huber loss: half the squares of errors, and linear beyond ``clip``; a ``clip`` of 0 means no limit."""
    if not clip:
        return 0.5 * errors.square()
    return nn.functional.huber_loss(errors, torch.zeros_like(errors), reduction="none", delta=clip)
