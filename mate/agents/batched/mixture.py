"""A team that is, in each episode, one of several teams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mate.agents.batched.team import BatchedAgent
from mate.communication import Messages, clear_messages, messages_of
from mate.compilation import kernel
from mate.depth import Depth, depth_of
from mate.streams import PLAY, derive_one, uniform

MEMBER = PLAY + 0x0F00


@kernel
def _choose_members(keys, bounds, members, member_keys):
    """Choose each episode's member by where a uniform number falls between ``bounds`` (M,), the cumulated weights."""
    for n in range(len(keys)):
        u = uniform(keys[n], MEMBER, 0, 0)
        member = 0
        while u >= bounds[member] and member < len(bounds) - 1:
            member += 1
        members[n], member_keys[n] = member, derive_one(keys[n], MEMBER)


class BatchedMixture:
    """Plays each episode with one of ``members``, drawn from the episode's team key by ``weights``.

    Args:
        members: teams of the same size and batch, at least one.
        weights: one per member, default all alike. Solvers leave tiny negative or unnormalised weights: they are
            clipped at zero and normalised (Q54).

    Raises ValueError if there are no members, or the weights do not fit, are not finite, or have no positive one.
    """

    def __init__(self, members: Sequence[BatchedAgent], weights: ArrayLike | None = None) -> None:
        shares = np.ones(len(members)) if weights is None else np.asarray(weights, np.float64)
        if not members or shares.shape != (len(members),):
            raise ValueError(f"a mixture of {len(members)} members needs as many weights, got shape {shares.shape}.")
        shares = np.clip(shares, 0.0, None)
        if not np.isfinite(shares).all() or shares.sum() <= 0.0:
            raise ValueError(
                f"the weights of a mixture must be finite and one of them positive, got {shares.tolist()}."
            )
        self.weights = shares / shares.sum()
        self.members = [member for member, share in zip(members, shares, strict=True) if share > 0.0]
        self._indices = np.flatnonzero(shares > 0.0)
        self._bounds = np.cumsum(self.weights[self._indices])
        self._chosen = np.zeros(0, np.int64)
        self.messages = next((spoken for member in self.members if (spoken := messages_of(member)) is not None), None)
        if self.messages is not None:
            self.share_messages(self.messages)

    def share_messages(self, messages: Messages) -> None:
        """Let all members write into these messages from now on: each slot is played by one of them."""
        self.messages = messages
        for member in self.members:
            if messages_of(member) is not None:
                member.share_messages(messages)  # type: ignore[attr-defined]

    @property
    def depth(self) -> Depth:
        """As ``BatchedAgent.depth``."""
        return max(depth_of(member) for member in self.members)

    @property
    def chosen(self) -> NDArray[np.int64]:
        """(B,) index, in the ``members`` given, of the one that plays each slot."""
        return self._indices[self._chosen]

    def reset(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], observations: NDArray[np.float64]) -> None:
        """Choose a member for the new episode of each slot, and begin its episode with a key of its own."""
        slots, keys = np.asarray(slots, np.int64), np.asarray(keys, np.uint64)
        if len(self._chosen) != len(observations):
            self._chosen = np.zeros(len(observations), np.int64)
            self._is_mine = np.zeros(len(observations), np.bool_)
        chosen, member_keys = np.zeros(len(slots), np.int64), np.zeros(len(slots), np.uint64)
        _choose_members(keys, self._bounds, chosen, member_keys)
        self._chosen[slots] = chosen
        if self.messages is not None:
            clear_messages(self.messages, slots)
        for number, member in enumerate(self.members):
            is_mine = chosen == number
            if is_mine.any():
                member.reset(slots[is_mine], member_keys[is_mine], observations)

    def act(self, observations: NDArray[np.float64], actions: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Let each member act in the active slots that it plays."""
        for number, member in enumerate(self.members):
            np.equal(self._chosen, number, out=self._is_mine)
            self._is_mine &= active
            if self._is_mine.any():
                member.act(observations, actions, self._is_mine)
