"""Leaderboards and meta-games of scenarios and of tournaments."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router

from portal.api.errors import Refusal
from portal.api.schemas import AgentRef, CellOut, ErrorOut, LeaderboardOut, MetaGameOut, RatingOut
from portal.api.tables import Format, answer_csv, write_rows
from tournament import boards
from tournament.boards import Board, Line
from tournament.models import Scenario, Tournament

router = Router()


@router.get(
    "/scenarios/{slug}/leaderboard",
    response={200: LeaderboardOut, 404: ErrorOut},
    url_name="leaderboard",
    summary="Ratings in a scenario, from all its episodes",
)
def leaderboard(request: HttpRequest, slug: str, format: Format = "json") -> Any:
    return answer_ratings(board_of_scenario(slug), format, slug)


@router.get(
    "/scenarios/{slug}/meta-game",
    response={200: MetaGameOut, 404: ErrorOut},
    url_name="meta_game",
    summary="Payoffs in a scenario",
)
def meta_game(request: HttpRequest, slug: str, format: Format = "json") -> Any:
    return answer_payoffs(board_of_scenario(slug), format, slug)


@router.get(
    "/tournaments/{tournament_id}/leaderboard",
    response={200: LeaderboardOut, 404: ErrorOut},
    url_name="tournament_leaderboard",
    summary="Ratings within a tournament",
)
def tournament_leaderboard(request: HttpRequest, tournament_id: int, format: Format = "json") -> Any:
    return answer_ratings(board_of_tournament(tournament_id), format, f"tournament-{tournament_id}")


@router.get(
    "/tournaments/{tournament_id}/meta-game",
    response={200: MetaGameOut, 404: ErrorOut},
    url_name="tournament_meta_game",
    summary="Payoffs within a tournament",
)
def tournament_meta_game(request: HttpRequest, tournament_id: int, format: Format = "json") -> Any:
    return answer_payoffs(board_of_tournament(tournament_id), format, f"tournament-{tournament_id}")


def board_of_scenario(slug: str) -> Board:
    scenario = get_object_or_404(Scenario, slug=slug)
    return require(boards.latest_board(scenario), f"No episode of {scenario.name} has been finished yet.")


def board_of_tournament(tournament_id: int) -> Board:
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    return require(
        boards.tournament_board(tournament), "No episode of this tournament has been rated yet; ask again later."
    )


def require(board: Board | None, message: str) -> Board:
    if board is None:
        raise Refusal(404, "not_rated_yet", message)
    return board


RATING_FIGURES = [name for name in RatingOut.model_fields if name != "agent"]


def describe_line(line: Line) -> RatingOut:
    figures = {name: getattr(line.rating, name) for name in RATING_FIGURES}
    return RatingOut(agent=AgentRef.from_orm(line.agent), **figures)


def answer_ratings(board: Board, format: Format, name: str) -> Any:
    lines = [*board.cameras, *board.targets]
    if format == "csv":
        header = ["team", "agent", "digest", *RATING_FIGURES]
        rows = (
            [
                line.agent.team,
                line.agent.slug,
                line.agent.digest,
                *(getattr(line.rating, key) for key in RATING_FIGURES),
            ]
            for line in lines
        )
        return answer_csv(write_rows(header, rows), f"{name}-ratings.csv")
    snapshot = board.snapshot
    return LeaderboardOut(
        scenario=snapshot.scenario.slug,
        tournament=snapshot.tournament_id,
        value=board.nash.value if board.nash else None,
        cameras=[describe_line(line) for line in board.cameras],
        targets=[describe_line(line) for line in board.targets],
        **{key: getattr(snapshot, key) for key in ("number", "engine", "code", "num_episodes", "created")},
    )


def answer_payoffs(board: Board, format: Format, name: str) -> Any:
    cells = boards.payoff_cells(board)
    if format == "csv":
        header = ["camera", "target", "payoff", "error", "episodes", "pairing"]
        return answer_csv(write_rows(header, list_cells(board, cells)), f"{name}-payoffs.csv")
    return MetaGameOut(
        scenario=board.snapshot.scenario.slug,
        tournament=board.snapshot.tournament_id,
        cameras=[AgentRef.from_orm(line.agent) for line in board.cameras],
        targets=[AgentRef.from_orm(line.agent) for line in board.targets],
        cells=[[CellOut.from_orm(cell) if cell else None for cell in row] for row in cells],
    )


def list_cells(board: Board, cells: list[list[boards.Cell | None]]) -> Iterator[list[Any]]:
    for camera, row in zip(board.cameras, cells, strict=True):
        for target, cell in zip(board.targets, row, strict=True):
            if cell:
                error = "" if cell.error is None else cell.error
                yield [camera.agent.slug, target.agent.slug, cell.payoff, error, cell.count, cell.pairing]
