"""The meta-game: what each camera agent scores against each target agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from tournament.ordering import Kinds, find_kinds, renumber

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Episodes:
    """Results of E episodes as arrays, all of shape (E,).

    `camera` and `target` are indices into the meta-game's agents; `reward` is the target team's normalised reward; episodes
    with the same `seed` are not independent of each other.
    """

    camera: NDArray[np.int64]
    target: NDArray[np.int64]
    seed: NDArray[np.int64]
    reward: Array

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.camera, self.target, self.seed, self.reward)}
        if len(lengths) != 1:
            raise ValueError(f"The columns of episodes have different lengths: {sorted(lengths)}.")
        if not np.isfinite(self.reward).all():
            number = int(np.flatnonzero(~np.isfinite(self.reward))[0])
            raise ValueError(f"Episode {number} has the reward {self.reward[number]}: expected a finite number.")

    def __len__(self) -> int:
        return len(self.reward)

    @cached_property
    def cluster(self) -> NDArray[np.int64]:
        """(E,) numbers 0, 1, ... of the episodes' seeds in ascending order. Computed once: sorting is most of a fit's time."""
        order = np.argsort(self.seed)
        numbers = np.empty(len(self), dtype=np.int64)
        ordered = self.seed[order]
        numbers[order] = np.cumsum(np.append(False, ordered[1:] != ordered[:-1]))[: len(self)]
        return numbers

    @cached_property
    def kinds(self) -> Kinds:
        """By whom each seed was played. Computed once."""
        return find_kinds(self.cluster, self.camera, self.target)

    @classmethod
    def with_clusters(
        cls,
        camera: NDArray[np.int64],
        target: NDArray[np.int64],
        seed: NDArray[np.int64],
        reward: Array,
        cluster: NDArray[np.int64],
    ) -> Episodes:
        """Episodes whose seeds have been numbered already, as `cluster` would number them."""
        episodes = cls(camera, target, seed, reward)
        vars(episodes)["cluster"] = cluster
        return episodes

    @property
    def num_clusters(self) -> int:
        """How many different seeds there are."""
        return int(self.cluster.max(initial=-1)) + 1


@dataclass(frozen=True)
class MetaGame:
    """Cameras by targets: mean payoffs, their standard errors and the numbers of episodes behind them.

    `cameras` (m) and `targets` (n) are digests; `payoff` (m, n) is the camera's mean normalised reward, the target's is its
    negative, NaN where nothing was played; `error` (m, n) is the standard error of that mean, NaN below two episodes;
    `count` (m, n). `episodes` are what it was made of, where they are at hand.
    """

    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    payoff: Array
    error: Array
    count: NDArray[np.int64]
    episodes: Episodes | None = None

    def __post_init__(self) -> None:
        shape = (len(self.cameras), len(self.targets))
        for name in ("payoff", "error", "count"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has the shape {getattr(self, name).shape}, the agents make {shape}.")
        if np.isnan(self.payoff[self.count > 0]).any() or np.isinf(self.payoff).any():
            raise ValueError("A payoff that was played is not a finite number.")

    @classmethod
    def from_episodes(cls, cameras: Sequence[str], targets: Sequence[str], episodes: Episodes) -> MetaGame:
        """The meta-game of these agents, in this order, from their episodes."""
        shape = (len(cameras), len(targets))
        agents, payoffs = (episodes.camera, episodes.target), -episodes.reward
        mean, count = average_by_cell(*agents, payoffs, shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.sqrt(_add_squares(*agents, payoffs, mean) / (count - 1) / count)
        error[count < 2] = np.nan
        return cls(tuple(cameras), tuple(targets), mean, error, count, episodes)

    @classmethod
    def from_payoffs(cls, payoff: Any, error: Any = None, count: Any = None) -> MetaGame:
        """A meta-game given as a matrix, for games that were not played here: agents are named c0, c1, ..., t0, t1, ...

        Entries that are NaN count as not played. `error` is 0 and `count` 1 where not given.
        """
        matrix = np.asarray(payoff, dtype=np.float64)
        played = ~np.isnan(matrix)
        return cls(
            tuple(f"c{number}" for number in range(matrix.shape[0])),
            tuple(f"t{number}" for number in range(matrix.shape[1])),
            matrix,
            np.where(played, 0.0, np.nan) if error is None else np.asarray(error, dtype=np.float64),
            played.astype(np.int64) if count is None else np.asarray(count, dtype=np.int64),
        )

    @property
    def num_episodes(self) -> int:
        return int(self.count.sum())

    def select(
        self, cameras: Sequence[int] | NDArray[np.int64], targets: Sequence[int] | NDArray[np.int64]
    ) -> MetaGame:
        """The meta-game among these agents (indices), in this order, with its episodes; one that is named twice has equal rows.

        The episodes of equal rows are those of the same seeds, so that the rows err together.
        """
        rows, columns = np.asarray(cameras, dtype=np.int64), np.asarray(targets, dtype=np.int64)
        if np.array_equal(rows, np.arange(len(self.cameras))) and np.array_equal(columns, np.arange(len(self.targets))):
            return self
        place = np.ix_(rows, columns)
        return MetaGame(
            tuple(self.cameras[number] for number in rows),
            tuple(self.targets[number] for number in columns),
            self.payoff[place],
            self.error[place],
            self.count[place],
            None if self.episodes is None else _select(self.episodes, self.payoff.shape, rows, columns),
        )

    def to_json(self) -> dict[str, Any]:
        """The matrices as nested lists, null where there is no number."""
        return {
            "cameras": list(self.cameras),
            "targets": list(self.targets),
            "payoff": list_numbers(self.payoff),
            "error": list_numbers(self.error),
            "count": self.count.tolist(),
        }


def _select(
    episodes: Episodes, shape: tuple[int, ...], cameras: NDArray[np.int64], targets: NDArray[np.int64]
) -> Episodes:
    """The episodes among these agents, which are numbered anew; those of an agent that is named twice are there twice."""
    numbers, parts = [], []
    for size, wanted in zip(shape, (cameras, targets), strict=True):
        numbers.append(list(_number_copies(size, wanted)))
    for rows in numbers[0]:
        for columns in numbers[1]:
            camera, target = rows[episodes.camera], columns[episodes.target]
            mine = np.flatnonzero((camera >= 0) & (target >= 0))
            parts.append((camera[mine], target[mine], mine))
    camera, target, kept = (np.concatenate(column) for column in zip(*parts, strict=True))
    cluster = renumber(episodes.cluster[kept], episodes.num_clusters)
    return Episodes.with_clusters(camera, target, episodes.seed[kept], episodes.reward[kept], cluster)


def _number_copies(size: int, wanted: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """New numbers (size,) of agents by their old ones, -1 for those that are left out: first names, second names, ..."""
    left = np.arange(len(wanted))
    while True:
        agents, first = np.unique(wanted[left], return_index=True)
        numbers = np.full(size, -1)
        numbers[agents] = left[first]
        yield numbers
        left = np.delete(left, first)
        if not len(left):
            return


def average_by_cell(
    camera: NDArray[np.int64], target: NDArray[np.int64], values: Array, shape: tuple[int, int]
) -> tuple[Array, NDArray[np.int64]]:
    """The mean of the values (E,) of each cell of `shape`, NaN where there are none, and how many they are."""
    total, count = _add_up(camera, target, values, shape)
    with np.errstate(invalid="ignore"):
        return total / count, count


@kernel
def _add_up(camera, target, values, shape):  # type: ignore[no-untyped-def]
    total, count = np.zeros(shape), np.zeros(shape, np.int64)
    for row in range(len(values)):
        total[camera[row], target[row]] += values[row]
        count[camera[row], target[row]] += 1
    return total, count


@kernel
def _add_squares(camera, target, values, mean):  # type: ignore[no-untyped-def]
    """Sums of the squared deviations from the cells' means."""
    squares = np.zeros(mean.shape)
    for row in range(len(values)):
        squares[camera[row], target[row]] += (values[row] - mean[camera[row], target[row]]) ** 2
    return squares


def list_numbers(array: Array) -> Any:
    """Nested lists of an array, with None for NaN and infinities, which JSON does not have."""
    listed = array.astype(object)
    listed[~np.isfinite(array)] = None
    return listed.tolist()
