"""The history of an agent's rating: its line on the numbered snapshots of a scenario's board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache
from django.db.models.fields.json import KeyTransform

from tournament import boards
from tournament.models import Agent, RatingSnapshot, Scenario
from tournament.ratings import AgentRating

LONGEST = 60
"""Maximum number of snapshots shown: evenly spaced ones, and all at which the code or the engine changed."""

TREND = 12
"""Snapshots of a trend: evenly spaced ones, the newest among them."""
MOVE_SINCE = timedelta(days=1)
"""Age of the snapshot with which ranks are compared."""


class HistoryPlace(NamedTuple):
    """An agent's place on a snapshot."""

    rank: int | None
    rating: float | None


Places = Mapping[str, HistoryPlace]
"""The places of a team's agents on a snapshot, by digest."""


@dataclass(frozen=True)
class Past:
    """Earlier figures of a board's agents, by digest: places up since a day ago, and ratings, oldest first."""

    moves: Mapping[str, int]
    trends: Mapping[str, list[float]]


@dataclass(frozen=True)
class HistoryPoint:
    """The agent's line on one snapshot; `changes` names what code or engine is new since the previous snapshot."""

    snapshot: RatingSnapshot
    rating: AgentRating
    changes: str = ""


def history_of(agent: Agent, scenario: Scenario, longest: int = LONGEST) -> list[HistoryPoint]:
    """Return the agent's ratings in a scenario, oldest first."""
    versions = {
        number: (code, engine)
        for number, code, engine in boards.snapshots_of(scenario)
        .order_by("number")
        .values_list("number", "code", "engine")
    }
    changes = _changes(versions)
    wanted = boards.snapshots_of(scenario).filter(number__in=_thin(list(versions), set(changes), longest))
    lines = boards.lines_of(wanted.order_by("number"), agent)
    return [HistoryPoint(snapshot, line, changes.get(snapshot.number, "")) for snapshot, line in lines]


def _changes(versions: dict[int, tuple[str, str]]) -> dict[int, str]:
    """Return the numbers of the snapshots with other code or engine than the previous one, and what changed."""
    found = {}
    numbers = list(versions)
    for before, number in pairwise(numbers):
        names = ("rating code", "engine")
        parts = [
            f"{name} {old} → {new}"
            for name, old, new in zip(names, versions[before], versions[number], strict=True)
            if old != new
        ]
        if parts:
            found[number] = ", ".join(parts)
    return found


def _thin(numbers: list[int], kept: set[int], longest: int) -> list[int]:
    """Return evenly spaced numbers, including the first, the last and those to be kept."""
    if len(numbers) <= longest:
        return numbers
    step = (len(numbers) - 1) / (longest - 1)
    chosen = {numbers[round(index * step)] for index in range(longest)}
    return sorted(chosen | kept)


def past_of(snapshot: RatingSnapshot, team: str) -> Past:
    """Return the change of rank and the earlier ratings of a team's agents on a snapshot."""
    earlier = boards.snapshots_of(snapshot.tournament or snapshot.scenario).filter(number__lte=snapshot.number)
    keys = {number: (pk, created) for pk, number, created in earlier.values_list("pk", "number", "created")}
    numbers = sorted(keys)
    shown = _thin(numbers, set(), TREND)
    before = [number for number in numbers if keys[number][1] <= snapshot.created - MOVE_SINCE][-1:]
    places = _read_places([keys[number] for number in {*shown, *before}], team)
    tables = [places[keys[number][0]] for number in shown]
    trends: dict[str, list[float]] = {}
    for table in tables:
        for digest, place in table.items():
            if place.rating is not None:
                trends.setdefault(digest, []).append(place.rating)
    then = places[keys[before[0]][0]] if before else {}
    return Past(dict(_find_moves(then, tables[-1] if tables else {})), trends)


def _find_moves(earlier: Places, now: Places) -> list[tuple[str, int]]:
    """Return the number of places by which each agent moved up (negative: down), without agents that did not move."""
    found = []
    for digest, place in now.items():
        before = earlier.get(digest)
        if before and before.rank is not None and place.rank is not None and before.rank != place.rank:
            found.append((digest, before.rank - place.rank))
    return found


_known: LRUCache[tuple[int, datetime, str], Places] = LRUCache(maxsize=256)
"""Cache of the places on snapshots, which never change, by key, moment (which distinguishes reused keys) and team."""
_lock = Lock()


def _read_places(snapshots: Sequence[tuple[int, datetime]], team: str) -> dict[int, Places]:
    """Return the places of a team's agents on some snapshots (key, moment), by the snapshots' keys."""
    with _lock:
        found = {key: _known[key, created, team] for key, created in snapshots if (key, created, team) in _known}
    moments = {key: created for key, created in snapshots if key not in found}
    if moments:
        rows = RatingSnapshot.objects.filter(pk__in=moments).annotate(lines=KeyTransform(f"{team}s", "table"))
        for key, lines in rows.values_list("pk", "lines"):
            found[key] = {line["digest"]: HistoryPlace(line.get("rank"), line.get("rating")) for line in lines or ()}
            with _lock:
                _known[key, moments[key], team] = found[key]
    return found
