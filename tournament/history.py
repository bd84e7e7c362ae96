"""The history of an agent's rating: its line on the numbered snapshots of a scenario's board."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tournament import boards
from tournament.models import Agent, RatingSnapshot, Scenario
from tournament.ratings import AgentRating

LONGEST = 60
"""Maximum number of snapshots shown: evenly spaced ones, and all at which the code or the engine changed."""


@dataclass(frozen=True)
class Point:
    """The agent's line on one snapshot; `changes` names what code or engine is new since the previous snapshot."""

    snapshot: RatingSnapshot
    rating: AgentRating
    changes: str = ""


def history_of(agent: Agent, scenario: Scenario, longest: int = LONGEST) -> list[Point]:
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
    return [Point(snapshot, line, changes.get(snapshot.number, "")) for snapshot, line in lines]


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
