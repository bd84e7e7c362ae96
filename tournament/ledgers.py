"""Ledgers: the episodes of a scenario as arrays, read once from the database and again only where rows came or went.

The database keeps a version of each pairing's rows (`tournament.totals`). A pairing with the same version has the same
rows, whoever wrote or deleted what, also after a backup was restored that uses the same keys for other rows. Only the
other pairings are read again, completely. The rows are the only truth: nothing relies on notifications.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Count, F, Max, QuerySet, Sum
from numpy.typing import NDArray

from tournament import packing
from tournament.contents import Contents
from tournament.models import Choice, Episode, EpisodeTotal, Pairing, Tournament
from tournament.payoffs import Episodes, MetaGame

KEPT_ROWS = 4_000_000
"""Maximum number of episodes that a process caches, of the most recently used ledgers; each takes 16 bytes."""
KEPT_SEEDS = 100_000
"""Maximum number of tournaments' pairings whose seeds, and the episodes with these seeds, a process caches."""
KEYS_AT_ONCE, ROWS_AT_ONCE = 500, 200_000
"""Maximum numbers of pairings, and about of their episodes, that one query reads."""
CHUNK = 20_000
"""Number of rows that are fetched together."""
_ROW = np.dtype([("id", np.int64), ("pairing", np.int64), ("seed", np.int64), ("reward", np.float64)])

Seeds = NDArray[np.int64]
Fields = tuple[tuple[str, ...], tuple[str, ...]]
"""Digests of cameras and targets, sorted."""


@dataclass(frozen=True, eq=False)
class Results:
    """A pairing's episodes (k,) in the order of their rows' keys; `reward` is the target team's normalised reward.

    `edges` has the edges of the runs of these keys (`packing.find_edges`), which take less memory than the keys: a
    block's rows are saved together.
    """

    seed: Seeds
    reward: NDArray[np.float64]
    edges: packing.Integers

    def where(self, chosen: NDArray[np.bool_]) -> Results:
        keys = packing.list_keys(self.edges)
        return Results(self.seed[chosen], self.reward[chosen], packing.find_edges(keys[chosen]))


NOTHING = Results(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int64))


class Chosen(NamedTuple):
    """A pairing's results with wanted seeds, together with the results and seeds from which they were selected."""

    of: Results
    seeds: Seeds
    found: Results


class Agents(NamedTuple):
    """Digests of a pairing's camera and target."""

    camera: str
    target: str


class Played(NamedTuple):
    """Episodes by the key of their pairing, and the pairings' agents."""

    results: Mapping[int, Results]
    agents: Mapping[int, Agents]

    def only(self, wanted: Mapping[int, Seeds], chosen: dict[int, Chosen] | None = None) -> Played:
        """Return the episodes with the wanted seeds, which are sorted by pairing; empty pairings are left out.

        `chosen` caches selections by the pairing's key: one is reused if it was made from the same results and seeds.
        """
        chosen = {} if chosen is None else chosen
        found = {}
        for key, seeds in wanted.items():
            results = self.results.get(key)
            if results is None:
                continue
            earlier = chosen.get(key)
            if earlier is None or earlier.of is not results or earlier.seeds is not seeds:
                earlier = chosen[key] = Chosen(results, seeds, choose(results, seeds))
            if len(earlier.found.seed):
                found[key] = earlier.found
        return Played(found, self.agents)

    def pack_keys(self) -> bytes:
        """Return the packed keys of all rows (`packing.pack`)."""
        return packing.pack(found.edges for found in self.results.values())

    def cells(self, fields: Fields) -> dict[tuple[int, int], Results]:
        """Return the episodes by the places of camera and target in `fields`."""
        rows, columns = ({digest: number for number, digest in enumerate(field)} for field in fields)
        agents = {key: self.agents[key] for key in self.results}
        return {(rows[pair.camera], columns[pair.target]): self.results[key] for key, pair in agents.items()}

    def fields(self) -> Fields:
        """Return the agents that have played."""
        agents = [self.agents[key] for key in self.results]
        return tuple(sorted({pair.camera for pair in agents})), tuple(sorted({pair.target for pair in agents}))

    def meta_game(self, fields: Fields | None = None) -> MetaGame:
        """Return the meta-game: agents sorted by digest, episodes by camera, target and seed.

        `fields` are its agents; by default those that have played.
        """
        cameras, targets = fields or self.fields()
        rows, columns = ({digest: number for number, digest in enumerate(field)} for field in (cameras, targets))
        keys = sorted(self.results, key=self.agents.__getitem__)
        agents = [self.agents[key] for key in keys]
        counts = [len(self.results[key].seed) for key in keys]
        parts = [self.results[key] for key in keys] or [NOTHING]
        orders = [np.argsort(part.seed) for part in parts]
        episodes = Episodes(
            np.repeat(np.array([rows[pair.camera] for pair in agents], dtype=np.int64), counts),
            np.repeat(np.array([columns[pair.target] for pair in agents], dtype=np.int64), counts),
            np.concatenate([part.seed[order] for part, order in zip(parts, orders, strict=True)]),
            np.concatenate([part.reward[order] for part, order in zip(parts, orders, strict=True)]),
        )
        return MetaGame.from_episodes(cameras, targets, episodes)


def choose(results: Results, seeds: Seeds) -> Results:
    """Return the results with these seeds, which are sorted."""
    if not len(seeds):
        return NOTHING
    places = np.minimum(np.searchsorted(seeds, results.seed), len(seeds) - 1)
    chosen = seeds[places] == results.seed
    return results if chosen.all() else results.where(chosen)


class Ledger:
    """The episodes of one scenario, engine version and device class, by the key of their pairing.

    `results` has the pairings with episodes at the last `refresh`; `num_read` counts the rows that it read.
    """

    def __init__(self, scenario: int, engine: str, device: str) -> None:
        self.scenario, self.engine, self.device = scenario, engine, device
        self.results: dict[int, Results] = {}
        self.agents: dict[int, Agents] = {}
        self.num_read = 0
        self._versions: dict[int, str] = {}

    def __len__(self) -> int:
        return sum(len(found.seed) for found in self.results.values())

    def refresh(self) -> Played:
        """Read what is new or changed, and return the present episodes."""
        totals = EpisodeTotal.objects.filter(pairing__scenario=self.scenario, engine=self.engine, device=self.device)
        rows = totals.filter(count__gt=0).order_by("pairing_id").values_list("pairing_id", "version", "count")
        versions = {key: version for key, version, _ in rows}
        stale = {key: count for key, version, count in rows if self._versions.get(key) != version}
        for key in self._versions.keys() - versions.keys() | stale.keys():
            self.results.pop(key, None)
        for keys in _divide(stale):
            self._read(keys)
        # Rows may be newer than the versions, which were read before: such pairings are read once more.
        self._versions = versions
        return Played(dict(self.results), dict(self.agents))

    def _read(self, keys: list[int]) -> None:
        """Read the rows of these pairings."""
        for key, camera, target in Pairing.objects.filter(pk__in=keys).values_list(
            "pk", "camera__digest", "target__digest"
        ):
            self.agents[key] = Agents(camera, target)
        episodes = Episode.objects.filter(engine=self.engine, device=self.device, pairing__in=keys).order_by()
        columns = episodes.values_list("id", "pairing_id", "seed", "normalised_reward")
        rows = np.fromiter(columns.iterator(chunk_size=CHUNK), dtype=_ROW)
        self.num_read += len(rows)
        rows = rows[np.lexsort((rows["id"], rows["pairing"]))]
        found, starts = np.unique(rows["pairing"], return_index=True)
        ends = np.append(starts[1:], len(rows))
        seed, reward = rows["seed"].copy(), rows["reward"].copy()
        narrow = rows["id"].astype(np.min_scalar_type(-2 - rows["id"].max(initial=0)))
        for key, start, end in zip(*(column.tolist() for column in (found, starts, ends)), strict=True):
            edges = packing.find_edges(narrow[start:end])
            self.results[key] = Results(seed[start:end], reward[start:end], edges)


def _divide(counts: dict[int, int]) -> Iterator[list[int]]:
    """Yield pairings, given their numbers of episodes, in parts that one query reads."""
    number = np.cumsum(np.array([*counts.values()], np.int64) + ROWS_AT_ONCE // KEYS_AT_ONCE) // ROWS_AT_ONCE
    for _, part in groupby(zip(number.tolist(), counts, strict=True), itemgetter(0)):
        yield [key for _, key in part]


class Own:
    """The sorted seeds of a tournament's choices by the key of the pairing, and the results last selected by them.

    Choices are only added: new ones are read, and all are read again if that does not explain their number, or if a
    restored backup has others in their place.
    """

    def __init__(self) -> None:
        self.seeds: dict[int, Seeds] = {}
        self.chosen: dict[int, Chosen] = {}
        self._facts: dict[str, int | None] = {}

    def follow(self, tournament: Tournament) -> None:
        """Read the tournament's new choices."""
        facts = _summarise(tournament.choices.all())
        if facts == self._facts:
            return
        known = self._facts.get("last") or 0
        is_grown = known > 0 and _summarise(tournament.choices.filter(pk__lte=known)) == self._facts
        more = Contents(tournament, beyond=known if is_grown else 0)
        if is_grown and (self._facts["count"] or 0) + more.num_choices == facts["count"]:
            new = more.sorted_seeds()
            self.seeds = self.seeds | {
                key: np.union1d(self.seeds[key], seeds) if key in self.seeds else seeds for key, seeds in new.items()
            }
        else:
            self.seeds = Contents(tournament).sorted_seeds()
        self._facts = facts


def _summarise(choices: QuerySet[Choice]) -> dict[str, int | None]:
    """Return figures of choices that differ where the choices do."""
    return choices.aggregate(
        count=Count("id"), last=Max("id"), pairings=Sum(F("id") * F("pairing")), firsts=Sum(F("id") * F("first"))
    )


# The cache of this process

_kept: OrderedDict[tuple[Any, ...], Ledger] = OrderedDict()
_own: OrderedDict[tuple[Any, ...], Own] = OrderedDict()
_lock = threading.RLock()


def read(scenario: int, engine: str, device: str) -> Played:
    """Return the present episodes of a scenario.

    Rows that are read inside a transaction are not cached: others may not see them, and they may be rolled back.
    """
    if connection.in_atomic_block:
        return Ledger(scenario, engine, device).refresh()
    key = (connection.settings_dict["NAME"], scenario, engine, device)
    with _lock:
        ledger = _kept.setdefault(key, Ledger(scenario, engine, device))
        _kept.move_to_end(key)
        played = ledger.refresh()
        while len(_kept) > 1 and sum(map(len, _kept.values())) > KEPT_ROWS:
            _kept.popitem(last=False)
        return played


def read_own(tournament: Tournament, device: str) -> Played:
    """Return a tournament's own present episodes: those of its engine with the seeds of its choices."""
    played = read(tournament.scenario_id, tournament.engine, device)
    if connection.in_atomic_block:
        return played.only(seeds_of(tournament))
    with _lock:
        own = _follow(tournament)
        return played.only(own.seeds, own.chosen)


def seeds_of(tournament: Tournament) -> dict[int, Seeds]:
    """Return the sorted seeds of a tournament's choices by the key of the pairing."""
    if connection.in_atomic_block:
        return Contents(tournament).sorted_seeds()
    with _lock:
        return _follow(tournament).seeds


def _follow(tournament: Tournament) -> Own:
    """Return the cached seeds of a tournament, updated with its present choices."""
    key = (connection.settings_dict["NAME"], tournament.pk, tournament.created)
    _own.setdefault(key, Own()).follow(tournament)
    _own.move_to_end(key)
    while len(_own) > 1 and sum(len(own.seeds) for own in _own.values()) > KEPT_SEEDS:
        _own.popitem(last=False)
    return _own[key]


def forget() -> None:
    """Clear the cache of this process; the next call reads every row."""
    with _lock:
        _kept.clear()
        _own.clear()
