"""Leaderboards, meta-games and their episodes, of scenarios and tournaments: the newest and every earlier snapshot."""

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from ninja.decorators import decorate_view
from ninja.pagination import paginate
from ninja.responses import NinjaJSONEncoder

from portal.api.errors import Refusal
from portal.api.rows import find_agent
from portal.api.schemas import Key, answers
from portal.api.snapshots import (
    LeaderboardOut,
    MetaGameOut,
    PastOut,
    SnapshotOut,
    describe_past,
    describe_payoffs,
    describe_ratings,
)
from portal.api.tables import Format
from portal.people.viewing import viewer_of
from portal.server import kept_files
from portal.server.visitor_pages import kept_for_visitors
from tournament import boards, exports, history, tables
from tournament.models import Agent, RatingSnapshot, Scenario, Tournament

router = Router()
Number = Annotated[int | None, Query(ge=1, lt=2**31, description="Of the snapshot; the newest by default.")]


# Boards of scenarios


@router.get(
    "/scenarios/{slug}/leaderboard",
    response=answers(LeaderboardOut, 400, 404),
    url_name="leaderboard",
    summary="Ratings in a scenario, from all its episodes",
)
@decorate_view(kept_for_visitors(60))
def leaderboard(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer(request, snapshot_of_scenario(slug, snapshot), format, "ratings")


@router.get(
    "/scenarios/{slug}/meta-game",
    response=answers(MetaGameOut, 400, 404),
    url_name="meta_game",
    summary="Payoffs in a scenario",
)
def meta_game(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer(request, snapshot_of_scenario(slug, snapshot), format, "payoffs")


@router.get(
    "/scenarios/{slug}/episodes",
    response=answers(None, 400, 404),
    url_name="board_episodes",
    summary="The episodes that a scenario's ratings were fitted to, as one file",
)
def board_episodes(request: HttpRequest, slug: str, format: Format = "json", snapshot: Number = None) -> Any:
    return answer(request, snapshot_of_scenario(slug, snapshot), format, "episodes")


@router.get(
    "/scenarios/{slug}/snapshots",
    response=answers(list[SnapshotOut], 404),
    url_name="snapshots",
    summary="Every published fit of a scenario's ratings, newest first",
)
@paginate
def snapshots(request: HttpRequest, slug: str) -> QuerySet[RatingSnapshot]:
    return boards.snapshots_of(get_object_or_404(Scenario, slug=slug)).defer("table")


@router.get(
    "/scenarios/{slug}/history/{agent}",
    response=answers(list[PastOut], 404),
    url_name="history",
    summary="How an agent's rating in a scenario came to be, oldest first",
)
def agent_history(request: HttpRequest, slug: str, agent: str) -> list[PastOut]:
    """Up to sixty evenly spaced snapshots, and every snapshot at which the code or the engine changed."""
    points = history.history_of(find_agent(agent, viewer_of(request)), get_object_or_404(Scenario, slug=slug))
    return [describe_past(point) for point in points]


# Boards of tournaments


@router.get(
    "/tournaments/{tournament_id}/leaderboard",
    response=answers(LeaderboardOut, 400, 404),
    url_name="tournament_leaderboard",
    summary="Ratings within a tournament",
)
@decorate_view(kept_for_visitors(60))
def tournament_leaderboard(
    request: HttpRequest, tournament_id: Key, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer(request, snapshot_of_tournament(tournament_id, snapshot), format, "ratings")


@router.get(
    "/tournaments/{tournament_id}/meta-game",
    response=answers(MetaGameOut, 400, 404),
    url_name="tournament_meta_game",
    summary="Payoffs within a tournament",
)
def tournament_meta_game(
    request: HttpRequest, tournament_id: Key, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer(request, snapshot_of_tournament(tournament_id, snapshot), format, "payoffs")


@router.get(
    "/tournaments/{tournament_id}/episodes",
    response=answers(None, 400, 404),
    url_name="tournament_episodes",
    summary="The episodes that a tournament's ratings were fitted to, as one file",
)
def tournament_episodes(
    request: HttpRequest, tournament_id: Key, format: Format = "json", snapshot: Number = None
) -> Any:
    return answer(request, snapshot_of_tournament(tournament_id, snapshot), format, "episodes")


@router.get(
    "/tournaments/{tournament_id}/snapshots",
    response=answers(list[SnapshotOut], 404),
    url_name="tournament_snapshots",
    summary="Every published fit of a tournament's ratings, newest first",
)
@paginate
def tournament_snapshots(request: HttpRequest, tournament_id: Key) -> QuerySet[RatingSnapshot]:
    return boards.snapshots_of(get_object_or_404(Tournament, pk=tournament_id)).defer("table")


# Finding a snapshot


def snapshot_of_scenario(slug: str, number: int | None) -> RatingSnapshot:
    scenario = get_object_or_404(Scenario, slug=slug)
    return find_snapshot(scenario, number, f"No episode of {scenario.name} has been finished yet.")


def snapshot_of_tournament(tournament_id: int, number: int | None) -> RatingSnapshot:
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    return find_snapshot(tournament, number, "No episode of this tournament has been rated yet; ask again later.")


def find_snapshot(board: Scenario | Tournament, number: int | None, none_yet: str) -> RatingSnapshot:
    """Return the snapshot with a number, or the newest one. Raises Refusal if there is none."""
    published = boards.snapshots_of(board).select_related("scenario", "tournament").defer("table")
    newest = published.first() if number is None else published.filter(number=number).first()
    if newest is not None:
        return newest
    if number is not None and (last := published.first()):
        message = f"This board has no snapshot {number}; its newest is {last.number}."
        raise Refusal(404, "not_found", message, "snapshot")
    raise Refusal(404, "not_rated_yet", none_yet)


# Responses


def answer(request: HttpRequest, snapshot: RatingSnapshot, format: Format, name: str) -> Any:
    """Return a snapshot's ratings, payoffs or episodes as JSON or as a file. Costly answers are made once and kept."""
    if name == "ratings" and format == "json":
        return describe_ratings(snapshot)

    def make() -> Iterator[bytes]:
        if name == "payoffs" and format == "json":
            described = describe_payoffs(snapshot).model_dump()
            return iter([json.dumps(described, cls=NinjaJSONEncoder).encode()])
        return tables.write(exports.TABLES[name](snapshot), format)

    names = f"-{names_digest()}" if name == "payoffs" else ""
    # The moment tells snapshots apart whose keys are equal, which a restored backup may cause.
    file = f"{snapshot.pk}-{snapshot.created:%Y%m%d%H%M%S%f}-{name}{names}.{format}"
    response = kept_files.answer(request, file, tables.CONTENT_TYPES[format], make)
    if not (name == "payoffs" and format == "json"):
        filename = exports.filename(snapshot, name, format)
        response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def names_digest() -> str:
    """Return a digest of all agents' names. Payoffs show current names, so a kept answer is stale after a renaming."""
    agents = Agent.objects.order_by("pk").values_list("pk", "slug", "name")
    return blake2b(json.dumps(list(agents)).encode(), digest_size=9).hexdigest()
