"""Ledgers: the episodes of a scenario as arrays, read once from the database and again only where rows came or went.

Rows of episodes are inserted once and never changed, and a key is never reused. A pairing whose number of rows and
whose sum of keys are unchanged therefore has the same rows, whoever wrote or deleted what, in whichever order it became
visible. Only the other pairings are read again, completely. If the table has only gained rows with higher keys since
the last look, it suffices to check the pairings of those. The rows are the only truth: nothing relies on notifications.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Count, Max
from numpy.typing import NDArray

from tournament.contents import Contents
from tournament.models import Pairing, Tournament
from tournament.payoffs import Episodes, MetaGame

KEPT_ROWS = 4_000_000
"""Maximum number of episodes that a process caches, of the most recently used ledgers; each takes 24 bytes."""
SCAN_FACTOR = 4
"""Time to find a row by its pairing, divided by the time to scan a row of the table."""
KEPT_SEEDS = 100_000
"""Maximum number of tournaments' pairings whose seeds, and the episodes with these seeds, a process caches."""
KEYS_AT_ONCE = 500
_ROW = np.dtype([("id", np.int64), ("pairing", np.int64), ("seed", np.int64), ("reward", np.float64)])
_STAMP = np.dtype([("pairing", np.int64), ("count", np.int64), ("total", np.int64)])

_EXTENT = np.dtype([("rows", np.int64), ("total", np.int64), ("newest", np.int64)])

_ARRAY_HEAD = 20
"""Bytes before the elements of a one-dimensional array: dimensions, null flag, element type, length, lower bound."""

_TABLE = "SELECT COUNT(*), CAST(COALESCE(SUM(id), 0) AS bigint), COALESCE(MAX(id), 0) FROM tournament_episode"
# SQLite counts a table without scanning it, but only if nothing else is selected. It has one writer at a time and
# assigns ascending keys: no row appears among earlier ones, so that an equal count means equal rows.
_TABLE_OF_SQLITE = (
    "SELECT (SELECT COUNT(*) FROM tournament_episode), 0, COALESCE((SELECT MAX(id) FROM tournament_episode), 0)"
)
# The plus sign keeps SQLite from scanning an index of all rows, which it would choose for being sorted by pairing.
_GROWTH = """
SELECT +pairing_id, COUNT(*), CAST(SUM(id) AS bigint) FROM tournament_episode WHERE id > {0} AND id <= {0} GROUP BY 1
"""
_STAMPS = """
SELECT pairing_id, COUNT(*), CAST(SUM(id) AS bigint) FROM tournament_episode
WHERE pairing_id IN (SELECT id FROM tournament_pairing WHERE scenario_id = {0}%s) AND engine = {0} AND device = {0}
GROUP BY pairing_id
"""
# The same for SQLite, where grouping is slower than looking up. A subquery returns one value, hence the text.
_STAMPS_AS_TEXT = """
SELECT id, (
    SELECT COUNT(*) || ' ' || SUM(id) FROM tournament_episode WHERE pairing_id = pairing.id
        AND engine = {0} AND device = {0}
) FROM tournament_pairing AS pairing WHERE scenario_id = {0}%s
"""
_ROWS = "SELECT id, pairing_id, seed, normalised_reward FROM tournament_episode WHERE engine = {0} AND device = {0}"
# The plus sign keeps databases from looking up each row by its pairing where most of the table is wanted.
_OF_SCENARIO = " AND +pairing_id IN (SELECT id FROM tournament_pairing WHERE scenario_id = {0})"


Seeds = NDArray[np.int64]
Fields = tuple[tuple[str, ...], tuple[str, ...]]
"""Digests of cameras and targets, sorted."""


class Results(NamedTuple):
    """A pairing's episodes sorted by seed, (k,) each; `reward` is the target team's normalised reward."""

    seed: Seeds
    reward: NDArray[np.float64]
    key: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_] | slice) -> Results:
        return Results(self.seed[chosen], self.reward[chosen], self.key[chosen])


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


class Stamp(NamedTuple):
    """The version of a pairing's rows: their number and the sum of their keys."""

    rows: int
    total: int


class Extent(NamedTuple):
    """The version of the whole table: number of rows, sum of their keys (0 where it is not needed) and highest key."""

    rows: int
    total: int
    newest: int


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

    def keys(self) -> NDArray[np.int64]:
        """Return the keys of all rows, in no particular order."""
        return np.concatenate([found.key for found in self.results.values()] or [NOTHING.key])

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
        episodes = Episodes(
            np.repeat(np.array([rows[pair.camera] for pair in agents], dtype=np.int64), counts),
            np.repeat(np.array([columns[pair.target] for pair in agents], dtype=np.int64), counts),
            np.concatenate([part.seed for part in parts]),
            np.concatenate([part.reward for part in parts]),
        )
        return MetaGame.from_episodes(cameras, targets, episodes)


def choose(results: Results, seeds: Seeds) -> Results:
    """Return the results with these seeds, which are sorted."""
    if np.array_equal(results.seed, seeds):
        return results
    if not len(seeds):
        return NOTHING
    places = np.minimum(np.searchsorted(seeds, results.seed), len(seeds) - 1)
    return results.where(seeds[places] == results.seed)


class Ledger:
    """The episodes of one scenario, engine version and device class, by the key of their pairing.

    `results` has the pairings with episodes at the last `refresh`; `num_read` counts the rows that it read.
    """

    def __init__(self, scenario: int, engine: str, device: str) -> None:
        self.scenario, self.engine, self.device = scenario, engine, device
        self.results: dict[int, Results] = {}
        self.agents: dict[int, Agents] = {}
        self.num_read = 0
        self._stamps: dict[int, Stamp] = {}
        self._extent: Extent | None = None  # At the last refresh.

    def __len__(self) -> int:
        return sum(stamp.rows for stamp in self._stamps.values())

    def refresh(self) -> Played:
        """Read what is new or changed, and return the present episodes."""
        parameters = (self.scenario, self.engine, self.device)
        extent = _fetch_extent()
        grown = self._find_grown(extent)
        stamps = {} if grown == set() else _fetch_stamps(*parameters, among=grown)
        if grown is None:
            for key in self.results.keys() - stamps.keys():
                del self.results[key], self._stamps[key]
        stale = {key for key, stamp in stamps.items() if self._stamps.get(key) != stamp}
        if stale:
            self._learn_agents(stale - self.agents.keys())
            self._take(self._read(stale, sum(stamps[key].rows for key in stale), extent), stale)
        self._extent = extent
        return Played(dict(self.results), self.agents)

    def _find_grown(self, now: Extent) -> set[int] | None:
        """Return the pairings, of any scenario, with rows beyond the last refresh; None if they are many or unknown."""
        before = self._extent
        if before is None:
            return None
        came = fetch(_GROWTH, (before.newest, now.newest), _STAMP)
        rows, total = before.rows + int(came["count"].sum()), before.total + int(came["total"].sum())
        if now.rows != rows or (now.total and now.total != total) or len(came) > KEYS_AT_ONCE:
            return None
        return set(came["pairing"].tolist())

    def _read(self, keys: set[int], count: int, extent: Extent) -> NDArray[Any]:
        """Read the rows of these pairings, about `count`; rows of others may be among them."""
        parameters = (self.engine, self.device)
        if count * SCAN_FACTOR > extent.newest:
            return fetch(_ROWS + _OF_SCENARIO, (*parameters, self.scenario), _ROW)
        wanted = sorted(keys)
        parts = [wanted[first : first + KEYS_AT_ONCE] for first in range(0, len(wanted), KEYS_AT_ONCE)]
        queries = [_ROWS + f" AND pairing_id IN ({', '.join(['{0}'] * len(part))})" for part in parts]
        return np.concatenate(
            [fetch(query, (*parameters, *part), _ROW) for query, part in zip(queries, parts, strict=True)]
        )

    def _take(self, rows: NDArray[Any], keys: set[int]) -> None:
        """Replace these pairings' results with the rows that were read."""
        for key in keys:
            self.results.pop(key, None)
            self._stamps.pop(key, None)
        self.num_read += len(rows)
        rows = rows[np.lexsort((rows["seed"], rows["pairing"]))]
        found, starts = np.unique(rows["pairing"], return_index=True)
        ends = np.append(starts[1:], len(rows))
        totals = np.add.reduceat(rows["id"], starts) if len(rows) else starts
        read = Results(*(rows[name].copy() for name in ("seed", "reward", "id")))
        for key, start, end, total in zip(*(column.tolist() for column in (found, starts, ends, totals)), strict=True):
            if key in keys:
                self.results[key] = read.where(slice(start, end))
                self._stamps[key] = Stamp(end - start, total)

    def _learn_agents(self, keys: set[int]) -> None:
        """Read the agents of the scenario's pairings if some of the keys are unknown."""
        if keys:
            rows = Pairing.objects.filter(scenario=self.scenario).order_by()
            columns = rows.values_list("pk", "camera__digest", "target__digest")
            self.agents.update({key: Agents(camera, target) for key, camera, target in columns})


class Own:
    """The sorted seeds of a tournament's choices by the key of the pairing, and the results last selected by them.

    Choices are only added: new ones are read, and all are read again if that does not explain their number.
    """

    def __init__(self) -> None:
        self.seeds: dict[int, Seeds] = {}
        self.chosen: dict[int, Chosen] = {}
        self._count, self._last = 0, 0

    def follow(self, tournament: Tournament) -> None:
        """Read the tournament's new choices."""
        facts = tournament.choices.aggregate(count=Count("id"), last=Max("id"))
        count, last = facts["count"], facts["last"] or 0
        if (count, last) == (self._count, self._last):
            return
        more = Contents(tournament, beyond=self._last)
        if last >= self._last and self._count + more.num_choices == count:
            new = more.sorted_seeds()
            self.seeds = self.seeds | {
                key: np.union1d(self.seeds[key], seeds) if key in self.seeds else seeds for key, seeds in new.items()
            }
        else:
            self.seeds = Contents(tournament).sorted_seeds()
        self._count, self._last = count, last


def _fetch_extent() -> Extent:
    """Return the present extent of the table."""
    query = _TABLE_OF_SQLITE if connection.vendor == "sqlite" else _TABLE
    return Extent(*fetch(query, (), _EXTENT)[0].tolist())


def _fetch_stamps(scenario: int, engine: str, device: str, among: set[int] | None) -> dict[int, Stamp]:
    """Return the stamps of a scenario's pairings that have episodes, of all or of those `among`."""
    part = "" if among is None else f" AND id IN ({', '.join(map(str, among))})"
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        found = fetch(_STAMPS % part, (scenario, engine, device), _STAMP)
        return {key: Stamp(rows, total) for key, rows, total in found.tolist()}
    with connection.wrap_database_errors:
        rows = connection.connection.execute((_STAMPS_AS_TEXT % part).format("?"), (engine, device, scenario))
        return {key: Stamp(*map(int, text.split())) for key, text in rows if text is not None}


def fetch(query: str, parameters: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return rows of 64-bit numbers as a structured array. Parameters' places are `{0}` in the query.

    Django's own layers take four times as long for a million rows.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            return _fetch_columns(query.format("%s"), parameters, dtype)
        return np.fromiter(connection.connection.execute(query.format("?"), parameters), dtype=dtype)


def _fetch_columns(query: str, parameters: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return the rows of `fetch` from PostgreSQL, which sends each column as one array in binary form."""
    from psycopg import Cursor

    names = dtype.names or ()
    columns = ", ".join(f"array_send(array_agg({name}))" for name in names)
    with Cursor(connection.connection) as cursor:
        cursor.execute(f"SELECT {columns} FROM ({query}) AS found({', '.join(names)})", parameters, binary=True)
        sent = cursor.fetchone() or ()
    if not sent or sent[0] is None:
        return np.empty(0, dtype=dtype)
    rows = np.empty((len(sent[0]) - _ARRAY_HEAD) // 12, dtype=dtype)
    for name, data in zip(names, sent, strict=True):
        element = np.dtype([("length", ">i4"), ("value", dtype[name].newbyteorder(">"))])
        rows[name] = np.frombuffer(data, dtype=element, offset=_ARRAY_HEAD)["value"]
    return rows


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
    key = (connection.settings_dict["NAME"], tournament.pk)
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
