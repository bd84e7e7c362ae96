"""Checkpoints as agents: classes that play one member of a team, and the entry point of ``python -m mate.evaluate``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mate.agents.base import AgentBase, CameraAgentBase, TargetAgentBase
from mate.messages import Message
from policies.checkpoint import Checkpoint
from policies.compatibility import find_preset, problems
from policies.errors import CheckpointError
from policies.importing import ImportRefused, read
from policies.inference import BatchedPolicy

__all__ = ["CheckpointCameraAgent", "CheckpointTargetAgent", "open_checkpoint"]

_MAX_KEY = 2**63
_MOST_SHOWN = 5


def open_checkpoint(path: str | os.PathLike[str], team: str) -> Checkpoint:
    """Return the only checkpoint for ``team`` at a path.

    The path leads to a native or importable checkpoint, to a trial's folder, or to an archive of these. Raises
    CheckpointError if there is none or more than one, OSError if the file cannot be read.
    """
    shown = os.fspath(path)
    try:
        found = read(path).agents
    except ImportRefused as refusal:
        raise CheckpointError(f"{shown}: {refusal}") from None
    playing = [agent for agent in found if agent.team == team]
    if not playing:
        raise CheckpointError(f"{shown} was trained as a {found[0].team} agent; {team} was asked for")
    if len(playing) > 1:
        sources = ", ".join(agent.source for agent in playing[:_MOST_SHOWN])
        raise CheckpointError(
            f"{shown} has {len(playing)} {team} agents ({sources}{', ...' if len(playing) > _MOST_SHOWN else ''}); "
            f"give the path of "
            "one of them, or write them out one by one with `python -m policies.importing PATH --output FOLDER` "
            "and choose"
        )
    return playing[0].checkpoint


@dataclass(frozen=True)
class _Factory:
    """Builds the team that plays a checkpoint; can be pickled for other processes."""

    path: str
    checkpoint: Checkpoint
    deterministic: bool | None

    def __call__(self, scenario: Any, size: int) -> BatchedPolicy:
        recipe = self.checkpoint.recipe
        found = problems(recipe, scenario, recipe.team)
        if found:
            preset = find_preset(recipe)
            option = f"--config {preset}" if preset else f"with --config a scenario of {recipe.scenario}"
            raise CheckpointError(f"{self.path} cannot play {scenario.name}: {'; '.join(found)}. Give {option}.")
        return BatchedPolicy(self.checkpoint, scenario, size, self.deterministic)


def load_agent(path: str, team: str, deterministic: bool | None = None) -> _Factory:
    """Return a function of (scenario, number of episodes) that builds ``team`` from the checkpoint at ``path``.

    This is the entry point ``mate.agent_loaders``. If ``deterministic`` is None, the checkpoint's recipe decides.
    Raises CheckpointError if the file is no checkpoint or belongs to the other team. The function raises it if the
    checkpoint was not trained for the scenario.
    """
    try:
        return _Factory(path, open_checkpoint(path, team), deterministic)
    except OSError as error:
        raise CheckpointError(f"{error.filename or path} cannot be read ({error.strerror}). Check it.") from None


@dataclass(frozen=True)
class _Sizes:
    """The dimensions of a scenario, as given in an observation's header."""

    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str = "none"


class _CheckpointAgent(AgentBase):
    """Plays one agent of a team with a checkpoint.

    Args:
        checkpoint: a checkpoint, or the path of a file with one.
        seed: seed of the agent's random stream; fresh entropy if None.
        deterministic: whether to choose the greatest output, unless ``act`` is told; the recipe decides if None.

    ``reset`` raises CheckpointError if the checkpoint was not trained for the scenario.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | str | os.PathLike[str],
        seed: int | None = None,
        deterministic: bool | None = None,
    ) -> None:
        team = self.TEAM.name.lower()
        self.checkpoint = checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(checkpoint, team)
        if self.checkpoint.recipe.team != team:
            raise CheckpointError(f"a {self.checkpoint.recipe.team} checkpoint cannot play as a {team}")
        is_deterministic = self.checkpoint.recipe.play == "deterministic"
        self.deterministic = is_deterministic if deterministic is None else deterministic
        self.policy: BatchedPolicy | None = None
        super().__init__(seed)

    def reset(self, observation: np.ndarray) -> None:
        """Begin an episode with its first observation (D,)."""
        super().reset(observation)
        sizes = _Sizes(self.num_cameras, self.num_targets, self.num_obstacles)
        self.policy = BatchedPolicy(self.checkpoint, sizes, 1, members=[self.index])
        key = np.array([self.np_random.integers(_MAX_KEY)], np.uint64)
        self.policy.reset(np.array([0]), key, np.asarray(observation, np.float64)[np.newaxis, np.newaxis])

    def send_requests(self) -> Iterable[Message]:
        """Return the message of the last decision, if the network sends messages."""
        assert self.policy is not None, "send_requests is called after reset"
        said = None if self.policy.channel is None else self.policy.channel.take_said(self.index)
        if said is None:
            return ()
        message, recipients = said
        return [self.pack_message({"message": message}, recipient) for recipient in recipients]

    def receive_requests(self, messages: Iterable[Message]) -> None:
        """Store the messages of teammates for the next decision."""
        super().receive_requests(messages)
        assert self.policy is not None, "receive_requests is called after reset"
        if self.policy.channel is not None:
            for message in self.last_requests:
                self.policy.channel.hear(message.sender, message["message"])

    def act(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> np.ndarray:
        """Return the action (2,) of this step."""
        assert self.policy is not None, "act is called after reset"
        self.state, observation, info, _ = self.check_inputs(observation, info)
        self.policy.is_deterministic = self.deterministic if deterministic is None else deterministic
        self.policy.step[0] = self.episode_step
        action = np.empty((1, 1, 2))
        self.policy.act(np.ascontiguousarray(observation)[np.newaxis, np.newaxis], action, np.array([True]))
        own: np.ndarray = action[0, 0]
        return own


class CheckpointCameraAgent(_CheckpointAgent, CameraAgentBase):
    """Plays one camera with a checkpoint; arguments ``checkpoint`` (or its path), ``seed``, ``deterministic``."""


class CheckpointTargetAgent(_CheckpointAgent, TargetAgentBase):
    """Plays one target with a checkpoint; arguments ``checkpoint`` (or its path), ``seed``, ``deterministic``."""
