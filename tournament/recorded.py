"""Recorded actions of remote agents, from which their episodes are replayed, since a seed does not reproduce them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mate.communication import Messages, clear_messages, new_messages
from mate.errors import UserError

if TYPE_CHECKING:
    from mate.scenario import Scenario


class ActionsMissing(UserError):
    """An episode of a remote agent without its actions."""


def file_name(pairing: int, seed: int, team: str) -> str:
    """Return the name, in the portal's storage, of the file with a team's actions in one episode."""
    return f"remote/{pairing}/{seed}-{team}.npz"


@dataclass
class ActionLog:
    """What a remote team did in one episode: actions (S, N, 2) float32, kinds of messages (S, N, N) uint8."""

    actions: list[NDArray[Any]] = field(default_factory=list)
    kinds: list[NDArray[Any]] = field(default_factory=list)

    def add(self, actions: NDArray[np.float64], kinds: NDArray[np.uint8]) -> None:
        """Record a step."""
        self.actions.append(actions.astype(np.float32))
        self.kinds.append(kinds.copy())

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, actions=np.stack(self.actions), kinds=np.stack(self.kinds))
        return buffer.getvalue()


class RecordedTeam:
    """A team that repeats recorded actions in one episode: a `mate.agents.batched.BatchedAgent` of size 1.

    Raises ActionsMissing if the file is missing, or ends before the episode does.
    """

    def __init__(self, path: str, team: str, scenario: Scenario) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                self.actions, self.kinds = file["actions"], file["kinds"]
        except (OSError, ValueError, KeyError):
            raise ActionsMissing(
                "The actions of the remote agent in this episode are no longer in the portal's files."
            ) from None
        size = scenario.num_cameras if team == "camera" else scenario.num_targets
        self.messages: Messages = new_messages(1, size)
        self.step = 0

    def reset(self, slots: Any, keys: Any, observations: Any) -> None:
        """Begin the episode."""
        clear_messages(self.messages, np.asarray(slots, np.int64))
        self.step = 0

    def act(self, observations: Any, actions: Any, active: Any) -> None:
        """Write the recorded actions of the step."""
        if self.step >= len(self.actions):
            raise ActionsMissing(f"The actions of the remote agent end after {self.step} steps.")
        actions[0], kinds = self.actions[self.step], self.kinds[self.step]
        self.messages.kinds[0] = kinds
        self.messages.edges[0] += kinds > 0
        self.step += 1
