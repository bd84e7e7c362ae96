"""What teams of agents over a batch have in common: their protocol, and the keys and clocks of their episodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mate.borrowing import hold
from mate.communication import Messages, clear_messages, limits_of, new_messages
from mate.compilation import part
from mate.constants import (
    CAMERA_STATE_DIM_PRIVATE,
    OBSERVATION_OFFSET,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
)
from mate.depth import Depth
from mate.messages import Team
from mate.streams import derive_one

if TYPE_CHECKING:
    from mate.scenario import Scenario

# Where a raw observation row holds what: the own private state, then the opponents' records, each with a flag at its
# end.
OWN = OBSERVATION_OFFSET
CAMERA_OWN_END = OWN + CAMERA_STATE_DIM_PRIVATE
TARGET_OWN_END = OWN + TARGET_STATE_DIM_PRIVATE
TARGET_RECORD = TARGET_STATE_DIM_PUBLIC + 1  # length of a target's record in a camera's observation
CAMERA_RECORD = 7  # length of a camera's record in a target's observation


class BatchedAgent(Protocol):
    """A team of agents in each of B episodes; N is the number of team members, D the length of an observation.

    Arrays are C-contiguous; observations are float64 and raw (absolute coordinates, not rescaled). A team that can
    speak also has ``messages`` (``mate.communication.Messages``): what arrived in the last ``act``, and the counts
    since the reset. ``share_messages`` lets several teams of the same batch write into the same. A team that does not
    read all of an observation says so by ``depth`` (``mate.depth.Depth``).
    """

    def reset(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], observations: NDArray[np.float64]) -> None:
        """Begin new episodes in the (K,) ``slots``, whose draws are decided by the (K,) team ``keys``.

        ``observations`` (B, N, D) are those of all slots; only those of the given slots are read.
        """

    def act(self, observations: NDArray[np.float64], actions: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Write the (B, N, 2) ``actions`` of the slots that are ``active`` (B,); leave the others alone."""


class Clock(NamedTuple):
    """Keys and step counters of the episodes in a batch."""

    key: NDArray[np.uint64]  # (B, N): each agent's key, derived from its team's
    step: NDArray[np.int64]  # (B,): decisions made since the reset


def new_clock(size: int, num_agents: int) -> Clock:
    """Keys and step counters of ``size`` episodes."""
    return Clock(np.zeros((size, num_agents), np.uint64), np.zeros(size, np.int64))


@part
def begin_episode(clock, slot, team_key):
    """Give the agents of a slot their keys (those of ``mate.agents.draws.agent_key``), and set its clock to zero."""
    clock.step[slot] = 0
    for agent in range(clock.key.shape[1]):
        clock.key[slot, agent] = derive_one(team_key, agent)


class RuleBasedTeam:
    """Base of the rule-based teams: a subclass allocates its memory and names its two kernels.

    ``_begin(memory, slots, keys, observations)`` starts episodes, ``_play(held, observations, actions, active)`` makes
    one decision of every agent: ``held.values`` are the memory, then the messages and their limits of a team that
    speaks (which calls ``_speak`` in its constructor), then the rules.
    """

    memory: Any
    rules: tuple[Any, ...] = ()
    messages: Messages | None = None
    speech: tuple[Any, ...] = ()
    depth = Depth.OWN
    _held: Any = None

    def __init__(self, team: str, scenario: Scenario, size: int) -> None:
        self.team = team
        self.size = size
        self.num_agents = scenario.num_cameras if team == Team.CAMERA else scenario.num_targets
        self.num_opponents = scenario.num_targets if team == Team.CAMERA else scenario.num_cameras

    def reset(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], observations: NDArray[np.float64]) -> None:
        """Begin new episodes in ``slots``."""
        slots, keys = np.asarray(slots, np.int64), np.asarray(keys, np.uint64)
        if self.messages is not None:
            clear_messages(self.messages, slots)
        type(self)._begin(self.memory, slots, keys, observations)

    def act(self, observations: NDArray[np.float64], actions: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Write the actions of the active slots."""
        if self._held is None:
            self._held = hold((self.memory, *self.speech, *self.rules))
        type(self)._play(self._held, observations, actions, active)

    def _speak(self, scenario: Scenario) -> None:
        self.limits = limits_of(scenario, self.team)
        self.share_messages(new_messages(self.size, self.num_agents, scenario.communication_delay))

    def share_messages(self, messages: Messages) -> None:
        """Write into these messages, which are of the same batch and scenario, from now on."""
        self.messages = messages
        self.speech, self._held = (messages, self.limits), None

    _begin: Any
    _play: Any
