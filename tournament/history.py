"""How an agent's rating came to be what it is: its line on the numbered snapshots of a scenario's board."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tournament import boards
from tournament.models import Agent, RatingSnapshot, Scenario
from tournament.ratings import AgentRating

LONGEST = 60
"""Of more snapshots than this, evenly spaced ones are shown, and all at which the code or the engine changed."""


@dataclass(frozen=True)
class Point:
    """The agent's line on one snapshot; `changes` says what other code or engine it was made with than the one before."""

    snapshot: RatingSnapshot
    rating: AgentRating
    changes: str = ""


def history_of(agent: Agent, scenario: Scenario, longest: int = LONGEST) -> list[Point]:
    """The agent's ratings in a scenario, oldest first."""
    versions = {
        number: (code, engine)
        for number, code, engine in boards.snapshots_of(scenario)
        .order_by("number")
        .values_list("number", "code", "engine")
    }
    changes = _changes(versions)
    wanted = boards.snapshots_of(scenario).filter(number__in=_thin(list(versions), set(changes), longest))
    lines = boards.lines_of(wanted.order_by("number"), agent)
    return [Point(snapshot, line, changes.get(snapshot.number, "")) for snapshot, line in lines]


def _changes(versions: dict[int, tuple[str, str]]) -> dict[int, str]:
    """The numbers of the snapshots that were made by other code than the one before, and what changed."""
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
    """Evenly spaced numbers, the first and the last among them, and those to be kept."""
    if len(numbers) <= longest:
        return numbers
    step = (len(numbers) - 1) / (longest - 1)
    chosen = {numbers[round(index * step)] for index in range(longest)}
    return sorted(chosen | kept)
