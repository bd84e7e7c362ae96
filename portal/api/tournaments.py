"""Tournaments: start, watch, cancel."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from mate.messages import TEAMS
from portal.api.authentication import tournament_token
from portal.api.rows import Filter, find_agents, find_own, find_scenario, narrow
from portal.api.schemas import AgentRef, Asked, Key, Owner, Seed, Text, answers
from portal.people import quotas
from portal.people.viewing import viewer_of
from tasks import hints
from tournament import formats, organising, queries
from tournament.models import Pairing, Tournament, TournamentState
from tournament.visibility import seen_tournaments

router = Router()
State = Literal["playing", "finished", "cancelled", "failed"]


class TournamentIn(Asked):
    name: Text = Field("", max_length=120)
    scenario: Text = Field(description="Slug, such as mate-4v8-9.")
    cameras: list[Text] = Field(description="Slugs or digests of camera agents.")
    targets: list[Text] = Field(description="Slugs or digests of target agents.")
    format: Text = Field("round-robin", description="One of GET /formats.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Of the format; what is absent is as usual.")
    episodes_per_pairing: int | None = Field(
        None, ge=1, description="A round robin's setting `episodes`, under its older name."
    )
    base_seed: int = Field(0, ge=0, lt=2**63)
    rates_remote: bool = Field(False, description="Rate remote agents in this tournament.")


class ProgressOut(Schema):
    done: int
    total: int = Field(description="Where the format decides round by round, what is expected in the end.")
    chosen: int = Field(description="What was chosen so far.")
    reused: int
    failed: int
    rate: float | None = Field(description="Expected episodes a second; null while not known.")
    seconds_left: float | None = Field(description="Expected; null while not known.")
    seconds_left_low: float | None = Field(None, alias="span.low", description="At least so many, by pairing.")
    seconds_left_high: float | None = Field(
        None, alias="span.high", description="At most so many; null where an agent like these was never played."
    )


class TournamentOut(Schema):
    id: int
    name: str
    owner: Owner
    scenario: str = Field(alias="scenario.slug")
    state: State
    is_over: bool
    format: str
    settings: dict[str, Any]
    round: int = Field(description="Rounds that were chosen.")
    purpose: str = Field(
        description="Why it was started: placement, reevaluation, schedule, milestone, psro, or nothing."
    )
    schedule: int | None = Field(description="The schedule that started it.")
    episodes_per_pairing: int = Field(description="Of a round robin; 0 where the format decides round by round.")
    base_seed: Seed
    rates_remote: bool = Field(description="Whether remote agents are rated in it.")
    engine: str
    num_episodes: int = Field(description="Episodes that it consists of so far.")
    num_reused: int
    is_prepared: bool = Field(description="Whether the whole first round is written; a large one is written in parts.")
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_schedule(tournament: Tournament) -> int | None:
        return tournament.start.schedule_id if tournament.start else None

    @staticmethod
    def resolve_is_prepared(tournament: Tournament) -> bool:
        return not tournament.num_unwritten

    @staticmethod
    def resolve_is_over(tournament: Tournament) -> bool:
        return tournament.state != TournamentState.PLAYING

    @staticmethod
    def resolve_url(tournament: Any) -> str:
        return reverse("tournament", args=[tournament.pk])


class FailureOut(Schema):
    camera: str = Field(alias="pairing.camera.slug")
    target: str = Field(alias="pairing.target.slug")
    cause: str
    error: str


class TournamentDetailOut(TournamentOut):
    cameras: list[AgentRef]
    targets: list[AgentRef]
    notes: list[str] = Field(description="What is to be known about agents here, such as what they were trained under.")
    progress: ProgressOut
    finding: dict[str, Any] = Field(description="What the format found after the last complete round; empty before.")
    failures: list[FailureOut]

    @staticmethod
    def resolve_notes(tournament: Any) -> list[str]:
        return queries.notes_of(tournament)

    @staticmethod
    def resolve_progress(tournament: Any) -> organising.Progress:
        return organising.progress(tournament)

    @staticmethod
    def resolve_failures(tournament: Any) -> list[Any]:
        return list(queries.failures(tournament))


class EstimateOut(Schema):
    pairings: int
    first_round: int = Field(description="Episodes of the first round.")
    episodes: int = Field(description="Episodes that are expected in the end.")
    reused: int = Field(description="Episodes of the first round that exist already.")
    seconds_low: float | None = Field(description="Time at least; null: unknown.")
    seconds_high: float | None = Field(description="Time at most; null: an agent like these has never played.")
    workers: int = Field(description="Live workers.")


ROWS = Tournament.objects.select_related("scenario", "owner", "start")


@router.get("/tournaments", response=list[TournamentOut], summary="Tournaments, newest first")
@paginate
def list_tournaments(
    request: HttpRequest,
    part: Query[Filter],
    scenario: Text = "",
    state: Literal["", State] = "",
    format: Text = "",
    purpose: Text = "",
    agent: Text = "",
) -> QuerySet[Tournament]:
    rows = seen_tournaments(part.of(ROWS), viewer_of(request))
    found = narrow(rows, scenario__slug=scenario, state=state, format=format, purpose=purpose)
    return found.filter(pk__in=tournaments_of(agent)) if agent else found


def tournaments_of(agent: str) -> QuerySet[Any]:
    """Return the keys of the tournaments of an agent, which is named by slug or digest."""
    sides = (Q(**{f"{team}__{name}": agent}) for team in TEAMS for name in ("slug", "digest"))
    return Pairing.objects.filter(reduce(or_, sides)).order_by().values("tournaments")


@router.post(
    "/tournaments",
    auth=tournament_token,
    response=answers(TournamentDetailOut, 400, 401, 404, 409, 422, status=201),
    summary="Start a tournament",
)
def create_tournament(request: HttpRequest, wanted: TournamentIn) -> Any:
    """In a round robin, every camera plays every target. Other formats choose pairings round by round.

    Existing episodes are reused. A tournament of more than 5,000 pairings is prepared by a worker after the answer.
    """
    with quotas.within(request.user, "tournaments", "episodes"):
        tournament = organising.plan_tournament(read_request(request, wanted))
    organising.finish_if_complete(tournament)
    hints.send()
    return Status(201, tournament)


@router.post(
    "/tournaments/estimate",
    auth=tournament_token,
    response=answers(EstimateOut, 400, 401, 404, 422),
    summary="What a tournament would cost",
)
def estimate_tournament(request: HttpRequest, wanted: TournamentIn) -> EstimateOut:
    """Takes the body of a new tournament and refuses it for the same reasons, but starts nothing."""
    with transaction.atomic():
        tournament = organising.plan_tournament(read_request(request, wanted), at_once=True)
        progress = organising.progress(tournament)
        pairings = tournament.pairings.count()
        transaction.set_rollback(True)
    span = progress.span
    return EstimateOut(
        pairings=pairings,
        first_round=progress.chosen,
        episodes=progress.total,
        reused=progress.reused,
        seconds_low=span.low if span else None,
        seconds_high=span.high if span else None,
        workers=queries.live_workers().count(),
    )


def read_request(request: HttpRequest, wanted: TournamentIn) -> organising.TournamentRequest:
    """Return the tournament that a body describes."""
    scenario = find_scenario(wanted.scenario)
    info = formats.FORMATS.get(wanted.format)
    title = info.title.lower() if info else ""
    return organising.TournamentRequest(
        wanted.name.strip() or f"{scenario.name} {title}", scenario,
        find_agents(wanted.cameras, "cameras", request.user), find_agents(wanted.targets, "targets", request.user),
        owner=request.user, **wanted.dict(exclude={"name", "scenario", "cameras", "targets"}),
    )  # fmt: skip


@router.get(
    "/tournaments/{tournament_id}",
    response=answers(TournamentDetailOut, 404),
    summary="One tournament with its progress",
)
def get_tournament(request: HttpRequest, tournament_id: Key) -> Tournament:
    return get_object_or_404(ROWS, pk=tournament_id)


@router.post(
    "/tournaments/{tournament_id}/cancel",
    auth=tournament_token,
    response=answers(TournamentDetailOut, 401, 403, 404),
    summary="Cancel a tournament of yours",
)
def cancel_tournament(request: HttpRequest, tournament_id: Key) -> Tournament:
    """Finished episodes stay and count. Cancelling a tournament that is over changes nothing."""
    tournament = find_own(request, ROWS, tournament_id, "cancel it")
    organising.cancel_tournament(tournament)
    return tournament
