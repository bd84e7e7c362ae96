"""Messages of one time step: who sent how many to whom, what waits to be received, and what was sent."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable

import numpy as np

from mate.messages import Message, Team

__all__ = ["Mailbox"]


class Mailbox:
    """The messages of one team.

    ``queue`` maps a recipient to what it has not received yet, ``buffer`` to everything sent to it since the last step.
    ``edges`` (N, N) counts the messages from row to column of this step, ``total_edges`` those of the episode's past
    steps.
    """

    def __init__(self, team: Team, num_members: int) -> None:
        self.team = team
        self.num_members = num_members
        self.clear()

    def clear(self) -> None:
        """Begin an episode."""
        self.total_edges = np.zeros((self.num_members, self.num_members), np.int64)
        self._begin_step()

    def _begin_step(self) -> None:
        self.edges = np.zeros((self.num_members, self.num_members), np.int64)
        self.is_idle = True  # Nothing was sent in this step, as in most.
        self.queue: dict[int, deque[Message]] = {index: deque() for index in range(self.num_members)}
        self.buffer: dict[int, list[Message]] = {index: [] for index in range(self.num_members)}

    def end_step(self) -> None:
        """Count the messages of this step and forget them."""
        if not self.is_idle:
            self.total_edges += self.edges
            self._begin_step()

    def expand(self, message: Message) -> list[Message]:
        """The message itself, or one copy for each member, the sender included, if it is a broadcast (Q39).

        Raises IndexError for a sender or recipient that is no member of the team.
        """
        for role, index in (("sender", message.sender), ("recipient", message.recipient)):
            if index is not None and not 0 <= index < self.num_members:
                raise IndexError(
                    f"the {role} {index} of a message is no {self.team.name.lower()}: there are {self.num_members}"
                )
        if message.recipient is not None:
            return [message]
        return [
            Message(message.sender, recipient, copy.deepcopy(message.content), message.team, broadcasting=True)
            for recipient in range(self.num_members)
        ]

    def post(self, messages: Iterable[Message]) -> None:
        """Deliver messages that each have a recipient."""
        for message in messages:
            assert message.recipient is not None
            self.queue[message.recipient].append(message)
            self.buffer[message.recipient].append(message)
            self.edges[message.sender, message.recipient] += 1
            self.is_idle = False

    def collect(self, index: int) -> list[Message]:
        """Return the messages that wait for a member, and remove them."""
        queue = self.queue[index]
        if not queue:
            return []
        messages = list(queue)
        queue.clear()
        return messages

    def degrees(self) -> tuple[list[int], list[int]]:
        """Return how many messages each member sent in this step, and how many it received."""
        if self.is_idle:
            return [0] * self.num_members, [0] * self.num_members
        rows = self.edges.tolist()
        return [sum(row) for row in rows], [sum(column) for column in zip(*rows, strict=True)]
