"""What the members of a team of networks tell each other, in all episodes of a batch.

A message of a decision is sent in the next step, as an agent object sends it with its requests, and is read at the next
decision. Members who exchange what they know inside a decision do so in its own step. Both go through the scenario's
limits (``mate.communication``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import OWN
from mate.communication import (
    OTHER,
    MessageLimits,
    Messages,
    begin_messages,
    clear_messages,
    is_allowed,
    limits_of,
    new_messages,
    send,
)
from mate.compilation import kernel
from mate.streams import derive_one
from policies.graphs.graph import GraphMessages
from policies.graphs.network import Speech, new_speech

_FREE = MessageLimits(False, False, np.inf, 0.0)


@kernel
def _derive_keys(team_keys, slots, keys):
    for n in range(len(slots)):
        for member in range(keys.shape[1]):
            keys[slots[n], member] = derive_one(team_keys[n], member)


@kernel
def _send_all(messages, limits, keys, step, rows, slot, recipients, heard):
    """Send to all recipients (N, N) of one episode; mark in ``heard`` (N, N), row by column, who hears it now."""
    for sender in range(len(recipients)):
        for recipient in range(len(recipients)):
            if sender == recipient or not recipients[sender, recipient]:
                continue
            dx, dy = rows[recipient, OWN] - rows[sender, OWN], rows[recipient, OWN + 1] - rows[sender, OWN + 1]
            key = keys[slot, sender]
            if send(messages, limits, slot, key, step[slot], sender, recipient, dx, dy, OTHER):
                heard[recipient, sender] = 1.0


@kernel
def _exchange(messages, limits, keys, step, observations, active, said, has_said, recipients, archive, inbox, heard):
    """Begin a step: let late messages arrive, and send what was said in the last one."""
    delay, count = messages.pending.shape[1], recipients.shape[1]
    for slot in range(len(active)):
        if not active[slot]:
            continue
        begin_messages(messages, slot, step[slot])
        place = step[slot] % max(delay, 1)
        if delay > 0 and not messages.is_quiet[slot]:
            for sender in range(count):
                for recipient in range(count):
                    if messages.kinds[slot, sender, recipient] & OTHER != 0:
                        inbox[slot, recipient, sender], heard[slot, recipient, sender] = (
                            archive[slot, place, sender],
                            1.0,
                        )
        if not has_said[slot]:
            continue
        has_said[slot] = False
        now = np.zeros((count, count))
        _send_all(messages, limits, keys, step, observations[slot], slot, recipients[slot], now)
        for sender in range(count):
            archive[slot, place, sender] = said[slot, sender]
            for recipient in range(count):
                if sender == recipient or now[recipient, sender] != 0.0:
                    inbox[slot, recipient, sender] = said[slot, sender]
                    heard[slot, recipient, sender] = 1.0


@kernel
def _find_links(limits, delay, keys, step, observations, slots, links):
    """Write into ``links`` (K, N, N) whether a message from row to column would arrive at once."""
    for n in range(len(slots)):
        slot = slots[n]
        rows = observations[slot]
        for sender in range(links.shape[1]):
            for recipient in range(links.shape[1]):
                dx, dy = rows[recipient, OWN] - rows[sender, OWN], rows[recipient, OWN + 1] - rows[sender, OWN + 1]
                passes = delay == 0 and is_allowed(limits, keys[slot, sender], step[slot], recipient, dx, dy)
                links[n, sender, recipient] = 1.0 if passes or sender == recipient else 0.0


@kernel
def _tell(messages, limits, keys, step, observations, slots, recipients):
    """Count what members of the ``slots`` (K,) told each other inside a decision."""
    unused = np.zeros(recipients.shape[1:])
    for n in range(len(slots)):
        slot = slots[n]
        _send_all(messages, limits, keys, step, observations[slot], slot, recipients[n], unused)


class Channel:
    """The messages of a team of N members in B episodes, of ``size`` numbers each.

    ``rows`` is the number of members that are played: N, or 1 for an agent object, whose messages its environment
    carries (``take_said``, ``hear``).
    """

    def __init__(self, spoken: GraphMessages, scenario: Any, team: str, size: int, rows: int, members: int) -> None:
        self.spoken = spoken
        is_whole = rows == members and hasattr(scenario, "message_dropout")
        self.limits = limits_of(scenario, team) if is_whole else _FREE
        self.delay = scenario.communication_delay if is_whole else 0
        self.messages = new_messages(size, members, self.delay)
        self.keys = np.zeros((size, members), np.uint64)
        self.inbox = np.zeros((size, rows, members, spoken.size), np.float32)
        self.heard = np.zeros((size, rows, members), np.float32)
        self.said = np.zeros((size, rows, spoken.size), np.float32)
        self.has_said = np.zeros(size, np.bool_)
        self.recipients = np.zeros((size, rows, members), np.bool_)
        self.archive = np.zeros((size, max(self.delay, 1), rows, spoken.size), np.float32)

    def reset(self, slots: NDArray[np.int64], team_keys: NDArray[np.uint64]) -> None:
        """Begin episodes in ``slots`` (K,) with these keys of their teams (K,)."""
        clear_messages(self.messages, slots)
        _derive_keys(np.asarray(team_keys, np.uint64), slots, self.keys)
        self.inbox[slots], self.heard[slots], self.has_said[slots] = 0.0, 0.0, False

    def share_messages(self, messages: Messages) -> None:
        """Count in these messages, which are of the same batch and scenario, from now on."""
        self.messages = messages

    def begin_step(self, step: NDArray[np.int64], observations: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Deliver what arrives in this step (B,) of the active slots (B,); observations are raw (B, N, D)."""
        _exchange(
            self.messages,
            self.limits,
            self.keys,
            step,
            observations,
            active,
            self.said,
            self.has_said,
            self.recipients,
            self.archive,
            self.inbox,
            self.heard,
        )

    def listen(self, slots: NDArray[np.int64], step: NDArray[np.int64], observations: NDArray[np.float64]) -> Speech:
        """Return what the members in ``slots`` (K,) have heard since their last decision, (K * rows, ...)."""
        _, rows, members, size = self.inbox.shape
        speech = new_speech(slots.size * rows, members, size)
        speech.messages[:] = self.inbox[slots].reshape(speech.messages.shape)
        speech.heard[:] = self.heard[slots].reshape(speech.heard.shape)
        if rows == members and (self.limits.is_limited or self.delay):
            links = np.empty((slots.size, members, members), np.float32)
            _find_links(self.limits, self.delay, self.keys, step, observations, slots, links)
            speech.links[:] = links.reshape(speech.links.shape)
        return speech

    def speak(
        self, slots: NDArray[np.int64], step: NDArray[np.int64], observations: NDArray[np.float64], speech: Speech
    ) -> None:
        """Take what the members said at a decision."""
        self.inbox[slots], self.heard[slots] = 0.0, 0.0
        recipients = speech.recipients.reshape(slots.size, *self.recipients.shape[1:])
        if not self.spoken.message:
            _tell(self.messages, self.limits, self.keys, step, observations, slots, recipients)
            return
        self.said[slots] = speech.message.reshape(slots.size, *self.said.shape[1:])
        self.recipients[slots] = recipients
        self.has_said[slots] = True

    def take_said(self, index: int) -> tuple[NDArray[np.float32], list[int]] | None:
        """Return what an agent object, member ``index``, has said and to whom; None if it has said nothing new."""
        if not self.has_said[0]:
            return None
        self.has_said[0] = False
        self.hear(index, self.said[0, 0])
        return self.said[0, 0].copy(), [one for one in np.flatnonzero(self.recipients[0, 0]).tolist() if one != index]

    def hear(self, sender: int, message: NDArray[np.float32]) -> None:
        """Take a message that an agent object has received."""
        self.inbox[0, 0, sender], self.heard[0, 0, sender] = message, 1.0
