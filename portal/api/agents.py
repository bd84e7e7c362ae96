"""Agents."""

from types import SimpleNamespace
from typing import Literal

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router
from ninja.pagination import paginate

from portal.api.authentication import token_needed
from portal.api.schemas import AgentDetailOut, AgentIn, AgentOut, ErrorOut, StandingOut
from portal.permissions import insist_on_change
from tournament import boards, queries
from tournament.models import Agent, Scenario

router = Router()


@router.get("/agents", response=list[AgentOut], summary="Agents, by team, kind, scenario or a part of the name")
@paginate
def list_agents(
    request: HttpRequest,
    team: Literal["", "camera", "target"] = "",
    kind: Literal["", "builtin", "checkpoint", "mixture"] = "",
    scenario: str = "",
    search: str = "",
) -> QuerySet[Agent]:
    chosen = get_object_or_404(Scenario, slug=scenario) if scenario else None
    return queries.find_agents(team, kind, chosen, search)


@router.get("/agents/{slug}", response={200: AgentDetailOut, 404: ErrorOut}, summary="One agent, by slug or digest")
def get_agent(request: HttpRequest, slug: str) -> SimpleNamespace:
    return describe(find_agent(slug))


@router.patch(
    "/agents/{slug}",
    auth=token_needed,
    response={200: AgentDetailOut, 401: ErrorOut, 403: ErrorOut, 404: ErrorOut, 422: ErrorOut},
    summary="Rename or describe an agent of yours",
)
def change_agent(request: HttpRequest, slug: str, wanted: AgentIn) -> SimpleNamespace:
    """What the agent is, its slug and its ratings stay as they are."""
    agent = find_agent(slug)
    insist_on_change(request.user, agent, "rename or describe it")
    for name, value in wanted.dict(exclude_none=True).items():
        setattr(agent, name, value)
    agent.save(update_fields=["name", "description"])
    return describe(agent)


def find_agent(slug: str) -> Agent:
    return get_object_or_404(Agent.objects.select_related("owner"), Q(slug=slug) | Q(digest=slug))


def describe(agent: Agent) -> SimpleNamespace:
    described = {name: getattr(agent, name) for name in AgentDetailOut.model_fields if name != "standings"}
    return SimpleNamespace(**described, standings=list_standings(agent))


def list_standings(agent: Agent) -> list[StandingOut]:
    names = [name for name in StandingOut.model_fields if name != "scenario"]
    return [
        StandingOut(scenario=snapshot.scenario.slug, **{name: getattr(line.rating, name) for name in names})
        for snapshot, line in boards.standings_of(agent)
    ]
