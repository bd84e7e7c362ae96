"""Ledgers: the episodes of a scenario as arrays, read from the database once and again only where rows came or went.

Rows of episodes are inserted once and never changed, and a key is never given twice. So a pairing whose number of rows and whose sum of
keys are what they were when it was read has the same rows, whoever wrote or deleted what and in whichever order it became visible: only
other pairings are read again, as a whole. Where the whole table has just the rows of the last look and others with higher keys, it is enough
to ask this of the pairings that these are of. Nothing is taken on trust, and nothing but the rows is the truth.
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
"""Episodes that a process keeps, of the ledgers it used last; each takes 24 bytes."""
SCAN_FACTOR = 4
"""Finding a row by its pairing takes about as long as passing by this many rows of the table."""
KEPT_SEEDS = 100_000
"""Pairings of tournaments whose seeds, and the episodes that these chose, a process keeps."""
KEYS_AT_ONCE = 500
_ROW = np.dtype([("id", np.int64), ("pairing", np.int64), ("seed", np.int64), ("reward", np.float64)])
_STAMP = np.dtype([("pairing", np.int64), ("count", np.int64), ("total", np.int64)])

_EXTENT = np.dtype([("rows", np.int64), ("total", np.int64), ("newest", np.int64)])

_ARRAY_HEAD = 20
"""Bytes before the elements of an array of one dimension: dimensions, whether any is null, the type, the length, the lower bound."""

_TABLE = "SELECT COUNT(*), CAST(COALESCE(SUM(id), 0) AS bigint), COALESCE(MAX(id), 0) FROM tournament_episode"
# SQLite counts a table without passing by its rows, but only if nothing else is asked. It has one writer at a time, and gives keys in ascending
# order: no row appears among earlier ones, and as many as before are the same.
_TABLE_OF_SQLITE = (
    "SELECT (SELECT COUNT(*) FROM tournament_episode), 0, COALESCE((SELECT MAX(id) FROM tournament_episode), 0)"
)
# The sign keeps SQLite from going through an index of all rows, for their being in the order of pairings there.
_GROWTH = """
SELECT +pairing_id, COUNT(*), CAST(SUM(id) AS bigint) FROM tournament_episode WHERE id > {0} AND id <= {0} GROUP BY 1
"""
_STAMPS = """
SELECT pairing_id, COUNT(*), CAST(SUM(id) AS bigint) FROM tournament_episode
WHERE pairing_id IN (SELECT id FROM tournament_pairing WHERE scenario_id = {0}%s) AND engine = {0} AND device = {0}
GROUP BY pairing_id
"""
# The same of SQLite, which groups more slowly than it looks up; nothing can tell two numbers at once but a text.
_STAMPS_AS_TEXT = """
SELECT id, (
    SELECT COUNT(*) || ' ' || SUM(id) FROM tournament_episode WHERE pairing_id = pairing.id AND engine = {0} AND device = {0}
) FROM tournament_pairing AS pairing WHERE scenario_id = {0}%s
"""
_ROWS = "SELECT id, pairing_id, seed, normalised_reward FROM tournament_episode WHERE engine = {0} AND device = {0}"
# The sign keeps databases from looking up each row by its pairing, where most of the table is wanted.
_OF_SCENARIO = " AND +pairing_id IN (SELECT id FROM tournament_pairing WHERE scenario_id = {0})"


Seeds = NDArray[np.int64]
Fields = tuple[tuple[str, ...], tuple[str, ...]]
"""Digests of cameras and targets, sorted."""


class Results(NamedTuple):
    """A pairing's episodes in the order of their seeds, (k,) each; `reward` is the target team's normalised reward, `key` the row's."""

    seed: Seeds
    reward: NDArray[np.float64]
    key: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_] | slice) -> Results:
        return Results(self.seed[chosen], self.reward[chosen], self.key[chosen])


NOTHING = Results(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int64))


class Chosen(NamedTuple):
    """The results of a pairing that have wanted seeds, and of which results and seeds they are."""

    of: Results
    seeds: Seeds
    found: Results


class Agents(NamedTuple):
    """Digests of a pairing's camera and target."""

    camera: str
    target: str


class Stamp(NamedTuple):
    """What tells whether a pairing's rows are still those that were read: how many they are, and the sum of their keys."""

    rows: int
    total: int


class Extent(NamedTuple):
    """The whole table at one moment: how many rows it had, the sum of their keys (0 where nothing hangs on it) and the highest of them."""

    rows: int
    total: int
    newest: int


class Played(NamedTuple):
    """Episodes by the key of their pairing, and whom the pairings are of."""

    results: Mapping[int, Results]
    agents: Mapping[int, Agents]

    def only(self, wanted: Mapping[int, Seeds], chosen: dict[int, Chosen] | None = None) -> Played:
        """The episodes with the wanted seeds, which are given sorted by pairing; pairings without any are left out.

        `chosen` has what was chosen earlier, by the pairing's key: it is taken again where it was of the very same results and seeds.
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
        """Keys of all their rows, in no particular order."""
        return np.concatenate([found.key for found in self.results.values()] or [NOTHING.key])

    def fields(self) -> Fields:
        """Who has played."""
        agents = [self.agents[key] for key in self.results]
        return tuple(sorted({pair.camera for pair in agents})), tuple(sorted({pair.target for pair in agents}))

    def meta_game(self, fields: Fields | None = None) -> MetaGame:
        """Their meta-game: agents in the order of their digests, episodes in that of camera, target and seed.

        `fields` are the agents that are in it; by default those that have played.
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
    """The results with these seeds, which are sorted."""
    if np.array_equal(results.seed, seeds):
        return results
    if not len(seeds):
        return NOTHING
    places = np.minimum(np.searchsorted(seeds, results.seed), len(seeds) - 1)
    return results.where(seeds[places] == results.seed)


class Ledger:
    """The episodes of one scenario, engine version and device class, by the key of their pairing.

    `results` has the pairings that had episodes at the last `refresh`, `num_read` counts the rows that were read for it.
    """

    def __init__(self, scenario: int, engine: str, device: str) -> None:
        self.scenario, self.engine, self.device = scenario, engine, device
        self.results: dict[int, Results] = {}
        self.agents: dict[int, Agents] = {}
        self.num_read = 0
        self._stamps: dict[int, Stamp] = {}
        self._extent: Extent | None = None  # At the last look.

    def __len__(self) -> int:
        return sum(stamp.rows for stamp in self._stamps.values())

    def refresh(self) -> Played:
        """The episodes as they are now, once what is new or not the same was read."""
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
        """The pairings, of any scenario, that have rows beyond those of the last look; None if more may have happened, or there are many."""
        before = self._extent
        if before is None:
            return None
        came = fetch(_GROWTH, (before.newest, now.newest), _STAMP)
        rows, total = before.rows + int(came["count"].sum()), before.total + int(came["total"].sum())
        if now.rows != rows or (now.total and now.total != total) or len(came) > KEYS_AT_ONCE:
            return None
        return set(came["pairing"].tolist())

    def _read(self, keys: set[int], count: int, extent: Extent) -> NDArray[Any]:
        """Rows of these pairings, about `count`; rows of others may be among them."""
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
        """Replace these pairings' results by what was read of them."""
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
        """Read which agents the scenario's pairings are of, if some of the keys are not known yet."""
        if keys:
            rows = Pairing.objects.filter(scenario=self.scenario).order_by()
            columns = rows.values_list("pk", "camera__digest", "target__digest")
            self.agents.update({key: Agents(camera, target) for key, camera, target in columns})


class Own:
    """The seeds of a tournament's choices, sorted, by the key of the pairing, and what they chose last.

    Choices are only ever added: those that are new are read, and all if that does not explain their number.
    """

    def __init__(self) -> None:
        self.seeds: dict[int, Seeds] = {}
        self.chosen: dict[int, Chosen] = {}
        self._count, self._last = 0, 0

    def follow(self, tournament: Tournament) -> None:
        """Take in the choices that there are now."""
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
    """What the table has now."""
    query = _TABLE_OF_SQLITE if connection.vendor == "sqlite" else _TABLE
    return Extent(*fetch(query, (), _EXTENT)[0].tolist())


def _fetch_stamps(scenario: int, engine: str, device: str, among: set[int] | None) -> dict[int, Stamp]:
    """Stamps of a scenario's pairings that have episodes: of all, or of those `among` the given."""
    part = "" if among is None else f" AND id IN ({', '.join(map(str, among))})"
    connection.ensure_connection()
    if connection.vendor != "sqlite":
        found = fetch(_STAMPS % part, (scenario, engine, device), _STAMP)
        return {key: Stamp(rows, total) for key, rows, total in found.tolist()}
    with connection.wrap_database_errors:
        rows = connection.connection.execute((_STAMPS_AS_TEXT % part).format("?"), (engine, device, scenario))
        return {key: Stamp(*map(int, text.split())) for key, text in rows if text is not None}


def fetch(query: str, parameters: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Rows of 64-bit numbers as a structured array. Places of parameters are `{0}` in the query.

    A million rows through Django's own layers take four times as long.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            return _fetch_columns(query.format("%s"), parameters, dtype)
        return np.fromiter(connection.connection.execute(query.format("?"), parameters), dtype=dtype)


def _fetch_columns(query: str, parameters: Sequence[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The same from PostgreSQL, which sends each column as one array in its binary form."""
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


# What this process keeps

_kept: OrderedDict[tuple[Any, ...], Ledger] = OrderedDict()
_own: OrderedDict[tuple[Any, ...], Own] = OrderedDict()
_lock = threading.RLock()


def read(scenario: int, engine: str, device: str) -> Played:
    """The episodes of a scenario as they are now.

    What is read inside a transaction is not kept: others may not see it, and it may yet be undone.
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
    """A tournament's own episodes as they are now: those of its engine with the seeds of its choices."""
    played = read(tournament.scenario_id, tournament.engine, device)
    if connection.in_atomic_block:
        return played.only(seeds_of(tournament))
    with _lock:
        own = _follow(tournament)
        return played.only(own.seeds, own.chosen)


def seeds_of(tournament: Tournament) -> dict[int, Seeds]:
    """The seeds of a tournament's choices, sorted, by the key of the pairing."""
    if connection.in_atomic_block:
        return Contents(tournament).sorted_seeds()
    with _lock:
        return _follow(tournament).seeds


def _follow(tournament: Tournament) -> Own:
    """What is kept of a tournament, with its present choices."""
    key = (connection.settings_dict["NAME"], tournament.pk)
    _own.setdefault(key, Own()).follow(tournament)
    _own.move_to_end(key)
    while len(_own) > 1 and sum(len(own.seeds) for own in _own.values()) > KEPT_SEEDS:
        _own.popitem(last=False)
    return _own[key]


def forget() -> None:
    """Drop what this process keeps; the next reading is of every row."""
    with _lock:
        _kept.clear()
        _own.clear()
