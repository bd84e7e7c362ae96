"""Remote agents: users' own processes that play one team."""

from typing import Any, Literal
from uuid import uuid4

from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import slugify
from ninja import Field, Router, Schema, Status
from redis.exceptions import RedisError

from portal.api.authentication import agent_token
from portal.api.errors import Refusal
from portal.api.schemas import Asked, Text, answers
from portal.server import remotes
from tournament import names
from tournament.agents import RemoteAgent
from tournament.models import Agent, AgentKind
from tournament.refusals import RequestRefused

router = Router()
MOST = 50
"""Maximum number of remote agents per user."""


class RemoteAgentIn(Asked):
    name: Text = Field(min_length=1, max_length=80, description="The name that the agent has or is to have.")
    team: Literal["camera", "target"]


class SeatOut(Schema):
    slug: str
    page: str = Field(description="Address of the agent's page.")
    session: str = Field(description="What `python -m mate.remote` asks for turns with, in place of the token.")


@router.post(
    "/remote-agents",
    auth=agent_token,
    response=answers(SeatOut, 400, 401, 403, 422, 503) | {201: SeatOut},
    summary="Play an agent from a process of your own",
)
def take_seat(request: HttpRequest, wanted: RemoteAgentIn) -> Any:
    """Take the seat of an agent, which is created if you have none of this name. An earlier process loses the seat.

    `python -m mate.remote` sends this request and then polls for turns.
    """
    agent, is_new = find_or_make(request.user, wanted.name.strip(), wanted.team)
    page = request.build_absolute_uri(reverse("agent", args=[agent.slug]))
    try:
        session = remotes.take_seat(agent.spec["key"])
    except RedisError:
        message = "The portal's broker, which carries turns, does not answer. Try again in a few seconds."
        raise Refusal(503, "busy", message) from None
    seat = {"slug": agent.slug, "page": page, "session": session}
    return Status(201 if is_new else 200, seat)


@transaction.atomic
def find_or_make(owner: Any, name: str, team: str) -> tuple[Agent, bool]:
    """Return a user's remote agent by name, and whether it was just created. Raises RequestRefused."""
    mine = Agent.objects.select_for_update().filter(owner=owner, kind=AgentKind.REMOTE)
    if found := mine.filter(name=name, team=team).first():
        return found, False
    if problem := names.find_agent_problem(name):
        raise RequestRefused([("name", problem)])
    if mine.count() >= MOST:
        raise RequestRefused([("name", f"You have {MOST} remote agents. Play one of them, under its name.")])
    spec = RemoteAgent(team, uuid4().hex)
    slug = f"{slugify(name)[:80] or 'agent'}-{spec.digest[:12]}"
    values = {"name": name, "slug": slug, "owner": owner, "spec": spec.to_json(), "identity": spec.digest}
    architecture = "Remote process"
    return Agent.objects.create(
        digest=spec.digest, team=team, kind=AgentKind.REMOTE, architecture=architecture, **values
    ), True
