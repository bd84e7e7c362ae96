"""Leaderboards, meta-games and their episodes, of scenarios and of tournaments, as they are and as they were published."""

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.pagination import paginate

from portal.api.agents import find_agent
from portal.api.errors import Refusal
from portal.api.schemas import (
    AgentRef,
    CellOut,
    ErrorOut,
    LeaderboardOut,
    MetaGameOut,
    PastOut,
    RatingOut,
    SnapshotOut,
)
from portal.api.tables import Format, answer_table
from tournament import boards, exports, history
from tournament.boards import Board, Line
from tournament.models import RatingSnapshot, Scenario, Tournament

router = Router()
Number = Annotated[int | None, Query(ge=1, lt=2**31, description="Of the snapshot; the newest by default.")]
OUTCOMES = {404: ErrorOut, 400: ErrorOut}


# Of a scenario


@router.get(
    "/scenarios/{slug}/leaderboard",
    response={200: LeaderboardOut, **OUTCOMES},
    url_name="leaderboard",
    summary="Ratings in a scenario, from all its episodes",
)
def leaderboard(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer_ratings(request, snapshot_of_scenario(slug, snapshot), format)


@router.get(
    "/scenarios/{slug}/meta-game",
    response={200: MetaGameOut, **OUTCOMES},
    url_name="meta_game",
    summary="Payoffs in a scenario",
)
def meta_game(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer_payoffs(request, snapshot_of_scenario(slug, snapshot), format)


@router.get(
    "/scenarios/{slug}/episodes",
    response={200: None, **OUTCOMES},
    url_name="board_episodes",
    summary="The episodes that a scenario's ratings were fitted to, as one file",
)
def board_episodes(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer_episodes(request, snapshot_of_scenario(slug, snapshot), format)


@router.get(
    "/scenarios/{slug}/snapshots",
    response={200: list[SnapshotOut], 404: ErrorOut},
    url_name="snapshots",
    summary="Every published fit of a scenario's ratings, newest first",
)
@paginate
def snapshots(request: HttpRequest, slug: str) -> QuerySet[RatingSnapshot]:
    return boards.snapshots_of(get_object_or_404(Scenario, slug=slug)).defer("table")


@router.get(
    "/scenarios/{slug}/history/{agent}",
    response={200: list[PastOut], 404: ErrorOut},
    url_name="history",
    summary="How an agent's rating in a scenario came to be, oldest first",
)
def agent_history(request: HttpRequest, slug: str, agent: str) -> list[PastOut]:
    """Of more snapshots than sixty, evenly spaced ones, and all at which code or engine changed."""
    points = history.history_of(find_agent(agent), get_object_or_404(Scenario, slug=slug))
    return [describe_past(point) for point in points]


# Of a tournament


@router.get(
    "/tournaments/{tournament_id}/leaderboard",
    response={200: LeaderboardOut, **OUTCOMES},
    url_name="tournament_leaderboard",
    summary="Ratings within a tournament",
)
def tournament_leaderboard(
    request: HttpRequest, tournament_id: int, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer_ratings(request, snapshot_of_tournament(tournament_id, snapshot), format)


@router.get(
    "/tournaments/{tournament_id}/meta-game",
    response={200: MetaGameOut, **OUTCOMES},
    url_name="tournament_meta_game",
    summary="Payoffs within a tournament",
)
def tournament_meta_game(
    request: HttpRequest, tournament_id: int, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer_payoffs(request, snapshot_of_tournament(tournament_id, snapshot), format)


@router.get(
    "/tournaments/{tournament_id}/episodes",
    response={200: None, **OUTCOMES},
    url_name="tournament_episodes",
    summary="The episodes that a tournament's ratings were fitted to, as one file",
)
def tournament_episodes(
    request: HttpRequest, tournament_id: int, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer_episodes(request, snapshot_of_tournament(tournament_id, snapshot), format)


@router.get(
    "/tournaments/{tournament_id}/snapshots",
    response={200: list[SnapshotOut], 404: ErrorOut},
    url_name="tournament_snapshots",
    summary="Every published fit of a tournament's ratings, newest first",
)
@paginate
def tournament_snapshots(request: HttpRequest, tournament_id: int) -> QuerySet[RatingSnapshot]:
    return boards.snapshots_of(get_object_or_404(Tournament, pk=tournament_id)).defer("table")


# Finding a snapshot


def snapshot_of_scenario(slug: str, number: int | None) -> RatingSnapshot:
    scenario = get_object_or_404(Scenario, slug=slug)
    return find_snapshot(scenario, number, f"No episode of {scenario.name} has been finished yet.")


def snapshot_of_tournament(tournament_id: int, number: int | None) -> RatingSnapshot:
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    return find_snapshot(tournament, number, "No episode of this tournament has been rated yet; ask again later.")


def find_snapshot(board: Scenario | Tournament, number: int | None, none_yet: str) -> RatingSnapshot:
    """The snapshot with a number, or the newest. Raises Refusal where there is none."""
    published = boards.snapshots_of(board).select_related("scenario", "tournament")
    newest = published.first() if number is None else published.filter(number=number).first()
    if newest is not None:
        return newest
    if number is not None and (last := published.defer("table").first()):
        message = f"This board has no snapshot {number}; its newest is {last.number}."
        raise Refusal(404, "not_found", message, "snapshot")
    raise Refusal(404, "not_rated_yet", none_yet)


# Answering


def answer_file(request: HttpRequest, snapshot: RatingSnapshot, name: str, format: Format) -> StreamingHttpResponse:
    """A snapshot's episodes, payoffs or ratings as a file."""
    return answer_table(request, exports.TABLES[name](snapshot), format, exports.filename(snapshot, name, format))


def answer_episodes(request: HttpRequest, snapshot: RatingSnapshot, format: Format) -> StreamingHttpResponse:
    return answer_file(request, snapshot, "episodes", format)


RATING_FIGURES = [name for name in RatingOut.model_fields if name != "agent"]


def describe_line(line: Line) -> RatingOut:
    figures = {name: getattr(line.rating, name) for name in RATING_FIGURES}
    return RatingOut(agent=AgentRef.from_orm(line.agent), **figures)


def describe_snapshot(snapshot: RatingSnapshot) -> dict[str, Any]:
    """What ratings and payoffs say of where they come from."""
    described = {key: getattr(snapshot, key) for key in SnapshotOut.model_fields}
    named = {"scenario": snapshot.scenario.slug, "scenario_digest": snapshot.scenario.digest}
    return described | named | {"tournament": snapshot.tournament_id}


PAST_FIGURES = [name for name in PastOut.model_fields if name in RATING_FIGURES and name != "num_episodes"]


def describe_past(point: history.Point) -> PastOut:
    snapshot = {key: getattr(point.snapshot, key) for key in SnapshotOut.model_fields}
    return PastOut(**snapshot, **{name: getattr(point.rating, name) for name in PAST_FIGURES})


def answer_ratings(request: HttpRequest, snapshot: RatingSnapshot, format: Format) -> Any:
    if format != "json":
        return answer_file(request, snapshot, "ratings", format)
    board = boards.board_of(snapshot)
    return LeaderboardOut(
        value=board.nash.value if board.nash else None,
        **{name: snapshot.table.get(name) for name in ("nash", "cyclicity", "alpha_rank")},
        influences=snapshot.table.get("influences", []),
        cameras=[describe_line(line) for line in board.cameras],
        targets=[describe_line(line) for line in board.targets],
        **describe_snapshot(snapshot),
    )


def answer_payoffs(request: HttpRequest, snapshot: RatingSnapshot, format: Format) -> Any:
    if format != "json":
        return answer_file(request, snapshot, "payoffs", format)
    board = boards.board_of(snapshot)
    return MetaGameOut(
        cameras=list_agents(board, "camera"),
        targets=list_agents(board, "target"),
        cells=[[CellOut.from_orm(cell) if cell else None for cell in row] for row in boards.payoff_cells(board)],
        **describe_snapshot(snapshot),
    )


def list_agents(board: Board, team: str) -> list[AgentRef]:
    return [AgentRef.from_orm(line.agent) for line in board.of(team)]
