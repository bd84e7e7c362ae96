"""Input and output of a format: the episodes so far, and the episodes of a pairing to add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mate import Team

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class ChosenEpisodes:
    """Episodes to add to one pairing, and the reason.

    `camera` and `target` are indices into the fields. The `count` episodes have the numbers first, first + step, ...
    With step 2 all numbers are even (seeds keyed by the target, which all cameras share) or all are odd (seeds keyed by
    the camera, which all targets share; `tournament.seeds`). With step 1 they alternate. `probability` is the
    probability with which the rule chooses this pairing in this round; 1 where nothing is drawn.
    """

    camera: int
    target: int
    first: int
    count: int
    step: int = 1
    reason: str = ""
    probability: float = 1.0

    @property
    def numbers(self) -> range:
        return range(self.first, self.first + self.step * self.count, self.step)


@dataclass(frozen=True)
class Evidence:
    """The episodes of a tournament so far, and its closed pairings.

    `cameras` (m) and `targets` (n) are the digests of the fields. `camera`, `target` (indices), `number` and `reward`
    (the target team's normalised reward), all (E,), have one entry for each episode, in any order. `closed` (m, n)
    marks pairings whose episodes fail: formats add no episodes to them and judge by the others. Raises ValueError for
    columns of different lengths, rewards that are not finite, or a mask of another shape.
    """

    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    camera: Numbers
    target: Numbers
    number: Numbers
    reward: Array
    closed: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        cameras: Sequence[str],
        targets: Sequence[str],
        camera: ArrayLike = (),
        target: ArrayLike = (),
        number: ArrayLike = (),
        reward: ArrayLike = (),
        closed: Any = None,
    ) -> Evidence:
        """Return evidence from sequences; without `closed` no pairing is closed."""
        shape = (len(cameras), len(targets))
        return cls(
            tuple(cameras),
            tuple(targets),
            np.asarray(camera, dtype=np.int64),
            np.asarray(target, dtype=np.int64),
            np.asarray(number, dtype=np.int64),
            np.asarray(reward, dtype=np.float64),
            np.zeros(shape, dtype=bool) if closed is None else np.asarray(closed, dtype=bool),
        )

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.camera, self.target, self.number, self.reward)}
        if len(lengths) != 1:
            raise ValueError(f"The columns of the evidence have different lengths: {sorted(lengths)}.")
        if not np.isfinite(self.reward).all():
            raise ValueError("A reward is not a finite number.")
        if self.closed.shape != self.shape:
            raise ValueError(f"closed has the shape {self.closed.shape}; the fields need {self.shape}.")

    def __len__(self) -> int:
        return len(self.reward)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of cameras and of targets (m, n)."""
        return len(self.cameras), len(self.targets)

    @cached_property
    def count(self) -> Numbers:
        """Number of episodes of each pairing (m, n)."""
        cells = self.camera * self.shape[1] + self.target
        return np.bincount(cells, minlength=self.shape[0] * self.shape[1]).reshape(self.shape)

    def with_episodes(self, camera: ArrayLike, target: ArrayLike, number: ArrayLike, reward: ArrayLike) -> Evidence:
        """Return this evidence with more episodes."""
        return Evidence(
            self.cameras,
            self.targets,
            np.concatenate([self.camera, np.asarray(camera, dtype=np.int64)]),
            np.concatenate([self.target, np.asarray(target, dtype=np.int64)]),
            np.concatenate([self.number, np.asarray(number, dtype=np.int64)]),
            np.concatenate([self.reward, np.asarray(reward, dtype=np.float64)]),
            self.closed,
        )

    def seen_by(self, team: str) -> View:
        """Return the episodes that agents of a team played from seeds that the whole team shares."""
        is_camera = team == Team.CAMERA
        mine = self.number % 2 == (0 if is_camera else 1)
        own, other = (self.camera, self.target) if is_camera else (self.target, self.camera)
        size = self.shape if is_camera else self.shape[::-1]
        place = self.number[mine] // 2
        payoff = np.full((*size, int(place.max(initial=-1)) + 1), np.nan)
        payoff[own[mine], other[mine], place] = -self.reward[mine] if is_camera else self.reward[mine]
        return View(team, payoff, self.closed if is_camera else self.closed.T)


@dataclass(frozen=True)
class View:
    """One team's side of the evidence: agents (rows) by opponents (columns) by shared seeds.

    `payoff` (agents, opponents, K) is the agent's own payoff in the k-th episode whose seed is keyed by the opponent,
    NaN where it was not played; `closed` is (agents, opponents).
    """

    team: str
    payoff: Array
    closed: NDArray[np.bool_]

    @cached_property
    def count(self) -> Numbers:
        """Number of leading episodes without a gap (agents, opponents)."""
        missing = np.isnan(self.payoff)
        if not missing.shape[2]:
            return np.zeros(missing.shape[:2], dtype=np.int64)
        first: Numbers = np.where(missing.any(axis=2), missing.argmax(axis=2), missing.shape[2])
        return first

    def choice(
        self, agent: int, opponent: int, first: int, count: int, reason: str, probability: float = 1.0
    ) -> ChosenEpisodes:
        """Return a choice of the shared episodes first, first + 1, ... of this side."""
        if self.team == Team.CAMERA:
            return ChosenEpisodes(agent, opponent, 2 * first, count, 2, reason, probability)
        return ChosenEpisodes(opponent, agent, 2 * first + 1, count, 2, reason, probability)
