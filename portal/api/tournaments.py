"""Tournaments: start, watch, cancel."""

from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status
from ninja.pagination import paginate

from portal.api.authentication import token_needed
from portal.api.errors import Refusal
from portal.api.schemas import ErrorOut, TournamentDetailOut, TournamentIn, TournamentOut
from portal.permissions import insist_on_change
from tasks import hints
from tournament import formats, organising
from tournament.models import Agent, Scenario, Tournament

router = Router()


@router.get("/tournaments", response=list[TournamentOut], summary="Tournaments, newest first")
@paginate
def list_tournaments(
    request: HttpRequest, scenario: str = "", state: Literal["", "playing", "finished", "cancelled", "failed"] = ""
) -> QuerySet[Tournament]:
    found = Tournament.objects.select_related("scenario", "owner", "start")
    if scenario:
        found = found.filter(scenario__slug=scenario)
    if state:
        found = found.filter(state=state)
    return found


@router.post(
    "/tournaments",
    auth=token_needed,
    response={201: TournamentDetailOut, 400: ErrorOut, 401: ErrorOut, 404: ErrorOut, 422: ErrorOut},
    summary="Start a tournament",
)
def create_tournament(request: HttpRequest, wanted: TournamentIn) -> Any:
    """In a round robin every camera meets every target; other formats choose round by round. Episodes that exist already are reused."""
    scenario = find_scenario(wanted.scenario)
    info = formats.FORMATS.get(wanted.format)
    title = info.title.lower() if info else ""
    tournament = organising.create_tournament(
        wanted.name.strip() or f"{scenario.name} {title}",
        scenario,
        find_agents(wanted.cameras, "cameras"),
        find_agents(wanted.targets, "targets"),
        wanted.episodes_per_pairing,
        wanted.base_seed,
        owner=request.user,
        format=wanted.format,
        settings=wanted.settings,
    )
    hints.send()
    return Status(201, tournament)


def find_scenario(slug: str) -> Scenario:
    """The scenario with a slug."""
    scenario = Scenario.objects.filter(slug=slug).first()
    if scenario is None:
        slugs = ", ".join(Scenario.objects.values_list("slug", flat=True))
        raise Refusal(404, "not_found", f"There is no scenario {slug!r}. Scenarios: {slugs}.", "scenario")
    return scenario


def find_agents(names: list[str], where: str) -> list[Agent]:
    """Agents by slug or digest, in the order given."""
    rows = list(Agent.objects.filter(Q(slug__in=names) | Q(digest__in=names)))
    by_name = {row.slug: row for row in rows} | {row.digest: row for row in rows}
    missing = [name for name in names if name not in by_name]
    if missing:
        message = (
            f"There is no agent {', '.join(map(repr, missing))}. GET /api/v1/agents lists them; give slugs or digests."
        )
        raise Refusal(404, "not_found", message, where)
    return [by_name[name] for name in names]


@router.get(
    "/tournaments/{tournament_id}",
    response={200: TournamentDetailOut, 404: ErrorOut},
    summary="One tournament with its progress",
)
def get_tournament(request: HttpRequest, tournament_id: int) -> Tournament:
    return get_object_or_404(Tournament.objects.select_related("scenario", "owner", "start"), pk=tournament_id)


@router.post(
    "/tournaments/{tournament_id}/cancel",
    auth=token_needed,
    response={200: TournamentDetailOut, 401: ErrorOut, 403: ErrorOut, 404: ErrorOut},
    summary="Cancel a tournament of yours",
)
def cancel_tournament(request: HttpRequest, tournament_id: int) -> Tournament:
    """What was finished stays and counts. Cancelling one that is over changes nothing."""
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    insist_on_change(request.user, tournament, "cancel it")
    organising.cancel_tournament(tournament)
    return tournament
