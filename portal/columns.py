"""The columns of a leaderboard: what they are called, what they say, and how the board is sorted by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tournament.boards import Line

Key = Callable[[Line], Any]


@dataclass(frozen=True)
class Column:
    """A column. `help` is its place on the help page; `key` sorts by it, best first, and is None for a picture.

    Columns that `is_extra` are shown among more figures only.
    """

    name: str
    label: str
    tip: str
    help: str
    key: Key | None = None
    is_extra: bool = False
    is_text: bool = False
    is_wide: bool = False

    @property
    def is_sortable(self) -> bool:
        return self.key is not None


def most(name: str) -> Key:
    """Sorts by a figure of the rating, the largest first."""

    def key(line: Line) -> float | None:
        figure = getattr(line.rating, name)
        return None if figure is None else -figure

    return key


def by_nash(line: Line) -> tuple[float, float] | None:
    """By payoff against the other team's equilibrium strategy; those that are played, whose is equal, by their share."""
    mass, skill = line.rating.nash_mass, line.rating.nash_skill
    return None if mass is None or skill is None else (round(-skill, 9), -mass)


COLUMNS = (
    Column(
        "rank",
        "Rank",
        "The place by Elo; below it the places that cannot be excluded. A click shows why.",
        "ranks",
        lambda line: line.rating.rank,
    ),
    Column("agent", "Agent", "Sorted by name.", "ratings", lambda line: line.agent.name.lower(), is_text=True),
    Column(
        "elo",
        "Elo",
        "How often it does better than others of its team, from the same seed against the same opponent. 400 points are odds of ten to one; the greedy agent has 1000.",
        "elo",
        most("rating"),
    ),
    Column(
        "interval",
        "95 %",
        "Where the true Elo lies with 95 % confidence. The upright line is 1000.",
        "intervals",
        is_text=True,
        is_wide=True,
    ),
    Column(
        "first",
        "P(best)",
        "How probable it is that no agent of the team is better.",
        "first",
        most("first_probability"),
        is_wide=True,
    ),
    Column(
        "nash",
        "Nash",
        "Its share in the team's equilibrium strategy; below it how often it has any share when episodes are drawn anew.",
        "nash",
        by_nash,
    ),
    Column(
        "margin",
        "Margin",
        "A rating by how much of the reward it gets, not by how often it does better.",
        "margin",
        most("margin"),
        is_extra=True,
    ),
    Column(
        "skill",
        "Nash skill",
        "Its payoff against the other team's equilibrium strategy, less what the game is worth: 0 for those that are played.",
        "nash",
        most("nash_skill"),
        is_extra=True,
    ),
    Column(
        "deviation",
        "Deviation",
        "Deviation rating: its payoff against the strictest equilibrium of the other team, less the game's value. Copies of agents do not move it.",
        "deviation",
        most("deviation"),
        is_extra=True,
    ),
    Column(
        "payoff",
        "Payoff",
        "Its own mean payoff over the opponents it met, with the standard error.",
        "payoff",
        most("payoff"),
        is_extra=True,
    ),
    Column(
        "worst",
        "Hardest",
        "The opponent against which its payoff is least.",
        "payoff",
        is_extra=True,
        is_text=True,
    ),
    Column(
        "episodes",
        "Episodes",
        "Episodes it played here, and how many opponents they were against.",
        "ratings",
        most("num_episodes"),
        is_extra=True,
    ),
)

SORTS = {column.name: column.key for column in COLUMNS if column.key is not None}


def choose_columns(asked: Mapping[str, str]) -> list[Column]:
    """The columns to be shown: few, or all with figures=all."""
    return [column for column in COLUMNS if shows_all(asked) or not column.is_extra]


def shows_all(asked: Mapping[str, str]) -> bool:
    return asked.get("figures") == "all"


def chosen_sort(asked: Mapping[str, str]) -> str:
    """The name of the column to sort by; that of the rank unless another is asked for."""
    name = asked.get("sort", "")
    return name if name in SORTS else "rank"


def sort_lines(lines: tuple[Line, ...], sort: str) -> tuple[Line, ...]:
    """The lines sorted by a column, those without a figure last; equal ones stay as they are."""
    key = SORTS[sort]

    def place(line: Line) -> tuple[bool, Any]:
        figure = key(line)
        return (True, 0) if figure is None else (False, figure)

    return tuple(sorted(lines, key=place))
