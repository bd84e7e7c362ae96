"""Strips of a meta-game: the episodes of all agents of a team against one opponent.

With the arena's seeds, episodes share a seed only within one strip: seeds are shared by all cameras against a target,
or by all targets against a camera. So ratings and their errors are functions of sums over each strip. Further episodes
of a pairing change the sums of its two strips, and of no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mate import Team
from mate.compilation import kernel
from tournament.payoffs import Array, Episodes

Indices = NDArray[np.int64]

ONE_PAIRING, SEVERAL_CAMERAS, SEVERAL_TARGETS, SEVERAL_OF_BOTH = range(4)
"""Kinds of seeds, by the agents of their episodes."""


class PairingEpisodes(Protocol):
    """The episodes of a pairing, (k,) each; `reward` is the target team's normalised reward."""

    @property
    def seed(self) -> Indices: ...

    @property
    def reward(self) -> Array: ...


class PairingRows(NamedTuple):
    """A pairing's seeds and rewards."""

    seed: Indices
    reward: Array


Cells = Mapping[tuple[int, int], PairingEpisodes]
"""Pairings that have played, by the indices of camera and target."""


@dataclass(frozen=True)
class Strip:
    """The k episodes of a team's `size` agents against one opponent, sorted by seed and agent; arrays are (k,).

    `own` masks the seeds that several agents have played against this opponent alone, `alone` those of one pairing, and
    `common` those that belong to several cameras and several targets.
    """

    size: int
    agent: Indices
    seed: Indices
    reward: Array
    own: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    common: NDArray[np.bool_]

    def condense(self, values: Array) -> Array:
        """Return a matrix (r, size) with the same products of columns as the values (k,) of own seeds by agent.

        It is the matrix of seeds by agents itself, or, where it has more rows than columns, its triangular factor.
        """
        seed = self.seed[self.own]
        place = np.cumsum(np.diff(seed, prepend=seed[:1]) != 0)
        matrix = np.zeros((int(place[-1]) + 1 if len(place) else 0, self.size))
        _scatter(place, self.agent[self.own], values[self.own], matrix)
        return matrix if len(matrix) <= self.size else np.asarray(np.linalg.qr(matrix, mode="r"))

    def count(self, chosen: NDArray[np.bool_]) -> Array:
        """Return each agent's number of episodes (size,) among the chosen (k,)."""
        return np.bincount(self.agent[chosen], minlength=self.size).astype(np.float64)

    def find_common(self, opponent: int, values: Array) -> Common:
        """Return the values (k,) of the common seeds."""
        agent = self.agent[self.common]
        return Common(agent, np.full_like(agent, opponent), self.seed[self.common], values[self.common])


class Common(NamedTuple):
    """Values of episodes whose seeds several cameras and several targets share, (k,) each."""

    agent: Indices
    opponent: Indices
    seed: Indices
    value: Array

    @classmethod
    def join(cls, parts: Iterable[Common]) -> Common:
        filled = [part for part in parts if len(part.seed)] or [cls(NO_ROWS.seed, NO_ROWS.seed, *NO_ROWS)]
        return cls(*(np.concatenate(column) for column in zip(*filled, strict=True)))


@kernel
def _scatter(place, agent, values, matrix):  # type: ignore[no-untyped-def]
    for row in range(len(place)):
        matrix[place[row], agent[row]] += values[row]


class Strips:
    """The cells of a meta-game of `shape` cameras by targets, arranged in strips."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._cells: Cells = {}
        self._digests: dict[tuple[int, int], tuple[PairingEpisodes, bytes]] = {}
        self._seeds = Seeds()

    def update(self, cells: Cells) -> Iterator[tuple[str, int, Strip]]:
        """Replace the cells. Yield the strips that have changed, by team and opponent; a new cell is a new object."""
        changed = {place: cell for place, cell in cells.items() if self._cells.get(place) is not cell}
        is_all = not self._cells or any(
            place not in cells or (place in changed and not np.isin(cell.seed, cells[place].seed).all())
            for place, cell in self._cells.items()
        )
        if is_all:
            self._seeds, changed = Seeds(), dict(cells)
        self._cells = dict(cells)
        stale: tuple[set[int], set[int]] = ({camera for camera, _ in changed}, {target for _, target in changed})
        for target, places in groupby(sorted(changed, key=itemgetter(1)), itemgetter(1)):
            seeds = {camera: changed[camera, target].seed for camera, _ in places}
            cameras = np.repeat([*seeds], [len(seed) for seed in seeds.values()])
            is_all |= self._seeds.add(cameras, np.full_like(cameras, target), np.concatenate([*seeds.values()]), stale)
        if is_all:
            stale = {*range(self.shape[0])}, {*range(self.shape[1])}
        for team, opponents in zip(Team, stale[::-1], strict=True):
            for opponent in sorted(opponents):
                yield team, opponent, self._read(team, opponent)

    def digest(self) -> bytes:
        """Return a digest of all episodes."""
        for place, cell in self._cells.items():
            if self._digests.get(place, NOTHING)[0] is not cell:
                content = cell.seed.tobytes() + cell.reward.tobytes()
                self._digests[place] = cell, hashlib.sha256(content).digest()
        places = sorted(self._cells)
        return hashlib.sha256(repr(places).encode() + b"".join(self._digests[place][1] for place in places)).digest()

    def _read(self, team: str, opponent: int) -> Strip:
        size = self.shape[0] if team == Team.CAMERA else self.shape[1]
        places = [(number, opponent) if team == Team.CAMERA else (opponent, number) for number in range(size)]
        cells = [self._cells.get(place, NO_ROWS) for place in places]
        agent = np.repeat(np.arange(size), [len(cell.seed) for cell in cells])
        seed = np.concatenate([cell.seed for cell in cells])
        order = np.argsort(seed, kind="stable")
        seed = seed[order]
        kind = self._seeds.kinds(seed)
        own = kind == (SEVERAL_CAMERAS if team == Team.CAMERA else SEVERAL_TARGETS)
        reward = np.concatenate([cell.reward for cell in cells])[order]
        return Strip(size, agent[order], seed, reward, own, kind == ONE_PAIRING, kind == SEVERAL_OF_BOTH)


NO_ROWS = PairingRows(np.empty(0, np.int64), np.empty(0))
NOTHING = None, b""


def split(episodes: Episodes) -> dict[tuple[int, int], PairingRows]:
    """Return the cells of episodes in any order, each sorted by seed."""
    size = int(episodes.target.max(initial=0)) + 1
    number = episodes.camera * size + episodes.target
    order = np.lexsort((episodes.seed, number.astype(np.min_scalar_type(number.max(initial=0)))))  # Few bits sort fast.
    cells, starts = np.unique(number[order], return_index=True)
    parts = [np.split(column[order], starts)[1:] for column in (episodes.seed, episodes.reward)]
    return {divmod(cell, size): PairingRows(*rows) for cell, *rows in zip(cells.tolist(), *parts, strict=True)}


class Seeds:
    """The kinds of seeds (`ONE_PAIRING` and others), sorted by seed, and the agents of each seed's first episode."""

    def __init__(self) -> None:
        self._seed = np.empty(0, np.int64)
        self._kind, self._camera, self._target = (np.empty(0, np.int32) for _ in range(3))

    def kinds(self, seed: Indices) -> Indices:
        """Return the kinds (k,) of known seeds, which are sorted."""
        starts = np.flatnonzero(np.diff(seed, prepend=-1))
        found = self._kind[np.searchsorted(self._seed, seed[starts])]
        return np.repeat(found, np.diff(starts, append=len(seed)))

    def add(self, camera: Indices, target: Indices, seed: Indices, stale: tuple[set[int], set[int]]) -> bool:
        """Add episodes (k,), also known ones, and to `stale` the agents of seeds whose kind has changed.

        Return whether a seed belongs to several cameras and targets only now; then its other agents are not known.
        """
        seeds, cluster = np.unique(seed, return_inverse=True)
        kind, first_camera, first_target = _find_kinds(cluster, camera, target, len(seeds))
        places = np.searchsorted(self._seed, seeds)
        is_known = np.append(self._seed, -1)[places] == seeds
        known, new = places[is_known], ~is_known
        then = self._kind[known] | kind[is_known]
        then |= SEVERAL_CAMERAS * (first_camera[is_known] != self._camera[known])
        then |= SEVERAL_TARGETS * (first_target[is_known] != self._target[known])
        changed = known[then != self._kind[known]]
        stale[0].update(self._camera[changed].tolist())
        stale[1].update(self._target[changed].tolist())
        is_common = bool((then[then != self._kind[known]] == SEVERAL_OF_BOTH).any())
        self._kind[known] = then
        for name, values in (("_kind", kind), ("_camera", first_camera), ("_target", first_target), ("_seed", seeds)):
            setattr(self, name, np.insert(getattr(self, name), places[new], values[new]))
        return is_common


@kernel
def _find_kinds(cluster, camera, target, size):  # type: ignore[no-untyped-def]
    """Return the kinds (size,) of seeds, numbered by `cluster` (k,), and the agents of each seed's first episode."""
    kind = np.zeros(size, np.int64)
    first_camera, first_target = np.full(size, -1), np.full(size, -1)
    for row in range(len(cluster)):
        seed = cluster[row]
        if first_camera[seed] < 0:
            first_camera[seed], first_target[seed] = camera[row], target[row]
        if camera[row] != first_camera[seed]:
            kind[seed] |= 1
        if target[row] != first_target[seed]:
            kind[seed] |= 2
    return kind, first_camera, first_target
