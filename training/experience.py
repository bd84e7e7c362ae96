"""The experience of one iteration, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np


@dataclass
class Finished:
    """Sums over the episodes that ended in some fragments.

    ``reward`` is a member's shaped reward, from which it learns. The other sums measure the game: the target team's
    normalised reward, from which payoffs are computed, and the rates of ``mate.episodes.EpisodeResult``. Episodes that
    are truncated at the horizon count as ended.
    """

    episodes: int = 0
    complete: int = 0
    reward: float = 0.0
    normalised_reward: float = 0.0
    coverage: float = 0.0
    transport: float = 0.0

    def add(self, other: Finished) -> None:
        """Add another's sums to these."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class TrainingIteration:
    """Figures of one iteration; ``figures`` holds the learner's metrics by the names of ``progress.jsonl``."""

    steps: int
    decisions: int
    finished: Finished
    sample_seconds: float
    learn_seconds: float
    figures: dict[str, float]


@dataclass
class Experience:
    """R fragments of T consecutive decisions of a team's N members, sampled in ``steps`` environment steps.

    ``arrays`` holds the columns of ``training.modules``, and for each decision ``actions`` (R, N, T, P), ``logits``
    (R, N, T, A), ``log_probability``, ``advantages`` and ``value_targets`` (R, N, T).
    """

    arrays: dict[str, np.ndarray]
    steps: int
    finished: Finished = field(default_factory=Finished)

    @property
    def rows(self) -> int:
        """Number of fragments."""
        return len(self.arrays["mask"])

    @property
    def decisions(self) -> int:
        """Number of decisions of single members."""
        return int(self.arrays["mask"].sum() * self.arrays["obs"].shape[1])

    @staticmethod
    def join(parts: list[Experience]) -> Experience:
        """Return the fragments of all parts, in their order."""
        arrays = {name: np.concatenate([part.arrays[name] for part in parts]) for name in parts[0].arrays}
        joined = Experience(arrays, sum(part.steps for part in parts))
        for part in parts:
            joined.finished.add(part.finished)
        return joined

    @property
    def parts(self) -> list[Experience]:
        """The experience of each scenario: this one alone."""
        return [self]

    def standardise_advantages(self) -> None:
        """Standardise the advantages of the decisions that were made, to mean 0 and standard deviation 1."""
        advantages, mask = self.arrays["advantages"], self.arrays["mask"]
        made = advantages.transpose(0, 2, 1)[mask]
        self.arrays["advantages"] = ((advantages - made.mean()) / max(float(made.std()), 1e-4)).astype(np.float32)


@dataclass
class JointExperience:
    """The experience of one iteration, as a list with an entry for each scenario."""

    parts: list[Experience]

    @staticmethod
    def join(samples: list[list[Experience | None]]) -> JointExperience:
        """Return the samples of all runners, each a list with a part for every scenario (or None)."""
        found = [[part for part in parts if part is not None] for parts in zip(*samples, strict=True)]
        return JointExperience([Experience.join(parts) for parts in found])

    @property
    def steps(self) -> int:
        """Number of environment steps."""
        return sum(part.steps for part in self.parts)

    @property
    def decisions(self) -> int:
        """Number of decisions of single members."""
        return sum(part.decisions for part in self.parts)

    @property
    def finished(self) -> Finished:
        """Sums over all scenarios."""
        total = Finished()
        for part in self.parts:
            total.add(part.finished)
        return total

    def standardise_advantages(self) -> None:
        """Standardise the advantages within each scenario, so that all scenarios have the same influence."""
        for part in self.parts:
            part.standardise_advantages()
