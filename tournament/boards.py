"""Published leaderboards as they are read. Nothing is fitted here, so that no reader ever waits for a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from tournament.models import Agent, Pairing, RatingSnapshot, Scenario, Team, Tournament
from tournament.ratings import AgentRating, NashSummary, Ratings


@dataclass(frozen=True)
class Line:
    """A line of a board: the agent's row and its rating."""

    agent: Agent
    rating: AgentRating


@dataclass(frozen=True)
class Board:
    """A published leaderboard with its agents, best first, and the meta-game behind it (`MetaGame.to_json`, by digest)."""

    snapshot: RatingSnapshot
    cameras: tuple[Line, ...]
    targets: tuple[Line, ...]
    nash: NashSummary | None
    meta_game: dict[str, Any]

    def of(self, team: str) -> tuple[Line, ...]:
        return self.cameras if team == Team.CAMERA else self.targets


@dataclass(frozen=True)
class Cell:
    """What a camera scores against a target: mean, standard error (None below two episodes) and number of episodes."""

    pairing: int
    payoff: float
    error: float | None
    count: int


def latest_board(scenario: Scenario) -> Board | None:
    """The scenario's leaderboard as last published."""
    return _newest(RatingSnapshot.objects.filter(scenario=scenario, tournament=None))


def tournament_board(tournament: Tournament) -> Board | None:
    """The ratings within one tournament as last published."""
    return _newest(RatingSnapshot.objects.filter(tournament=tournament))


def rated_scenarios() -> QuerySet[Scenario]:
    """The scenarios that have a leaderboard."""
    return Scenario.objects.filter(pk__in=RatingSnapshot.objects.filter(tournament=None).values("scenario"))


def busiest_board() -> Board | None:
    """The leaderboard that rests on the most episodes."""
    snapshots = RatingSnapshot.objects.filter(tournament=None).order_by("-num_episodes", "-number")
    return _read(snapshots.select_related("scenario").first())


def _newest(snapshots: QuerySet[RatingSnapshot]) -> Board | None:
    return _read(snapshots.select_related("scenario", "tournament").order_by("-number").first())


def _read(snapshot: RatingSnapshot | None) -> Board | None:
    return None if snapshot is None else board_of(snapshot)


def board_of(snapshot: RatingSnapshot) -> Board:
    """A snapshot, joined with the agents that it is about."""
    stored = dict(snapshot.table)
    meta_game = stored.pop("meta_game")
    rated = Ratings.from_json(stored)
    digests = [line.digest for line in (*rated.cameras, *rated.targets)]
    rows = Agent.objects.in_bulk(digests, field_name="digest")

    def join(lines: tuple[AgentRating, ...]) -> tuple[Line, ...]:
        return tuple(Line(rows[line.digest], line) for line in lines if line.digest in rows)

    return Board(snapshot, join(rated.cameras), join(rated.targets), rated.nash, meta_game)


def payoff_cells(board: Board) -> list[list[Cell | None]]:
    """The meta-game behind a board, in the board's order: rows are cameras, columns targets; None where nothing was played."""
    game = board.meta_game
    rows = {digest: index for index, digest in enumerate(game["cameras"])}
    columns = {digest: index for index, digest in enumerate(game["targets"])}
    found = Pairing.objects.filter(
        scenario=board.snapshot.scenario,
        camera__in=[line.agent for line in board.cameras],
        target__in=[line.agent for line in board.targets],
    )
    pairings = {(camera, target): key for key, camera, target in found.values_list("pk", "camera", "target")}

    def cell(camera: Agent, target: Agent) -> Cell | None:
        row, column = rows[camera.digest], columns[target.digest]
        count, pairing = game["count"][row][column], pairings.get((camera.pk, target.pk))
        if not count or pairing is None:
            return None
        return Cell(pairing, game["payoff"][row][column], game["error"][row][column], count)

    return [[cell(camera.agent, target.agent) for target in board.targets] for camera in board.cameras]


def axis_of(lines: tuple[Line, ...]) -> tuple[float, float]:
    """The range that a team's intervals are drawn on. Very wide ones are cut, so that the others can be told apart."""
    figures = [line.rating for line in lines if line.rating.rating is not None]
    ratings = [figure.rating for figure in figures if figure.rating is not None]
    if not ratings:
        return 900.0, 1100.0
    spread = max(max(ratings) - min(ratings), 100.0)
    ends = [end for figure in figures for end in (figure.lower, figure.upper) if end is not None] or ratings
    return max(min(ends), min(ratings) - spread), min(max(ends), max(ratings) + spread)


def standings_of(agent: Agent) -> list[tuple[RatingSnapshot, Line]]:
    """The agent's line on the last board of every scenario that has rated it."""
    newest = RatingSnapshot.objects.filter(scenario=OuterRef("scenario"), tournament=None).order_by("-number")
    snapshots = RatingSnapshot.objects.filter(tournament=None, number=Subquery(newest.values("number")[:1]))
    found = []
    for snapshot in snapshots.select_related("scenario").order_by("scenario__name"):
        entries = snapshot.table["cameras" if agent.team == "camera" else "targets"]
        if any(entry["digest"] == agent.digest for entry in entries):
            lines = board_of(snapshot).of(agent.team)
            found += [(snapshot, line) for line in lines if line.agent.pk == agent.pk]
    return found
