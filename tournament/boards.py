"""Reading of published leaderboards. Nothing is fitted here, so that no reader waits for a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform

from mate import Team
from tournament import stored_boards
from tournament.models import Agent, Pairing, RatingSnapshot, Scenario, Tournament
from tournament.ratings import AgentRating, Cyclicity, NashSummary, Ratings


@dataclass(frozen=True)
class BoardLine:
    """A line of a board: the agent's row and its rating."""

    agent: Agent
    rating: AgentRating


@dataclass(frozen=True)
class Removal:
    """An agent, `removed`, without which `then` would be the first of its team instead of `first`."""

    team: str
    removed: Agent
    first: Agent
    then: Agent


@dataclass(frozen=True)
class Board:
    """A published leaderboard with its agents, best first, and its meta-game (`MetaGame.to_json`, by digest).

    `agents` are the rows of all its agents by digest; `alpha_rank` is the stored result, None on boards without one.
    """

    snapshot: RatingSnapshot
    cameras: tuple[BoardLine, ...]
    targets: tuple[BoardLine, ...]
    nash: NashSummary | None
    meta_game: dict[str, Any]
    agents: dict[str, Agent]
    cyclicity: Cyclicity | None = None
    removals: tuple[Removal, ...] = ()
    alpha_rank: dict[str, Any] | None = None

    def of(self, team: str) -> tuple[BoardLine, ...]:
        return self.cameras if team == Team.CAMERA else self.targets


@dataclass(frozen=True)
class Cell:
    """A camera's payoff against a target: mean, standard error (None below two episodes) and number of episodes."""

    pairing: int
    payoff: float
    error: float | None
    count: int


# Finding a board


def latest_board(scenario: Scenario) -> Board | None:
    """Return the scenario's latest leaderboard."""
    return _newest(snapshots_of(scenario))


def numbered_board(of: Scenario | Tournament, number: int) -> Board | None:
    """Return the leaderboard with this number; None if there is none."""
    return _newest(snapshots_of(of).filter(number=number))


def tournament_board(tournament: Tournament) -> Board | None:
    """Return the latest ratings within one tournament."""
    return _newest(snapshots_of(tournament))


def busiest_board() -> Board | None:
    """Return the leaderboard with the most episodes."""
    return _read(_busiest())


def busiest_snapshot() -> RatingSnapshot | None:
    """Return the snapshot of the leaderboard with the most episodes, without its table."""
    return _busiest().defer("table").first()


def _busiest() -> QuerySet[RatingSnapshot]:
    snapshots = RatingSnapshot.objects.filter(tournament=None).order_by("-num_episodes", "-number")
    return snapshots.select_related("scenario", "tournament")


def snapshots_of(board: Scenario | Tournament) -> QuerySet[RatingSnapshot]:
    """Return all snapshots of a scenario's or a tournament's board, newest first."""
    if isinstance(board, Tournament):
        return RatingSnapshot.objects.filter(tournament=board).order_by("-number")
    return RatingSnapshot.objects.filter(scenario=board, tournament=None).order_by("-number")


def neighbours(snapshot: RatingSnapshot) -> tuple[int | None, int | None]:
    """Return the numbers of the snapshots before and after this one on its board."""
    numbers = snapshots_of(snapshot.tournament or snapshot.scenario).values_list("number", flat=True)
    return numbers.filter(number__lt=snapshot.number).first(), numbers.filter(number__gt=snapshot.number).last()


def rated_scenarios() -> QuerySet[Scenario]:
    """Return the scenarios that have a leaderboard."""
    return Scenario.objects.filter(pk__in=RatingSnapshot.objects.filter(tournament=None).values("scenario"))


# Reading it


def _newest(snapshots: QuerySet[RatingSnapshot]) -> Board | None:
    return _read(snapshots.select_related("scenario", "tournament"))


def _read(snapshots: QuerySet[RatingSnapshot]) -> Board | None:
    """Return the board of the first of these snapshots; None if there is none."""
    snapshot = snapshots.defer("table").first()  # Tables are long, and most are in memory already.
    return None if snapshot is None else board_of(snapshot)


def board_of(snapshot: RatingSnapshot) -> Board:
    """Return a snapshot joined with its agents."""
    stored = stored_boards.read(snapshot)
    rated = stored.ratings
    digests = [line.digest for line in (*rated.cameras, *rated.targets)]
    rows = Agent.objects.select_related("owner").defer("spec", "provenance", "description")  # They are long.
    agents = rows.in_bulk(digests, field_name="digest")

    def join(lines: tuple[AgentRating, ...]) -> tuple[BoardLine, ...]:
        return tuple(BoardLine(agents[line.digest], line) for line in lines if line.digest in agents)

    removals = (
        Removal(one.team, *(agents[digest] for digest in (one.removed, one.first, one.then)))
        for one in rated.influences
        if {one.removed, one.first, one.then} <= agents.keys()
    )
    return Board(
        snapshot=snapshot,
        cameras=join(rated.cameras),
        targets=join(rated.targets),
        nash=rated.nash,
        meta_game=stored.table["meta_game"],
        agents=agents,
        cyclicity=rated.cyclicity,
        removals=tuple(removals),
        alpha_rank=stored.table.get("alpha_rank"),
    )


def payoff_cells(
    board: Board, cameras: tuple[BoardLine, ...] | None = None, targets: tuple[BoardLine, ...] | None = None
) -> list[list[Cell | None]]:
    """Return the meta-game of a board: rows are cameras, columns targets, in the order of the board or the given lines.

    Cells are None where nothing was played.
    """
    cameras = board.cameras if cameras is None else cameras
    targets = board.targets if targets is None else targets
    game = board.meta_game
    rows = {digest: index for index, digest in enumerate(game["cameras"])}
    columns = {digest: index for index, digest in enumerate(game["targets"])}
    pairings = _pairings(board.snapshot.scenario, cameras, targets)

    def cell(camera: Agent, target: Agent) -> Cell | None:
        row, column = rows[camera.digest], columns[target.digest]
        count, pairing = game["count"][row][column], pairings.get((camera.pk, target.pk))
        if not count or pairing is None:
            return None
        return Cell(pairing, game["payoff"][row][column], game["error"][row][column], count)

    return [[cell(camera.agent, target.agent) for target in targets] for camera in cameras]


def _pairings(
    scenario: Scenario, cameras: tuple[BoardLine, ...], targets: tuple[BoardLine, ...]
) -> dict[tuple[int, int], int]:
    """Return the keys of pairings by those of camera and target."""
    found = Pairing.objects.filter(
        scenario=scenario,
        camera__in=[line.agent for line in cameras],
        target__in=[line.agent for line in targets],
    )
    return {(camera, target): key for key, camera, target in found.values_list("pk", "camera", "target")}


def axis_of(lines: tuple[BoardLine, ...]) -> tuple[float, float]:
    """Return the range for drawing a team's intervals.

    It ends at Tukey's fences (1.5 interquartile ranges beyond the quartiles of the ratings), so that neither an outlier
    nor a very wide interval squeezes the others.
    """
    figures = [line.rating for line in lines if line.rating.rating is not None]
    ratings = [figure.rating for figure in figures if figure.rating is not None]
    if not ratings:
        return 900.0, 1100.0
    first, third = np.quantile(ratings, (0.25, 0.75))
    spread = 1.5 * max(float(third - first), 100.0)
    ends = [end for figure in figures for end in (figure.lower, figure.upper) if end is not None] or ratings
    return max(min(ends), float(first) - spread), min(max(ends), float(third) + spread)


# One agent


def lines_of(snapshots: QuerySet[RatingSnapshot], agent: Agent) -> list[tuple[RatingSnapshot, AgentRating]]:
    """Return the agent's line on each snapshot that has one, in their order; only these lines are read."""
    board = KeyTransform(_side(agent), "table")
    found: list[tuple[RatingSnapshot, AgentRating]] = []
    for snapshot in snapshots.defer("table").annotate(lines=board):
        line = _pick(snapshot.lines, agent)
        if line is not None:
            found.append((snapshot, line))
    return found


def line_on(snapshot: RatingSnapshot, agent: Agent) -> AgentRating | None:
    """Return the agent's line on a snapshot; None if it has none."""
    return _pick(snapshot.table[_side(agent)], agent)


def _side(agent: Agent) -> str:
    return "cameras" if agent.team == Team.CAMERA else "targets"


def _pick(lines: list[dict[str, Any]], agent: Agent) -> AgentRating | None:
    mine = [line for line in lines if line["digest"] == agent.digest]
    stored = {"cameras": mine, "targets": [], "nash": None, "num_episodes": 0, "version": ""}
    return next(iter(Ratings.from_json(stored).cameras), None)


def standings_of(agent: Agent) -> list[tuple[RatingSnapshot, BoardLine]]:
    """Return the agent's line on the latest board of every scenario that has rated it."""
    newest = RatingSnapshot.objects.filter(scenario=OuterRef("scenario"), tournament=None).order_by("-number")
    snapshots = RatingSnapshot.objects.filter(tournament=None, number=Subquery(newest.values("number")[:1]))
    found = lines_of(snapshots.select_related("scenario").order_by("scenario__name"), agent)
    return [(snapshot, BoardLine(agent, line)) for snapshot, line in found]
