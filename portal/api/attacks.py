"""Attacks on agents: start one, poll it, cancel and resume it."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import training_token
from portal.api.rows import find_agent, find_own, find_scenario, narrow
from portal.api.schemas import AgentRef, Asked, Key, Owner, Seed, Text, answers
from portal.people import quotas
from portal.people.viewing import viewer_of
from tournament import attacks
from tournament.models import Attack
from tournament.visibility import seen_agents

router = Router()
State = Literal["training", "judging", "finished", "cancelled", "failed"]


class AttackTrainingIn(Asked):
    algorithm: Text | None = Field(None, description="null: hrl-mappo for attacking cameras, mappo for targets.")
    preset: Text = Field("quick", description="One of quick, fast, entity and upstream.")
    steps: int | None = Field(None, description="Environment steps of each attacker; null: the preset's.")
    hyperparameters: dict[str, Any] = Field({}, description="Those that differ from the preset's.")
    evaluation_episodes: int = Field(attacks.SELECTION_EPISODES, description="Of each milestone, to choose the best.")
    cores: int | None = Field(None, description="null: all that trainings may use.")


class AttackIn(Asked):
    scenario: Text = Field(description="Slug, such as mate-2v4-0.")
    num_attackers: int = Field(3, description="Each is trained from its own seed.")
    first_seed: int = 0
    episodes: int = Field(attacks.DEFAULT_EPISODES, description="Fresh ones, of the best attacker.")
    training: AttackTrainingIn = AttackTrainingIn.model_validate({})


class AttackOut(Schema):
    id: int
    agent: AgentRef
    scenario: str = Field(alias="scenario.slug")
    state: State
    reason: str = Field(description="Why it failed, and what to do.")
    training: dict[str, Any]
    num_attackers: int
    first_seed: Seed
    episodes: int
    trainings: list[int]
    attacker: AgentRef | None = Field(description="The best on selection seeds.")
    tournament: int | None = Field(alias="tournament_id", description="Of the fresh episodes.")
    result: dict[str, Any] = Field(description="Payoff on fresh seeds, exploitability found, budget; empty before.")
    owner: Owner
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_trainings(attack: Attack) -> list[int]:
        return list(attack.trainings.order_by("seed").values_list("pk", flat=True))

    @staticmethod
    def resolve_url(attack: Attack) -> str:
        return reverse("attack", args=[attack.pk])


ROWS = Attack.objects.select_related("agent", "attacker", "scenario", "owner")


@router.get("/attacks", response=list[AttackOut], summary="Attacks on agents, newest first")
@paginate
def list_attacks(
    request: HttpRequest,
    agent: Text = "",
    scenario: Text = "",
    state: Literal["", State] = "",
) -> QuerySet[Attack]:
    rows = ROWS.filter(agent__in=seen_agents(viewer_of(request)))
    return narrow(rows, agent__slug=agent, scenario__slug=scenario, state=state)


@router.post(
    "/agents/{slug}/attacks",
    auth=training_token,
    response=answers(AttackOut, 400, 401, 404, 409, 422, status=201),
    summary="Attack an agent",
)
def create_attack(request: HttpRequest, slug: str, wanted: AttackIn) -> Any:
    """Attackers are trained against the agent from several seeds. The best one is evaluated on fresh seeds."""
    agent, scenario = find_agent(slug, request.user), find_scenario(wanted.scenario)
    given = {name: value for name, value in wanted.training.dict().items() if value is not None}
    asked = attacks.AttackRequest(
        agent, scenario, training=replace(attacks.usual_training(agent), **given), owner=request.user,
        **wanted.dict(exclude={"scenario", "training"}),
    )  # fmt: skip
    with quotas.within(request.user, "attacks"):
        attack = attacks.create_attack(asked)
    return Status(201, attack)


@router.get("/attacks/{attack_id}", response=answers(AttackOut, 404), summary="One attack, to poll it")
def get_attack(request: HttpRequest, attack_id: Key) -> Attack:
    return get_object_or_404(ROWS.filter(agent__in=seen_agents(viewer_of(request))), pk=attack_id)


@router.post(
    "/attacks/{attack_id}/cancel",
    auth=training_token,
    response=answers(AttackOut, 400, 401, 403, 404),
    summary="Cancel an attack of yours",
)
def cancel_attack(request: HttpRequest, attack_id: Key) -> Attack:
    """The trainings of the attack stop at once. The attack can be resumed."""
    attack = find_own(request, ROWS, attack_id)
    attacks.cancel_attack(attack)
    return attack


@router.post(
    "/attacks/{attack_id}/resume",
    auth=training_token,
    response=answers(AttackOut, 400, 401, 403, 404, 409),
    summary="Let a failed or cancelled one go on",
)
def resume_attack(request: HttpRequest, attack_id: Key) -> Attack:
    """Stopped trainings continue from their last states. Then the best attacker is selected and evaluated again."""
    attack = find_own(request, ROWS, attack_id)
    with quotas.within(request.user, "attacks"):
        attacks.resume_attack(attack)
    return attack
