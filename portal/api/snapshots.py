"""Schemas of a published fit: its ratings, its payoffs, the history of an agent."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from mate import Team
from portal.api.schemas import AgentRef
from tournament import boards, history
from tournament.boards import Board, BoardLine
from tournament.models import RatingSnapshot
from tournament.ratings import find_limit


class RatingOut(Schema):
    """The rating of an agent. docs/exports.md explains the fields and their units."""

    agent: AgentRef
    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    first_probability: float | None
    rating: float | None
    lower: float | None
    upper: float | None
    margin: float | None
    margin_lower: float | None
    margin_upper: float | None
    payoff: float | None
    payoff_error: float | None
    nash_mass: float | None
    nash_support: float | None
    nash_skill: float | None
    deviation: float | None
    worst_opponent: str | None = Field(description="Its digest.")
    num_episodes: int
    num_opponents: int
    num_comparisons: int | None
    is_provisional: bool
    is_anchor: bool


class SnapshotOut(Schema):
    """A published fit."""

    number: int = Field(description="Counts the fits of this board, from 1.")
    engine: str
    code: str = Field(description="Version of the code that fitted.")
    num_episodes: int
    reason: str = Field(description="Why it was made: what is new since the one before.")
    created: datetime


class PastOut(SnapshotOut):
    """An agent's rating in one published fit. `num_episodes` counts all episodes of the fit."""

    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    payoff: float | None
    payoff_error: float | None
    nash_mass: float | None


class LeaderboardOut(SnapshotOut):
    scenario: str
    scenario_digest: str
    tournament: int | None
    value: float | None = Field(description="Of the zero-sum game, to the cameras.")
    nash: dict[str, Any] | None = Field(
        description="The game within this pool: value, exploitability, their intervals."
    )
    cyclicity: dict[str, Any] | None
    influences: list[dict[str, Any]] = Field(description="Agents whose removal would change a first rank, by digest.")
    alpha_rank: dict[str, Any] | None = Field(description="Of boards of a size where it is quick.")
    limits: dict[str, str] = Field(
        description="By team, why its order is not known or provisional, in a sentence; empty where it may be read as "
        "it "
        "stands."
    )
    cameras: list[RatingOut]
    targets: list[RatingOut]


class CellOut(Schema):
    pairing: int
    payoff: float = Field(description="The camera's mean normalised reward.")
    error: float | None = Field(description="Its standard error; null below two episodes.")
    count: int


class MetaGameOut(SnapshotOut):
    scenario: str
    scenario_digest: str
    tournament: int | None
    cameras: list[AgentRef]
    targets: list[AgentRef]
    cells: list[list[CellOut | None]] = Field(description="Rows are cameras, columns targets; null where not played.")


RATING_FIGURES = [name for name in RatingOut.model_fields if name != "agent"]


def describe_line(line: BoardLine) -> RatingOut:
    figures = {name: getattr(line.rating, name) for name in RATING_FIGURES}
    return RatingOut(agent=AgentRef.from_orm(line.agent), **figures)


def describe_snapshot(snapshot: RatingSnapshot) -> dict[str, Any]:
    """Return the fields that ratings and payoffs have in common: where they come from."""
    described = {key: getattr(snapshot, key) for key in SnapshotOut.model_fields}
    named = {"scenario": snapshot.scenario.slug, "scenario_digest": snapshot.scenario.digest}
    return described | named | {"tournament": snapshot.tournament_id}


PAST_FIGURES = [name for name in PastOut.model_fields if name in RATING_FIGURES and name != "num_episodes"]


def describe_past(point: history.HistoryPoint) -> PastOut:
    snapshot = {key: getattr(point.snapshot, key) for key in SnapshotOut.model_fields}
    return PastOut(**snapshot, **{name: getattr(point.rating, name) for name in PAST_FIGURES})


def list_agents(board: Board, team: str) -> list[AgentRef]:
    return [AgentRef.from_orm(line.agent) for line in board.of(team)]


def describe_ratings(snapshot: RatingSnapshot) -> LeaderboardOut:
    board = boards.board_of(snapshot)
    return LeaderboardOut(
        value=board.nash.value if board.nash else None,
        **{name: snapshot.table.get(name) for name in ("nash", "cyclicity", "alpha_rank")},
        influences=snapshot.table.get("influences", []),
        limits={team: find_limit(team, [line.rating for line in board.of(team)]) for team in Team},
        cameras=[describe_line(line) for line in board.cameras],
        targets=[describe_line(line) for line in board.targets],
        **describe_snapshot(snapshot),
    )


def describe_payoffs(snapshot: RatingSnapshot) -> MetaGameOut:
    board = boards.board_of(snapshot)
    return MetaGameOut(
        cameras=list_agents(board, "camera"),
        targets=list_agents(board, "target"),
        cells=[[CellOut.from_orm(cell) if cell else None for cell in row] for row in boards.payoff_cells(board)],
        **describe_snapshot(snapshot),
    )
