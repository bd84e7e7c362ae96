"""Sampling for a replay buffer: fragments without advantages, but with the observations and states that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mate.batched.selections import selection_table
from mate.episodes import AgentFactory
from policies import decoding
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.sampling import Sampler


class ReplaySampler(Sampler):
    """Plays with a module that has action values or continuous actions.

    ``exploration`` is the fraction of random choices, or the standard deviation of the action noise as a fraction of
    the largest action.

    In addition to the columns of an ``Experience``, its fragments have ``rewards`` (R, N, T), ``is_terminal`` (R, T),
    and the observations ``obs_after`` (R, N, D) and states ``state_after`` (R, S) after the last decision.
    """

    def __init__(
        self, configuration: TrainingConfiguration, module: Any, opponents: AgentFactory, slots: range
    ) -> None:
        super().__init__(configuration, module, opponents, slots)
        self.exploration = 1.0

    def sample(self) -> Experience:
        """Return the next fragment of every slot."""
        self._begin(np.flatnonzero(self._is_over))
        rows = self._play_fragment()
        has_delivered_all = ~self.play.batch.awaiting_cargo_counts.any(axis=1)
        columns = {"obs": rows["obs"][:-1], "actions": rows["actions"], "rewards": rows["rewards"]}
        arrays = {name: np.ascontiguousarray(np.moveaxis(array, 0, 2)) for name, array in columns.items()}
        arrays["obs_after"], arrays["state_after"] = rows["obs"][-1], rows["state"][-1]
        arrays["state"] = np.ascontiguousarray(rows["state"][:-1].transpose(1, 0, 2))
        arrays["mask"] = np.ascontiguousarray(rows["mask"].T)
        arrays["is_terminal"] = np.ascontiguousarray((rows["is_done"] & has_delivered_all).T)
        arrays["actor_memory"] = rows["actor_memory"]
        experience = Experience(arrays, self._steps)
        experience.finished = self._finish(rows["is_done"].any(axis=0))
        return experience

    @torch.inference_mode()
    def _decide(self) -> tuple[np.ndarray, np.ndarray]:
        outputs, after = self._act()
        self._actor_memory = after
        size, members = self.play.batch.size, self.play.num_members
        keys, decisions = np.repeat(self._keys, members), np.repeat(self._decisions, members)
        agents, flat = np.tile(np.arange(members), size), outputs.reshape(size * members, -1)
        if self.module.recipe.action.decoding == "box":
            flat = np.concatenate([flat[:, :2], np.full_like(flat[:, 2:], np.log(max(self.exploration, 1e-9)))], axis=1)
            actions = np.empty((len(flat), 2))
            decoding.decode_box(flat, np.ones((len(flat), 2)), False, keys, agents, decisions, actions)
            return outputs, actions.reshape(size, members, 2)
        choices = np.empty((size * members, 1), np.int64)
        decoding.choose_by_values(flat, self.exploration, keys, agents, decisions, choices)
        return outputs, choices.reshape(size, members, 1)

    def _to_choices(self, actions: np.ndarray) -> np.ndarray:
        if self.module.recipe.action.decoding == "select-subset":
            selected: np.ndarray = selection_table("subset", self.scenario.num_targets)[actions[..., 0]]
            return selected
        return super()._to_choices(actions)
