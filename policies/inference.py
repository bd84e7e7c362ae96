"""Playing a checkpoint: all agents of all episodes in one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mate.batched.discrete import action_grid, decode
from mate.batched.poses import choose_relative_poses, execute_poses, turn_to_poses
from mate.batched.selections import execute_selections, visible_targets
from mate.communication import Messages
from mate.messages import Team
from policies import decoding, devices
from policies.checkpoint import Checkpoint
from policies.compatibility import dimensions_of, find_preset, problems
from policies.decoding import mask_outputs
from policies.errors import CheckpointError
from policies.graphs.graph import Graph, GraphMessages
from policies.graphs.network import GraphNetwork
from policies.networks import network_of
from policies.preprocessing import preprocess
from policies.recipe import Recipe
from policies.speaking import Channel


def messages_of(recipe: Recipe) -> GraphMessages | None:
    """Return what the members of a team with this network tell each other; None for one that is silent."""
    return recipe.architecture.messages if isinstance(recipe.architecture, Graph) else None


def is_for_teams(recipe: Recipe) -> bool:
    """Return whether a network decides for all members of a team together, so that it cannot play one of them alone."""
    return isinstance(recipe.architecture, Graph) and recipe.architecture.rows == "team"


class BatchedPolicy:
    """A checkpoint playing its team in ``size`` episodes of ``scenario``: a ``mate.agents.batched.BatchedAgent``.

    Every agent of an episode has its own recurrent state and draws its own random numbers, addressed by the episode's
    key, the agent and the number of the decision; so an episode's actions are the same bits whatever other episodes
    are played beside it, in whatever slot. The network decides on every ``frame_skip``-th frame of an episode. A team
    whose network speaks has ``messages`` (``mate.communication``) and is bound by the scenario's limits.

    Args:
        checkpoint: what to play.
        scenario: a ``mate.Scenario``.
        size: the number of slots, B.
        deterministic: play the greatest output instead of sampling; as the recipe says if None.
        members: indices of the team's agents to play, in the order of the observations' rows; all of them if None.
        device: the device class of the network, ``cpu`` or ``cuda``; that of the installation (``policies.devices``) if
            None.

    Raises CheckpointError if the scenario is not one that the checkpoint was trained for, DeviceError if this machine
    does not have the device.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        scenario: Any,
        size: int,
        deterministic: bool | None = None,
        members: Sequence[int] | None = None,
        device: str | None = None,
    ) -> None:
        recipe = checkpoint.recipe
        found = problems(recipe, scenario, recipe.team)
        if found:
            preset = find_preset(recipe)
            raise CheckpointError(
                f"checkpoint {checkpoint.digest[:12]} cannot play this scenario: {'; '.join(found)}"
                f"{f'; it can play {preset}' if preset else ''}"
            )
        self.recipe = recipe
        self.dimensions = dimensions_of(scenario)
        self.size = size
        team_size = self.dimensions.team_size(recipe.team)
        self.members = np.arange(team_size) if members is None else np.asarray(members)
        self.num_agents = len(self.members)
        self.is_deterministic = recipe.play == "deterministic" if deterministic is None else deterministic
        if is_for_teams(recipe) and self.num_agents != team_size:
            raise CheckpointError(
                f"checkpoint {checkpoint.digest[:12]} decides for a whole team at once; it cannot play single "
                f"members of it"
            )
        self.network = network_of(checkpoint, self.dimensions, device or devices.device_class())
        rows = (size, self.num_agents)
        self.memory = np.zeros((*rows, self.network.memory_size), np.float32)
        self.step = np.zeros(size, np.int64)
        self.keys = np.zeros(size, np.uint64)
        self.bounds = np.zeros((*rows, 2))
        self.held_actions = np.zeros((*rows, 2))
        self.selections = np.zeros((*rows, self.dimensions.targets), bool)
        self.choices = np.zeros(rows, np.int64)
        self.channel: Channel | None = None
        if (spoken := messages_of(recipe)) is not None:
            self.channel = Channel(spoken, scenario, recipe.team, size, self.num_agents, team_size)
        self._is_whole = members is None

    @property
    def messages(self) -> Messages | None:
        """What members sent each other; None for a network that is silent."""
        return None if self.channel is None else self.channel.messages

    def share_messages(self, messages: Messages) -> None:
        """Write into these messages, which are of the same batch and scenario, from now on."""
        assert self.channel is not None
        self.channel.share_messages(messages)

    def reset(self, slots: np.ndarray, keys: np.ndarray, observations: np.ndarray) -> None:
        """Begin episodes in ``slots`` (K,) with these keys (K,) uint64 and raw observations (B, N, D)."""
        slots = np.asarray(slots, np.int64)
        self.memory[slots] = 0.0
        self.step[slots] = 0
        self.keys[slots] = np.asarray(keys, np.uint64)
        self.bounds[slots] = decoding.action_bounds(self.recipe.team, observations[slots])
        self.held_actions[slots] = 0.0
        self.selections[slots] = False
        if self.channel is not None:
            self.channel.reset(slots, self.keys[slots])

    def act(self, observations: np.ndarray, actions: np.ndarray, active: np.ndarray) -> None:
        """Write the actions (B, N, 2) float64 of the active (B,) slots for raw observations (B, N, D)."""
        if self.channel is not None and self._is_whole:
            self.channel.begin_step(self.step, observations, active)
        deciding = np.flatnonzero(active & (self.step % self.recipe.frame_skip == 0))
        if deciding.size:
            self._decide(deciding, observations)
        self._execute(observations, actions, active)
        self.step[active] += 1

    def _execute(self, observations: np.ndarray, actions: np.ndarray, active: np.ndarray) -> None:
        """Write the actions that the newest decisions mean now."""
        match self.recipe.action.decoding:
            case "select-pose":
                execute_poses(observations, self.choices, active, actions)
            case "pose":
                turn_to_poses(observations, self.held_actions, active, actions)
            case "select-many" | "select-one" | "select-subset":
                execute_selections(observations, self.selections, active, actions)
            case _:
                actions[active] = self.held_actions[active]

    def infer(self, slots: np.ndarray, observations: np.ndarray) -> np.ndarray:
        """Outputs (K * N, A) of the network for ``slots`` (K,) of raw observations (B, N, D); advances the memory."""
        rows = np.ascontiguousarray(observations[slots], np.float64).reshape(slots.size * self.num_agents, -1)
        memory = self.memory[slots].reshape(len(rows), -1)
        inputs = preprocess(rows, self.recipe.team, self.dimensions, self.recipe.preprocessing)
        if self.channel is None:
            outputs = self.network.forward(inputs, memory)
        else:
            assert isinstance(self.network, GraphNetwork)
            speech = self.channel.listen(slots, self.step, observations)
            outputs = self.network.forward(inputs, memory, speech)
            self.channel.speak(slots, self.step, observations, speech)
        if self.recipe.action.masked:
            mask_outputs(self.recipe.action, outputs, visible_targets(rows, self.dimensions.targets))
        self.memory[slots] = memory.reshape(slots.size, self.num_agents, -1)
        return outputs

    def _decide(self, slots: np.ndarray, observations: np.ndarray) -> None:
        outputs = self.infer(slots, observations)
        shape = (slots.size, self.num_agents)
        keys = np.repeat(self.keys[slots], self.num_agents)
        agents = np.tile(self.members, slots.size)
        decisions = np.repeat(self.step[slots] // self.recipe.frame_skip, self.num_agents)
        if self.recipe.action.decoding == "direct":
            fractions = np.clip(outputs.astype(np.float64), -1.0, 1.0).reshape(*shape, 2)
            self.held_actions[slots] = fractions * self.bounds[slots]
            return
        if self.recipe.action.decoding == "box":
            chosen = np.empty((len(outputs), 2))
            bounds = self.bounds[slots].reshape(-1, 2)
            decoding.decode_box(outputs, bounds, self.is_deterministic, keys, agents, decisions, chosen)
            self.held_actions[slots] = chosen.reshape(*shape, 2)
            return
        choices = self._choose(outputs, keys, agents, decisions)
        if self.recipe.action.decoding == "levels":
            grid = action_grid(Team(self.recipe.team), self.recipe.action.levels)
            self.held_actions[slots] = decode(choices.reshape(shape), grid, self.bounds[slots])
        elif self.recipe.action.decoding == "pose":
            poses = np.empty((len(choices), 2))
            choose_relative_poses(
                observations[slots].reshape(len(choices), -1), choices[:, 0], self.recipe.action.levels, poses
            )
            self.held_actions[slots] = poses.reshape(*shape, 2)
        elif self.recipe.action.decoding == "select-pose":
            self.choices[slots] = choices.reshape(shape)
        else:
            selections = decoding.selections_of(self.recipe.action.decoding, self.dimensions.targets, choices)
            self.selections[slots] = selections.reshape(*shape, -1)

    def _choose(self, outputs: np.ndarray, keys: np.ndarray, agents: np.ndarray, decisions: np.ndarray) -> np.ndarray:
        action = self.recipe.action
        width = 2 if action.decoding == "select-many" else outputs.shape[1]
        choices = np.empty((len(outputs), outputs.shape[1] // width), np.int64)
        if self.is_deterministic:
            decoding.choose_best(outputs, width, choices)
        elif action.outputs == "logits":
            decoding.choose_by_logits(outputs, width, keys, agents, decisions, choices)
        else:
            decoding.choose_by_values(outputs, action.epsilon, keys, agents, decisions, choices)
        return choices
