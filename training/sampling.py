"""Sampling of experience: the trained team plays many episodes in lockstep, each against its own opponent.

Every random number depends only on the run's seed, the slot and the number of the episode in it. For a given policy, a
slot's episodes are therefore the same however slots are distributed over processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from mate import streams
from mate.batched.team_play import TeamPlay
from mate.episodes import AgentFactory
from mate.scenario import Scenario
from mate.streams import TEAM, derive
from policies import decoding
from training.advantages import estimate
from training.configuration import TrainingConfiguration
from training.critic_inputs import StateScaling
from training.experience import Experience, Finished
from training.heads import Head
from training.recipes import layers_of, team_of

EPISODES = 0x4000
"""Word for ``derive``: the seeds of training episodes."""
FIRST_HORIZON = streams.PLAY + 0x20
"""Purpose of the draw that truncates a slot's first episode, so that the slots are in different phases of the game."""


class Sampler:
    """Plays the episodes of ``slots`` in a scenario with a module's actor, one fragment at a time.

    The module acts in this scenario, such as a ``training.modules.ScenarioModule``.

    An episode always begins at the start of a fragment. The rest of a fragment in which an episode ends stays empty.
    Recurrent networks then need no resets within a fragment, at the cost of a few per cent of the decisions.
    """

    def __init__(
        self,
        configuration: TrainingConfiguration,
        module: Any,
        opponents: AgentFactory,
        slots: Sequence[int],
        scenario: Scenario | None = None,
    ) -> None:
        self.configuration = configuration
        self.module = module
        self.slots = np.array(slots, np.int64)
        self.team = team_of(configuration)
        self.scenario = configuration.in_training(scenario or configuration.scenario)
        size = len(slots)
        layers = layers_of(configuration)
        self.play = TeamPlay(self.scenario, self.team, opponents, size, layers, np.float32, has_figures=False)
        self.scale_state = StateScaling(self.scenario)
        self.episodes = np.zeros(size, np.int64)
        """Number of episodes that each slot has begun."""
        self._limits = np.array([self._first_horizon(slot) for slot in slots])
        self._is_over = np.ones(size, np.bool_)
        self._decisions = np.zeros(size, np.int64)
        self._rewards = np.zeros(size)
        self._keys = np.zeros(size, np.uint64)
        self._actor_memory = np.zeros((size, self.play.num_members, module.memory_width), np.float32)
        self._critic_memory = np.zeros((size, module.num_critics, module.critic_memory_width), np.float32)

    def _first_horizon(self, slot: int) -> int:
        share = streams.uniform(np.uint64(self.configuration.seed), FIRST_HORIZON, slot, 0)
        return 1 + int(share * self.configuration["horizon"])

    def sample(self) -> Experience:
        """Return the next fragment of every slot."""
        self._begin(np.flatnonzero(self._is_over))
        rows = self._play_fragment()
        values, after = self._estimate_values(rows["obs"], rows["state"])
        experience = self._write(rows, values)
        experience.finished = self._finish(rows["is_done"].any(axis=0))
        self._critic_memory = after
        return experience

    def _begin(self, slots: np.ndarray) -> None:
        if not slots.size:
            return
        words = zip(self.slots[slots].tolist(), self.episodes[slots].tolist(), strict=True)
        seeds = [derive(self.configuration.seed, EPISODES, *word) for word in words]
        self.play.begin(slots, np.array(seeds, np.uint64))
        self._keys[slots] = [derive(seed, TEAM, self.team.value) for seed in seeds]
        self._limits[slots[self.episodes[slots] > 0]] = self.configuration["horizon"]
        self.episodes[slots] += 1
        for array in (self._decisions, self._rewards, self._actor_memory, self._critic_memory):
            array[slots] = 0
        self._is_over[slots] = False

    def _play_fragment(self) -> dict[str, np.ndarray]:
        """Play a fragment; return arrays (T, B, ...), time first, with one more row of observations and states."""
        length, batch = self.configuration["fragment_length"], self.play.batch
        shape = (length, batch.size, self.play.num_members)
        parts, action = self._num_parts(), self.module.recipe.action
        rows: dict[str, np.ndarray] = {
            "obs": np.zeros((length + 1, *self.play.observation.shape), np.float32),
            "state": np.zeros((length + 1, batch.size, self.scenario.state_dim), np.float32),
            "logits": np.zeros((*shape, action.output_size(self.scenario.num_targets)), np.float32),
            "actions": np.zeros((*shape, parts), np.float32 if action.decoding == "box" else np.int64),
            "rewards": np.zeros(shape, np.float32),
            "mask": np.zeros(shape[:2], np.bool_),
            "is_done": np.zeros(shape[:2], np.bool_),
            "actor_memory": self._actor_memory.copy(),
        }
        active, self._steps = ~self._is_over, 0
        for t in range(length):
            self._look(rows, t)
            rows["mask"][t] = active
            rows["logits"][t], rows["actions"][t] = self._decide()
            before = batch.episode_step.copy()
            rewards, _ = self.play.step(self._to_choices(rows["actions"][t]), active)
            self._steps += int((batch.episode_step - before).sum())
            rows["rewards"][t] = rewards * self.configuration["reward_scale"]
            self._rewards += rewards.mean(axis=1)
            self._decisions += active
            rows["is_done"][t] = active & batch.done
            active = active & ~batch.done
        self._look(rows, length)
        return rows

    def _to_choices(self, actions: np.ndarray) -> np.ndarray:
        """Convert decisions (B, N, P) into the choices that ``TeamPlay`` expects."""
        if self.module.recipe.action.decoding == "box":
            scaled: np.ndarray = np.clip(actions, -1.0, 1.0) * self.play.bounds
            return scaled
        return actions if actions.shape[-1] > 1 else actions[..., 0]

    def _num_parts(self) -> int:
        action = self.module.recipe.action
        return 2 if action.decoding == "box" else action.num_choices(self.scenario.num_targets)

    def _look(self, rows: dict[str, np.ndarray], t: int) -> None:
        rows["obs"][t] = self.play.observation
        if self.module.has_central_critic:
            rows["state"][t] = self.scale_state(self.play.batch.state())

    @torch.inference_mode()
    def _act(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the actor's outputs (B, N, A), and its next memory (B, N, W)."""
        size, members = self.play.batch.size, self.play.num_members
        observations = torch.from_numpy(self.play.observation.reshape(size * members, -1))
        memory = torch.from_numpy(self._actor_memory.reshape(size * members, -1))
        outputs, after = self.module.act(observations, memory)
        return outputs.numpy().reshape(size, members, -1), after.numpy().reshape(self._actor_memory.shape)

    def _decide(self) -> tuple[np.ndarray, np.ndarray]:
        """Return logits (B, N, A) and decisions (B, N, P), drawn as ``policies.inference`` draws them for this seed."""
        size, members = self.play.batch.size, self.play.num_members
        outputs, self._actor_memory = self._act()
        logits, parts = outputs.reshape(size * members, -1), self._num_parts()
        keys, decisions = np.repeat(self._keys, members), np.repeat(self._decisions, members)
        agents = np.tile(np.arange(members), size)
        if self.module.recipe.action.decoding == "box":
            choices = decoding.draw_box(logits, keys, agents, decisions)
        else:
            choices = np.empty((len(logits), parts), np.int64)
            decoding.choose_by_logits(logits, logits.shape[1] // parts, keys, agents, decisions, choices)
        return logits.reshape(size, members, -1), choices.reshape(size, members, parts)

    @torch.inference_mode()
    def _estimate_values(self, obs: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values (T + 1, B, N), and the critic's memory after T decisions."""
        batch = {
            "obs": torch.from_numpy(np.ascontiguousarray(obs.transpose(1, 2, 0, 3))),
            "state": torch.from_numpy(np.ascontiguousarray(state.transpose(1, 0, 2))),
            "critic_memory": torch.from_numpy(self._critic_memory),
        }
        until = {"obs": batch["obs"][:, :, :-1], "state": batch["state"][:, :-1]}
        values, memory = self.module.values(batch | until)
        last = {"obs": batch["obs"][:, :, -1:], "state": batch["state"][:, -1:], "critic_memory": memory}
        following, _ = self.module.values(last)
        return torch.cat([values, following], dim=2).permute(2, 0, 1).numpy(), memory.numpy().copy()

    def _write(self, rows: dict[str, np.ndarray], values: np.ndarray) -> Experience:
        """Return the experience with advantages and value targets; time becomes the last of the leading axes."""
        is_done, setting = rows["is_done"], self.configuration
        has_delivered_all = ~self.play.batch.awaiting_cargo_counts.any(axis=1)
        is_terminal = (is_done & has_delivered_all)[..., np.newaxis]
        is_last = is_done.copy()
        is_last[-1] = True
        advantages = estimate(
            rows["rewards"], values, is_terminal, is_last[..., np.newaxis], setting["gamma"], setting["gae_lambda"]
        )
        columns = {
            "obs": rows["obs"][:-1],
            "actions": rows["actions"],
            "logits": rows["logits"],
            "log_probability": self._log_probability(rows),
            "advantages": advantages,
            "value_targets": advantages + values[:-1],
        }
        arrays = {name: np.ascontiguousarray(np.moveaxis(array, 0, 2)) for name, array in columns.items()}
        arrays["mask"] = np.ascontiguousarray(rows["mask"].T)
        arrays["state"] = np.ascontiguousarray(rows["state"][:-1].transpose(1, 0, 2))
        arrays["actor_memory"], arrays["critic_memory"] = rows["actor_memory"], self._critic_memory
        return Experience(arrays, self._steps)

    @torch.inference_mode()
    def _log_probability(self, rows: dict[str, np.ndarray]) -> np.ndarray:
        head = Head(self.module.recipe.action)
        return head.log_probability(torch.from_numpy(rows["logits"]), torch.from_numpy(rows["actions"])).numpy()

    def _finish(self, is_done: Any) -> Finished:
        """Mark the slots whose episode has ended or is truncated, and return the sums over these episodes."""
        batch = self.play.batch
        self._is_over = is_done | (self._decisions >= self._limits)
        over, complete = np.flatnonzero(self._is_over), np.flatnonzero(is_done)
        steps = np.maximum(batch.episode_step[over], 1)
        return Finished(
            episodes=over.size,
            complete=complete.size,
            reward=float(self._rewards[over].sum()),
            normalised_reward=float(
                batch.target_team_episode_reward[complete].sum() / self.scenario.max_target_team_episode_reward
            ),
            coverage=float((batch.coverage_rate_sum[over] / steps).sum()),
            transport=float(batch.mean_transport_rate[over].sum()),
        )
