"""The columns of a leaderboard: their labels, explanations and sort keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tournament.boards import BoardLine

Key = Callable[[BoardLine], Any]


@dataclass(frozen=True)
class BoardColumn:
    """A column of a leaderboard.

    `help` is its anchor on the help page; `key` sorts by it, best first, and is None for charts. `is_extra` columns are
    shown only with all figures, `is_brief` columns only without; `is_wide` columns are hidden on phones.
    """

    name: str
    label: Any
    tip: Any
    help: str
    key: Key | None = None
    is_extra: bool = False
    is_text: bool = False
    is_wide: bool = False
    is_brief: bool = False

    @property
    def is_sortable(self) -> bool:
        return self.key is not None


def most(name: str) -> Key:
    """Return the sort key for a field of the rating, largest first."""

    def key(line: BoardLine) -> float | None:
        figure = getattr(line.rating, name)
        return None if figure is None else -figure

    return key


def by_nash(line: BoardLine) -> tuple[float, float] | None:
    """Return the sort key by payoff against the other team's equilibrium strategy, then by share in the own one."""
    mass, skill = line.rating.nash_mass, line.rating.nash_skill
    return None if mass is None or skill is None else (round(-skill, 9), -mass)


COLUMNS = (
    BoardColumn(
        "rank",
        _("Rank"),
        # xgettext:no-python-format
        _("The place by Elo; below it the 95 % interval of the rank. The link compares the agent with its neighbour."),
        "ranks",
        lambda line: line.rating.rank,
    ),
    BoardColumn(
        "agent", _("Agent"), _("Sorted by name."), "ratings", lambda line: line.agent.name.lower(), is_text=True
    ),
    BoardColumn(
        "elo",
        _("Elo"),
        _(
            "How often the agent does better than others of its team, from the same seed against the same opponent. "
            "400 points are odds of ten to one; the greedy agent has 1000."
        ),
        "elo",
        most("rating"),
    ),
    BoardColumn(
        "interval",
        # xgettext:no-python-format
        _("95 % interval"),
        # xgettext:no-python-format
        _("Where the true Elo lies with 95 % confidence. The upright line is 1000; an arrow leads beyond the axis."),
        "intervals",
        is_text=True,
        is_wide=True,
    ),
    BoardColumn(
        "first",
        _("P(best)"),
        _("The probability that no agent of the team is better."),
        "first",
        most("first_probability"),
        is_wide=True,
    ),
    BoardColumn(
        "nash",
        _("Nash"),
        _("The agent's probability in its team's Nash equilibrium strategy."),
        "nash",
        by_nash,
    ),
    BoardColumn(
        "margin",
        _("Margin"),
        _("A rating by how much of the reward the agent gets, not by how often it does better."),
        "margin",
        most("margin"),
        is_extra=True,
    ),
    BoardColumn(
        "skill",
        _("Nash skill"),
        _(
            "The agent's payoff against the other team's equilibrium strategy, minus the value of the game: "
            "0 for agents in the equilibrium."
        ),
        "nash",
        most("nash_skill"),
        is_extra=True,
    ),
    BoardColumn(
        "deviation",
        _("Deviation"),
        _(
            "Deviation rating: the agent's payoff against the strictest equilibrium of the other team, minus the value "
            "of the game. Copies of agents do not change it."
        ),
        "deviation",
        most("deviation"),
        is_extra=True,
    ),
    BoardColumn(
        "payoff",
        _("Payoff"),
        _("The agent's own mean payoff over the opponents that it met, with the standard error."),
        "payoff",
        most("payoff"),
        is_extra=True,
    ),
    BoardColumn(
        "worst",
        _("Hardest"),
        _("The opponent against which the agent's payoff is lowest."),
        "payoff",
        is_extra=True,
        is_text=True,
    ),
    BoardColumn(
        "exploitability",
        _("Exploitability"),
        _(
            "What the best attacker that was trained against the agent gains beyond the value of the game, on fresh "
            "seeds: at least so much can be gained. Empty where nobody attacked the agent."
        ),
        "exploitability",
        is_extra=True,
    ),
    BoardColumn(
        "episodes",
        _("Episodes"),
        _("The number of episodes that the agent played here."),
        "ratings",
        most("num_episodes"),
        is_wide=True,
    ),
    BoardColumn("trend", _("Trend"), _("Elo on the latest snapshots."), "snapshots", is_brief=True, is_wide=True),
)

SORTS = {column.name: column.key for column in COLUMNS if column.key is not None}


def choose_columns(asked: Mapping[str, str]) -> list[BoardColumn]:
    """Return the columns to show: a few, or all with `figures=all`."""
    return [column for column in COLUMNS if not (column.is_brief if shows_all(asked) else column.is_extra)]


def shows_all(asked: Mapping[str, str]) -> bool:
    return asked.get("figures") == "all"


def chosen_sort(asked: Mapping[str, str]) -> str:
    """Return the name of the column to sort by; "rank" is the default."""
    name = asked.get("sort", "")
    return name if name in SORTS else "rank"


def sort_lines(lines: tuple[BoardLine, ...], sort: str) -> tuple[BoardLine, ...]:
    """Return the lines in a stable sort by a column; lines without a value come last."""
    key = SORTS[sort]

    def place(line: BoardLine) -> tuple[bool, Any]:
        figure = key(line)
        return (True, 0) if figure is None else (False, figure)

    return tuple(sorted(lines, key=place))
