"""The meta-game: the payoff of each camera agent against each target agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Episodes:
    """Results of E episodes as arrays, all of shape (E,).

    `camera` and `target` are indices into the meta-game's agents; `reward` is the target team's normalised reward;
    episodes with the same `seed` are dependent.
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


@dataclass(frozen=True)
class MetaGame:
    """Cameras by targets: mean payoffs, their standard errors and the numbers of episodes.

    `cameras` (m) and `targets` (n) are digests. `payoff` (m, n) is the camera's mean normalised reward, the negative of
    the target's, NaN where nothing was played. `error` (m, n) is its standard error, NaN below two episodes; `count` is
    (m, n). `episodes` are those of the cells, where they are available.
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
                raise ValueError(f"{name} has the shape {getattr(self, name).shape}, the agents need {shape}.")
        if np.isnan(self.payoff[self.count > 0]).any() or np.isinf(self.payoff).any():
            raise ValueError("A payoff that was played is not a finite number.")

    @classmethod
    def from_episodes(cls, cameras: Sequence[str], targets: Sequence[str], episodes: Episodes) -> MetaGame:
        """Return the meta-game of these agents, in this order, from their episodes."""
        figures = describe_cells(episodes.camera, episodes.target, -episodes.reward, (len(cameras), len(targets)))
        return cls(tuple(cameras), tuple(targets), *figures, episodes)

    @classmethod
    def from_payoffs(cls, payoff: Any, error: Any = None, count: Any = None) -> MetaGame:
        """Return a meta-game from a matrix, for games that were not played here; agents are c0, c1, ..., t0, t1, ...

        NaN entries count as unplayed. By default `error` is 0 and `count` 1.
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
        """Return the meta-game among these agents (indices), in this order, with its episodes.

        An agent that is named twice has equal rows from the same seeds, so that their errors are correlated.
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
        """Return the matrices as nested lists, null where there is no number."""
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
    """Return the episodes among these agents, renumbered; those of an agent that is named twice are repeated."""
    numbers, parts = [], []
    for size, wanted in zip(shape, (cameras, targets), strict=True):
        numbers.append(list(_number_copies(size, wanted)))
    for rows in numbers[0]:
        for columns in numbers[1]:
            camera, target = rows[episodes.camera], columns[episodes.target]
            mine = np.flatnonzero((camera >= 0) & (target >= 0))
            parts.append((camera[mine], target[mine], mine))
    camera, target, kept = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Episodes(camera, target, episodes.seed[kept], episodes.reward[kept])


def _number_copies(size: int, wanted: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield new numbers (size,) of agents, -1 for those left out: first occurrences, second occurrences, ..."""
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
    """Return the mean of the values (E,) in each cell of `shape`, NaN for empty cells, and their number."""
    total, count = _add_up(camera, target, values, shape)
    with np.errstate(invalid="ignore"):
        return total / count, count


def describe_cells(
    camera: NDArray[np.int64], target: NDArray[np.int64], payoffs: Array, shape: tuple[int, int]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return the means of the payoffs (E,) in each cell of `shape`, their standard errors, and their numbers."""
    mean, count = average_by_cell(camera, target, payoffs, shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(_add_squares(camera, target, payoffs, mean) / (count - 1) / count)
    error[count < 2] = np.nan
    return mean, error, count


@kernel
def _add_up(camera, target, values, shape):  # type: ignore[no-untyped-def]
    total, count = np.zeros(shape), np.zeros(shape, np.int64)
    for row in range(len(values)):
        total[camera[row], target[row]] += values[row]
        count[camera[row], target[row]] += 1
    return total, count


@kernel
def _add_squares(camera, target, values, mean):  # type: ignore[no-untyped-def]
    """Return sums of squared deviations from the cells' means."""
    squares = np.zeros(mean.shape)
    for row in range(len(values)):
        squares[camera[row], target[row]] += (values[row] - mean[camera[row], target[row]]) ** 2
    return squares


def list_numbers(array: Array) -> Any:
    """Return nested lists of an array, with None for NaN and infinities, which JSON lacks."""
    listed = array.astype(object)
    listed[~np.isfinite(array)] = None
    return listed.tolist()
