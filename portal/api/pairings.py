"""Pairings and their episodes."""

from types import SimpleNamespace
from typing import Annotated, Any

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from portal.api.episodes import EpisodeOut
from portal.api.paging import NEXT, Slice
from portal.api.schemas import AgentRef, Key, answers
from portal.api.tables import Format, answer_table
from portal.keys import LARGEST_KEY
from portal.people.viewing import viewer_of
from tournament import exports, queries
from tournament.models import Pairing, Tournament
from tournament.visibility import seen_pairings, seen_tournaments

router = Router()


class MeanOut(Schema):
    value: float | None
    error: float | None


class SummaryOut(Schema):
    episodes: int
    completed: int
    payoff: MeanOut
    target_reward: MeanOut
    coverage: MeanOut
    real_coverage: MeanOut
    transport: MeanOut
    delivered: MeanOut
    steps: MeanOut


class PairingOut(Schema):
    id: int
    scenario: str = Field(alias="scenario.slug")
    camera: AgentRef
    target: AgentRef
    num_episodes: int
    is_reproducible: bool = Field(description="Whether its episodes can be played again; not with a remote agent.")


class PairingDetailOut(PairingOut):
    engine: str = Field(description="Of the episodes that are summarised.")
    summary: SummaryOut


class EpisodeList(Schema):
    items: list[EpisodeOut]
    count: int
    next: str | None = Field(description=NEXT)


class PairingList(Schema):
    items: list[PairingOut]
    count: int
    next: str | None = Field(description=NEXT)


@router.get("/pairings", response=PairingList, summary="Pairings, of a scenario, an agent or a tournament")
def list_pairings(
    request: HttpRequest,
    part: Query[Slice],
    scenario: str = "",
    agent: str = "",
    tournament: Annotated[int | None, Query(ge=1, le=LARGEST_KEY)] = None,
) -> dict[str, Any]:
    found = seen_pairings(Pairing.objects.order_by("id"), viewer_of(request))
    if scenario:
        found = found.filter(scenario__slug=scenario)
    if agent:
        found = found.filter(
            Q(camera__slug=agent) | Q(target__slug=agent) | Q(camera__digest=agent) | Q(target__digest=agent)
        )
    if tournament is not None:
        cups = seen_tournaments(Tournament.objects.filter(pk=tournament), viewer_of(request))
        found = found.filter(tournaments__in=cups)
    counted = found.select_related("scenario", "camera", "target")
    counted = counted.annotate(num_episodes=Coalesce(Sum("totals__count"), 0))
    return part.page(counted) | {"count": found.count()}


@router.get("/pairings/{pairing_id}", response=answers(PairingDetailOut, 404), summary="One pairing, summarised")
def get_pairing(request: HttpRequest, pairing_id: Key) -> SimpleNamespace:
    pairing = get_object_or_404(Pairing.objects.select_related("scenario", "camera", "target"), pk=pairing_id)
    engine = queries.newest_engine(pairing)
    summary = queries.summarise(queries.episodes_of(pairing, engine))
    described = {name: getattr(pairing, name) for name in ("id", "scenario", "camera", "target", "is_reproducible")}
    return SimpleNamespace(**described, num_episodes=summary.episodes, engine=engine, summary=summary)


@router.get(
    "/pairings/{pairing_id}/episodes",
    response=answers(EpisodeList, 404),
    url_name="episodes",
    summary="The episodes of a pairing (JSON by pages; CSV and Parquet whole)",
)
def list_episodes(request: HttpRequest, pairing_id: Key, part: Query[Slice], format: Format = "json") -> Any:
    pairing = get_object_or_404(Pairing, pk=pairing_id)
    if format != "json":
        name = f"pairing-{pairing_id}-episodes.{format}"
        return answer_table(request, exports.episodes_of_pairing(pairing), format, name)
    episodes = queries.episodes_of(pairing)
    return part.page(episodes)
