"""The contents of a tournament: the episodes of its choices, as numbers and as seeds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tournament import seeds
from tournament.models import Choice, Pairing, Tournament

Numbers = NDArray[np.int64]
Row = tuple[int, int, int, int]
"""A choice: the key of its pairing, and the first number, the count and the step of its episodes."""
FEW = 500
"""Maximum number of pairings, or episodes, that are looked up one by one."""


class Contents:
    """The episodes of a tournament's choices, by default of all of them.

    `last_round` limits the choices to the rounds up to it, `beyond` to keys greater than it. `num_choices` counts the
    choices; `numbers` has each pairing's sorted, unique episode numbers by the pairing's key.
    """

    def __init__(self, tournament: Tournament, last_round: int | None = None, beyond: int = 0) -> None:
        self.tournament = tournament
        self._scenario = tournament.scenario.digest
        choices = Choice.objects.filter(tournament=tournament, pk__gt=beyond).order_by()
        if last_round is not None:
            choices = choices.filter(round__lte=last_round)
        self.num_choices = 0
        rows = choices.values_list("pairing_id", "first", "count", "step").iterator(chunk_size=5000)
        self.numbers = merge(self._count(rows))
        self._keyed: dict[tuple[str, int], int] = {}

    def _count(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            self.num_choices += 1
            yield row

    def __len__(self) -> int:
        return sum(map(len, self.numbers.values()))

    def seeds_of(self, camera: str, target: str, numbers: Iterable[int]) -> list[int]:
        """Return the seeds of episodes of a pairing of agents (digests), in the order of the numbers."""
        return [self._seed(camera, target, int(number)) for number in numbers]

    def _seed(self, camera: str, target: str, number: int) -> int:
        # All pairings of the agent that keys a seed share the seed, so each seed is derived once.
        key = (target if number % 2 == 0 else camera), number
        seed = self._keyed.get(key)
        if seed is None:
            base = self.tournament.base_seed
            seed = self._keyed[key] = seeds.episode_seed(base, self._scenario, camera, target, number)
        return seed

    def find(self, pairings: NDArray[np.int64], found: NDArray[np.int64]) -> Numbers:
        """Return the tournament's numbers of episodes (E,), given by pairing key and seed; -1 where it has none.

        The rows must be sorted by pairing.
        """
        result = np.full(len(pairings), -1, dtype=np.int64)
        keys, starts = np.unique(pairings, return_index=True)
        ends = np.append(starts, len(pairings))[1:]
        agents = self.agents()
        for key, start, end in zip(keys.tolist(), starts, ends, strict=True):
            if key in self.numbers:
                numbers = self.numbers[key]
                wanted = np.array(self.seeds_of(*agents[key], numbers), dtype=np.int64)
                result[start:end] = look_up(wanted, numbers, found[start:end])
        return result

    def sorted_seeds(self) -> dict[int, Numbers]:
        """The sorted seeds of each pairing's episodes by the pairing's key."""
        agents = self.agents()
        if len(self) < FEW:
            return {
                key: np.sort(np.array(self.seeds_of(*agents[key], numbers), dtype=np.int64))
                for key, numbers in self.numbers.items()
            }
        tops: dict[tuple[str, int], int] = defaultdict(int)
        for key, numbers in self.numbers.items():
            for team, digest in enumerate(agents[key]):
                tops[digest, team] = max(tops[digest, team], int(numbers.max(initial=0)))
        tables = {(digest, team): self._keyed_seeds(digest, team, top) for (digest, team), top in tops.items()}
        found = {}
        for key, numbers in self.numbers.items():
            camera, target = agents[key]
            seeds = np.empty_like(numbers)
            is_even = numbers % 2 == 0
            seeds[is_even] = tables[target, 1][numbers[is_even] // 2]
            seeds[~is_even] = tables[camera, 0][numbers[~is_even] // 2]
            found[key] = np.sort(seeds)
        return found

    def _keyed_seeds(self, digest: str, team: int, last: int) -> Numbers:
        """Return the seeds keyed by a camera (team 0: odd numbers) or a target (1: even ones) up to number `last`."""
        numbers = range(1 - team, last + 1, 2)
        return np.array([self._seed(digest, digest, number) for number in numbers], dtype=np.int64)

    def by_agents(self) -> dict[tuple[str, str], set[int]]:
        """Return the seeds of each pairing by the digests of its camera and its target."""
        agents = self.agents()
        return {agents[key]: set(self.seeds_of(*agents[key], numbers)) for key, numbers in self.numbers.items()}

    def agents(self) -> dict[int, tuple[str, str]]:
        """Digests of camera and target by pairing key, for at least the pairings that have episodes."""
        rows = Pairing.objects.order_by()
        wanted = {"pk__in": list(self.numbers)} if len(self.numbers) < FEW else {"tournaments": self.tournament}
        columns = rows.filter(**wanted).values_list("pk", "camera__digest", "target__digest")
        return {key: (camera, target) for key, camera, target in columns}


def merge(choices: Iterable[Row]) -> dict[int, Numbers]:
    """Return the episode numbers by pairing."""
    parts: dict[int, list[Numbers]] = defaultdict(list)
    for pairing, first, count, step in choices:
        parts[pairing].append(numbers_of(first, count, step))
    return {key: arrays[0] if len(arrays) == 1 else np.unique(np.concatenate(arrays)) for key, arrays in parts.items()}


def numbers_of(first: int, count: int, step: int) -> Numbers:
    """Return the episode numbers of a choice."""
    return first + step * np.arange(count, dtype=np.int64)


def look_up(wanted: NDArray[np.int64], numbers: Numbers, found: NDArray[np.int64]) -> Numbers:
    """Return the number of each found seed; -1 where the seed is not wanted."""
    if not len(wanted):
        return np.full(len(found), -1, dtype=np.int64)
    order = np.argsort(wanted)
    place = order[np.minimum(np.searchsorted(wanted, found, sorter=order), len(wanted) - 1)]
    return np.where(wanted[place] == found, numbers[place], -1)


def seeds_of(tournament: Tournament, pairing: Pairing) -> list[int]:
    """Return the seeds of a pairing's episodes in a tournament, in the order of their numbers."""
    contents = Contents(tournament)
    return contents.seeds_of(pairing.camera.digest, pairing.target.digest, contents.numbers.get(pairing.pk, []))
