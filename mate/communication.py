"""Which messages of a team arrive, when, and who has sent how many to whom: the law for whole batches.

The limits are those of upstream's wrappers, in this order: a silent team sends nothing; a message reaches recipients
within the range; some are lost at random; what is left arrives after the delay. The environment of upstream's
interface has the same limits through ``mate.wrappers.limit_communication``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.compilation import inlined, kernel, part
from mate.geometry import norm
from mate.streams import PLAY, uniform

if TYPE_CHECKING:
    from mate.scenario import Scenario

MESSAGE_LOSS = PLAY + 0x0800  # the purpose of the draw
STATE, SIGHTINGS, OBSERVATION, GOAL, WAREHOUSES, OTHER = 1, 2, 4, 8, 16, 32
KINDS = {
    "state": STATE,
    "sightings": SIGHTINGS,
    "observation": OBSERVATION,
    "goal": GOAL,
    "warehouses": WAREHOUSES,
    "other": OTHER,
}
"""What a message can tell, as bits: the sender's state, targets that it sees, all that it observes, the pose that the
recipient shall take, warehouses that may have cargo left, or anything else."""


class MessageLimits(NamedTuple):
    """What keeps messages of a team from arriving."""

    is_limited: bool  # whether any of the next three holds
    is_silent: bool
    range: float  # largest distance of sender and recipient in map units
    dropout: float  # probability that a message is lost


class Messages(NamedTuple):
    """The messages of one team of N members in B episodes; rows are senders, columns recipients.

    A kind is a set of the bits ``KINDS``. A message counts, in ``kinds`` and in ``edges``, in the step in which it
    arrives.
    """

    kinds: NDArray[np.uint8]  # (B, N, N): what arrived in the last step that was played
    edges: NDArray[np.int64]  # (B, N, N): messages since the reset
    is_quiet: NDArray[np.bool_]  # (B,): whether nothing arrived in the last step that was played
    pending: NDArray[np.uint8]  # (B, delay, N, N): what is under way, by the step of sending modulo the delay


def limits_of(scenario: Scenario, team: str) -> MessageLimits:
    """Return the limits of ``team`` (camera or target) in a scenario."""
    limits = scenario.is_silent(team), _range_of(scenario), scenario.message_dropout
    return MessageLimits(limits != (False, np.inf, 0.0), *limits)


def _range_of(scenario: Scenario) -> float:
    return np.inf if scenario.communication_range is None else scenario.communication_range


def new_messages(size: int, num_members: int, delay: int = 0) -> Messages:
    """Return the empty messages of ``size`` episodes."""
    shape = num_members, num_members
    return Messages(
        np.zeros((size, *shape), np.uint8),
        np.zeros((size, *shape), np.int64),
        np.ones(size, np.bool_),
        np.zeros((size, delay, *shape), np.uint8),
    )


def messages_of(agent: Any) -> Messages | None:
    """Return the messages of a batched agent, None if it cannot speak."""
    return getattr(agent, "messages", None)


def edges_by_member(camera: NDArray[np.int64], target: NDArray[np.int64]) -> dict[str, tuple[int, ...]]:
    """Return what each member sent and received, of the (N, N) counts of both teams, by the fields of a result."""
    return {
        f"{team}_edges_{what}": tuple(edges.sum(axis=axis).tolist())
        for team, edges in (("camera", camera), ("target", target))
        for what, axis in (("sent", 1), ("received", 0))
    }


def clear_messages(messages: Messages, slots: NDArray[np.int64]) -> None:
    """Begin episodes in ``slots`` (K,)."""
    for table in (messages.kinds, messages.edges, messages.pending):
        table[slots] = 0
    messages.is_quiet[slots] = True


@kernel
def is_lost(key, step, recipient, dropout):
    """Whether a message of the member with this key, sent to ``recipient`` in this step, is lost."""
    return dropout > 0.0 and uniform(key, MESSAGE_LOSS, step, recipient) < dropout


@part
def is_allowed(limits, key, step, recipient, dx, dy):
    """Whether the limits let a message pass; (dx, dy) leads from the sender to the recipient."""
    if limits.is_silent or norm(dx, dy) > limits.range:
        return False
    return not is_lost(key, step, recipient, limits.dropout)


@inlined
def _count_kinds(kinds):
    count = 0
    while kinds != 0:
        kinds &= kinds - 1
        count += 1
    return count


@part
def _deliver(kinds, edges, due):
    """Let what is due arrive; whether there was nothing."""
    is_quiet = True
    for sender in range(len(due)):
        for recipient in range(len(due)):
            arriving = due[sender, recipient]
            kinds[sender, recipient] = arriving
            edges[sender, recipient] += _count_kinds(np.int64(arriving))
            due[sender, recipient] = 0
            is_quiet &= arriving == 0
    return is_quiet


@part
def _clear(kinds):
    kinds[:] = 0
    return True


@inlined
def begin_messages(messages, slot, step):
    """Begin a step of an episode: what was under way for the whole delay arrives."""
    delay = messages.pending.shape[1]
    if delay > 0:
        messages.is_quiet[slot] = _deliver(
            messages.kinds[slot], messages.edges[slot], messages.pending[slot, step % delay]
        )
    elif not messages.is_quiet[slot]:
        messages.is_quiet[slot] = _clear(messages.kinds[slot])


@inlined
def send(messages, limits, slot, key, step, sender, recipient, dx, dy, kind):
    """Send a message of one kind from the member with this key; whether the recipient hears it in this step."""
    if limits.is_limited and not is_allowed(limits, key, step, recipient, dx, dy):
        return False
    delay = messages.pending.shape[1]
    if delay > 0:
        messages.pending[slot, step % delay, sender, recipient] |= np.uint8(kind)
        return False
    messages.kinds[slot, sender, recipient] |= np.uint8(kind)
    messages.edges[slot, sender, recipient] += 1
    messages.is_quiet[slot] = False
    return True
