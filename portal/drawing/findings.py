"""The finding of a tournament's format as its page shows it: figures, their chart over episodes, open comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from mate import Team
from tournament import organising
from tournament.fields import in_order
from tournament.formats import FORMATS, Chart, Figure, Finding
from tournament.models import Agent, Tournament

VERDICTS = {
    "better": ("good", _("better")),
    "not-better": ("good", _("not better")),
    "undecided": ("warn", _("not decided")),
    "open": ("live", _("open")),
}


@dataclass(frozen=True)
class Level:
    """A horizontal line of the chart, `height` per cent below its top."""

    title: str
    value: float
    height: float

    @property
    def text_height(self) -> float:
        """Position of the label in per cent: above the line, or below it if there is no room above."""
        return self.height - 2 if self.height > 10 else self.height + 8


@dataclass(frozen=True)
class Curve:
    """A curve of the chart as SVG points, in per cent of its width and height."""

    title: str
    points: str
    last: tuple[float, float]


@dataclass(frozen=True)
class Picture:
    """A chart of figures over episodes; `columns` and `rows` are the same data as a table."""

    title: str
    curves: list[Curve]
    levels: list[Level]
    least: float
    most: float
    episodes: int
    columns: list[str]
    rows: list[list[float | None]]


@dataclass(frozen=True)
class FigureLine:
    """A figure of the finding, about one agent or about all."""

    figure: Figure
    agent: Agent | None


@dataclass(frozen=True)
class Neighbour:
    """An agent of a ranking, and its lead over the next one.

    `state` is "known", "close" or "open" (see `judge`); it is empty for the last agent.
    """

    team: str
    agent: Agent
    next: Agent | None
    payoff: float | None
    episodes: int
    gap: float | None
    half_width: float | None
    state: str


@dataclass(frozen=True)
class Shown:
    """A finding for a page, with database rows instead of digests and indices."""

    finding: Finding
    lines: list[FigureLine]
    picture: Picture | None
    verdict: tuple[str, Any] | None
    pair: list[Agent]
    rankings: list[tuple[str, list[Neighbour]]]
    strategies: list[tuple[str, list[tuple[Agent, float]]]]

    @property
    def has_intervals(self) -> bool:
        return any(line.figure.lower is not None or line.figure.upper is not None for line in self.lines)

    @property
    def unresolved(self) -> list[Neighbour]:
        return [row for _, rows in self.rankings for row in rows if row.state == "open"]


def show_finding(tournament: Tournament) -> Shown | None:
    """Return the newest finding of a tournament.

    Return None if there is none yet, and for round robins, whose leaderboards show all results.
    """
    finding = organising.finding_of(tournament)
    info = FORMATS.get(tournament.format)
    if finding is None or (info and not info.has_question and "error" not in finding.details):
        return None
    fields = {"camera": in_order(tournament.cameras), "target": in_order(tournament.targets)}
    by_digest = {agent.digest: agent for field in fields.values() for agent in field}
    details = finding.details
    return Shown(
        finding=finding,
        lines=[FigureLine(figure, by_digest.get(figure.agent)) for figure in finding.figures],
        picture=draw(tournament.format, tournament.settings, finding),
        verdict=VERDICTS.get(details.get("verdict", "")),
        pair=[by_digest[details[key]] for key in ("first", "second") if details.get(key) in by_digest],
        rankings=[(team, read_ranking(team, fields[team], rows)) for team, rows in details.get("ranking", {}).items()],
        strategies=[
            (team, [(fields[team][row["agent"]], row["mass"]) for row in details[team]])
            for team in Team
            if details.get(team)
        ],
    )


def read_ranking(team: str, field: Sequence[Agent], rows: Sequence[Mapping[str, Any]]) -> list[Neighbour]:
    """Return the agents of a team in the order of the ranking."""
    agents: list[Agent | None] = [field[row["agent"]] for row in rows]
    columns = ("payoff", "episodes", "gap", "half_width")
    return [
        Neighbour(team, agent, after, **{key: row[key] for key in columns}, state=judge(row))
        for agent, after, row in zip(agents, [*agents[1:], None], rows, strict=True)
        if agent is not None
    ]


def judge(row: Mapping[str, Any]) -> str:
    """Return the state of the order of an agent and the next one.

    It is "known", "close" if the difference is too small to matter, or "open".
    """
    if row["is_separated"] is None:
        return ""
    return "known" if row["is_separated"] else "open" if row["is_open"] else "close"


# The picture


def draw(format: str, settings: Mapping[str, Any], finding: Finding) -> Picture | None:
    """Return the chart of a finding over episodes; None if there is no data yet."""
    chart = FORMATS[format].chart if format in FORMATS else None
    if chart is None:
        return None
    columns = chart.curves
    points = [
        (point["episodes"] or 0.0, {key: point[key] for key in columns})
        for point in finding.trace
        if all(point.get(key) is not None for key in columns)
    ]
    if not points or not points[-1][0]:
        return None
    wanted = levels_of(chart, settings, finding)
    heights = [value for _, row in points for value in row.values() if value is not None]
    least, most = bound([*heights, *wanted.values()])
    episodes = points[-1][0]

    def place(x: float, y: float) -> tuple[float, float]:
        return round(100 * x / (episodes or 1), 2), round(100 * (most - y) / (most - least), 2)

    return Picture(
        title=chart.title,
        curves=[draw_curve(name, [place(x, row[key] or 0.0) for x, row in points]) for key, name in columns.items()],
        levels=[Level(name, value, place(0, value)[1]) for name, value in wanted.items()],
        least=least,
        most=most,
        episodes=int(episodes),
        columns=["episodes", *columns.values()],
        rows=[[x, *row.values()] for x, row in points],
    )


def draw_curve(title: str, places: list[tuple[float, float]]) -> Curve:
    """Return a curve through these points. A single point becomes a line from the left edge."""
    whole = places if len(places) > 1 else [(0.0, places[0][1]), *places]
    return Curve(title, " ".join(f"{x:g},{y:g}" for x, y in whole), places[-1])


def levels_of(chart: Chart, settings: Mapping[str, Any], finding: Finding) -> dict[str, float]:
    """Return the values that a curve has to reach, by the label that says what reaching them means."""
    last = finding.trace[-1]
    levels = {name: last[key] for key, name in chart.bounds.items()}
    goal = {"wanted": settings[chart.goal]} if chart.goal else {}
    return {name: value for name, value in (levels | goal).items() if value is not None}


def bound(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis with some margin. The axis of non-negative values begins at 0."""
    least, most = min(values), max(values)
    room = 0.1 * (most - least) or 0.5
    return (0.0 if least >= 0 else least - room), most + room
