"""What is played between two updates, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np


@dataclass
class Finished:
    """Sums over the episodes that ended in some fragments.

    ``reward`` is what was learned from, of a member; the others are of the game: the target team's normalised reward, as payoffs are
    measured, and the rates of ``mate.episodes.EpisodeResult``. Episodes cut at the horizon count as ended.
    """

    episodes: int = 0
    complete: int = 0
    reward: float = 0.0
    normalised_reward: float = 0.0
    coverage: float = 0.0
    transport: float = 0.0

    def add(self, other: Finished) -> None:
        """Add the other's sums to these."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class Experience:
    """R fragments of T consecutive decisions of the N members of a team.

    Arrays as ``training.modules`` names them, and for each decision: ``actions`` (R, N, T, P), ``logits`` (R, N, T, A), ``log_probability``,
    ``advantages`` and ``value_targets`` (R, N, T). ``steps`` of the environment were made.
    """

    arrays: dict[str, np.ndarray]
    steps: int
    finished: Finished = field(default_factory=Finished)

    @property
    def rows(self) -> int:
        """How many fragments there are."""
        return len(self.arrays["mask"])

    @property
    def decisions(self) -> int:
        """How many decisions of single agents were made."""
        return int(self.arrays["mask"].sum()) * self.arrays["obs"].shape[1]

    @staticmethod
    def join(parts: list[Experience]) -> Experience:
        """The fragments of all parts, in their order."""
        arrays = {name: np.concatenate([part.arrays[name] for part in parts]) for name in parts[0].arrays}
        joined = Experience(arrays, sum(part.steps for part in parts))
        for part in parts:
            joined.finished.add(part.finished)
        return joined

    def standardise_advantages(self) -> None:
        """Give the advantages of the decisions that were made mean 0 and deviation 1."""
        advantages, mask = self.arrays["advantages"], self.arrays["mask"]
        made = advantages.transpose(0, 2, 1)[mask]
        self.arrays["advantages"] = ((advantages - made.mean()) / max(float(made.std()), 1e-4)).astype(np.float32)
