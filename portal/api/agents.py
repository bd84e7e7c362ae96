"""Agents."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import agent_token, any_token
from portal.api.rows import find_agent, narrow
from portal.api.scenarios import ScenarioOut
from portal.api.schemas import AgentName, AgentRef, Asked, Owner, TeamName, Text, answers
from portal.people.permissions import insist_on_change
from portal.people.viewing import viewer_of
from portal.sharing.downloading import answer_agent
from tournament import boards, homes, labs, queries, withdrawal
from tournament.models import Agent, Scenario

router = Router()


class AgentOut(AgentRef):
    kind: Literal["builtin", "checkpoint", "mixture", "operator", "remote"]
    description: str
    owner: Owner
    architecture: str
    num_cameras: int | None = Field(description="Trained for this many; null: any.")
    num_targets: int | None
    num_obstacles: int | None
    trained_enhanced_observation: str
    is_downloadable: bool = Field(description="Whether everyone may download it; its owner always may.")
    withdrawn: Literal["", "unlisted", "retired", "private"]
    lab: str = Field(description="The lab that it belongs to, by slug; empty: none.")
    created: datetime

    @staticmethod
    def resolve_lab(agent: Any) -> str:
        return name_lab(agent)


class AgentIn(Asked):
    """Fields that are left out stay as they are."""

    name: AgentName | None = None
    description: Text | None = Field(None, max_length=2000)
    is_downloadable: bool | None = Field(None, description="Whether everyone may download it.")
    lab: Text | None = Field(None, description="A lab of yours by slug, whose members share it; empty: none.")
    withdrawn: Literal["", "unlisted", "retired", "private"] | None = Field(
        None,
        description="`unlisted`: in no list or leaderboard; `retired`: it plays in nothing new either; `private`: only "
        "its owner and its lab see it (before it has played); empty: listed.",
    )


class StandingOut(Schema):
    scenario: str
    rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    nash_mass: float | None
    num_episodes: int


class AgentDetailOut(AgentOut):
    spec: dict[str, Any]
    provenance: dict[str, Any]
    standings: list[StandingOut]
    no_scenario: str = Field(description="Why it can play in no scenario here, and what helps; empty: it can play.")


@router.get("/agents", response=list[AgentOut], summary="Agents, by team, kind, scenario or a part of the name")
@paginate
def list_agents(
    request: HttpRequest,
    team: Literal["", TeamName] = "",
    kind: Literal["", "builtin", "checkpoint", "mixture", "operator", "remote"] = "",
    scenario: str = "",
    search: Text = "",
    owner: Text = "",
) -> QuerySet[Agent]:
    """`search` is a part of the name or of the architecture."""
    chosen = get_object_or_404(Scenario, slug=scenario) if scenario else None
    return narrow(queries.find_agents(team, kind, chosen, search, viewer_of(request)), owner__username=owner)


@router.get("/agents/{slug}", response=answers(AgentDetailOut, 404), summary="One agent, by slug or digest")
def get_agent(request: HttpRequest, slug: str) -> SimpleNamespace:
    return describe(find_agent(slug, viewer_of(request)))


@router.patch(
    "/agents/{slug}",
    auth=agent_token,
    response=answers(AgentDetailOut, 400, 401, 403, 404, 422),
    summary="Rename, describe, unlist or retire an agent of yours",
)
def change_agent(request: HttpRequest, slug: str, wanted: AgentIn) -> SimpleNamespace:
    """The policy, the slug and the ratings of the agent never change."""
    agent = find_agent(slug, viewer_of(request))
    insist_on_change(request.user, agent, "rename or describe it")
    with transaction.atomic():
        for name, value in wanted.dict(exclude_none=True, exclude={"withdrawn", "lab"}).items():
            setattr(agent, name, value)
        if wanted.lab is not None:
            agent.lab = labs.find_own_lab(request.user, wanted.lab) if wanted.lab else None
        agent.save(update_fields=["name", "description", "is_downloadable", "lab"])
        if wanted.withdrawn is not None:
            withdrawal.withdraw(agent, wanted.withdrawn)
    return describe(agent)


@router.get(
    "/agents/{slug}/file",
    auth=any_token,
    response=answers(None, 400, 401, 403, 404),
    summary="The file of an agent, which mate_arena.load reads",
)
def download_agent(request: HttpRequest, slug: str, format: Literal["native", "onnx"] = "native") -> HttpResponseBase:
    """A checkpoint, or all files of a mixture. Users other than the owner need the owner's permission.

    `onnx` exports the networks in ONNX format for other tools. An export with a single network can be uploaded again.
    """
    return answer_agent(request.user, find_agent(slug, viewer_of(request)), format)


@router.post(
    "/agents/{slug}/scenarios",
    auth=agent_token,
    response=answers(ScenarioOut, 400, 401, 403, 404, status=201),
    summary="Add the scenario that an agent of yours was trained on, or needs",
)
def add_scenario(request: HttpRequest, slug: str) -> Any:
    """Possible only if the agent can play in no scenario of the portal; its field `no_scenario` says so."""
    agent = find_agent(slug, viewer_of(request))
    insist_on_change(request.user, agent, "add a scenario for it")
    return Status(201, homes.add_home(agent))


def describe(agent: Agent) -> SimpleNamespace:
    made = {
        "standings": list_standings(agent),
        "lab": name_lab(agent),
        "no_scenario": "".join(map(str, homes.find_homeless([agent]))),
    }
    kept = {name: getattr(agent, name) for name in AgentDetailOut.model_fields if name not in made}
    return SimpleNamespace(**kept, **made)


def name_lab(agent: Any) -> str:
    """Return the slug of an agent's lab. A description of an agent holds the slug already."""
    return agent.lab if isinstance(agent.lab, str) else agent.lab.slug if agent.lab else ""


def list_standings(agent: Agent) -> list[StandingOut]:
    names = [name for name in StandingOut.model_fields if name != "scenario"]
    return [
        StandingOut(scenario=snapshot.scenario.slug, **{name: getattr(line.rating, name) for name in names})
        for snapshot, line in boards.standings_of(agent)
    ]
