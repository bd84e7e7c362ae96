"""A replay buffer of fragments, with or without priorities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Arrays = dict[str, np.ndarray]
SMALLEST_PRIORITY = 1e-6


@dataclass(frozen=True)
class Draw:
    """A sample from the buffer: its ``rows`` (K,), and for single decisions also ``entries`` (K,) within each row.

    ``weights`` (K,) are the importance weights, at most 1.
    """

    rows: np.ndarray
    entries: np.ndarray | None
    weights: np.ndarray


class ReplayBuffer:
    """The newest ``capacity`` fragments. A row of an array is a fragment of T decisions.

    ``entries`` is the number of decisions in a row that can be drawn: T of a team, or N * T of single members. An
    entry is drawn in proportion to its priority: 0 for a decision that was not made, otherwise its TD error (plus a
    small constant) to the power of ``exponent`` (Schaul et al., ICLR 2016). New entries have the greatest priority so
    far.
    """

    def __init__(self, capacity: int, exponent: float = 0.0, correction: float = 0.0) -> None:
        self.capacity = capacity
        self.exponent, self.correction = exponent, correction
        self.arrays: Arrays = {}
        self.size = 0
        """Number of fragments."""
        self.decisions = 0
        """Number of the team's decisions."""
        self._next = 0
        self._greatest = 1.0
        self._made = np.zeros(capacity, np.int64)
        self._priorities = np.zeros((capacity, 0))

    def add(self, arrays: Arrays, mask: np.ndarray, is_made: np.ndarray) -> None:
        """Store R fragments over the oldest ones.

        ``mask`` (R, T) marks the team's decisions that were made, ``is_made`` (R, E) the entries that were.
        """
        rows = len(mask)
        if rows > self.capacity:
            arrays = {name: array[-self.capacity :] for name, array in arrays.items()}
            mask, is_made, rows = mask[-self.capacity :], is_made[-self.capacity :], self.capacity
        if not self.arrays:
            self.arrays = {
                name: np.zeros((self.capacity, *array.shape[1:]), array.dtype) for name, array in arrays.items()
            }
            self._priorities = np.zeros((self.capacity, is_made.shape[1]))
        places = (self._next + np.arange(rows)) % self.capacity
        for name, array in arrays.items():
            self.arrays[name][places] = array
        self._made[places] = mask.sum(axis=1)
        self._priorities[places] = is_made * self._greatest
        self._next = int(places[-1] + 1) % self.capacity
        self.size = min(self.capacity, self.size + rows)
        self.decisions = int(self._made.sum())

    def draw(self, count: int, random: np.random.Generator, whole_rows: bool) -> Draw:
        """Draw ``count`` fragments or single decisions with replacement."""
        priorities = self._priorities[: self.size]
        by_row = priorities.sum(axis=1)
        total = np.cumsum(by_row)
        rows = np.minimum(np.searchsorted(total, random.random(count) * total[-1], side="right"), self.size - 1)
        if whole_rows:
            return Draw(rows, None, self._correct(by_row[rows] / total[-1], int((by_row > 0).sum())))
        within = np.cumsum(priorities[rows], axis=1)
        entries = (within <= (random.random(count) * within[:, -1])[:, np.newaxis]).sum(axis=1)
        entries = np.minimum(entries, priorities.shape[1] - 1)
        chosen = priorities[rows, entries] / total[-1]
        return Draw(rows, entries, self._correct(chosen, int((priorities > 0).sum()) if self.exponent else 1))

    def _correct(self, probability: np.ndarray, count: int) -> np.ndarray:
        if not self.exponent:
            return np.ones(len(probability), np.float32)
        weights = (count * np.maximum(probability, 1e-12)) ** -self.correction
        scaled: np.ndarray = (weights / weights.max()).astype(np.float32)
        return scaled

    def update(self, draw: Draw, errors: np.ndarray) -> None:
        """Set priorities by absolute TD errors: (K,) of single decisions, (K, E) of fragments."""
        if not self.exponent:
            return
        fresh = (errors + SMALLEST_PRIORITY) ** self.exponent
        self._greatest = max(self._greatest, float(fresh.max()))
        if draw.entries is None:
            self._priorities[draw.rows] = np.where(self._priorities[draw.rows] > 0.0, fresh, 0.0)
        else:
            self._priorities[draw.rows, draw.entries] = fresh
