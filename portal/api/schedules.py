"""Schedules, which start tournaments automatically."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import tournament_token
from portal.api.rows import Filter, find_agents, find_own, find_scenario, narrow
from portal.api.schemas import AgentRef, Asked, Key, Owner, Seed, Text, answers
from portal.people import quotas
from tasks import hints
from tournament import schedules
from tournament.models import Agent, Schedule, Start

router = Router()


class ScheduleChange(Asked):
    """Fields that are left out stay as they are."""

    name: Text | None = Field(None, max_length=100)
    expression: Text | None = Field(
        None, max_length=100, description="Five cron fields in UTC, such as `0 3 * * 1`; of kind cron."
    )
    cameras: list[Text] | None = Field(None, description="Slugs or digests; with `has_everyone` of no importance.")
    targets: list[Text] | None = None
    has_everyone: bool | None = Field(None, description="Everyone who can play in the scenario takes part.")
    format: Text | None = Field(None, description="One of GET /formats; a watch places by placement or round-robin.")
    settings: dict[str, Any] | None = None
    base_seed: int | None = Field(None, ge=0, lt=2**63)
    has_fresh_seeds: bool | None = Field(None, description="Every start takes other seeds, so that nothing is reused.")


class ScheduleIn(ScheduleChange):
    name: Text = Field(max_length=100)
    kind: Literal["cron", "watch"] = Field(
        description="cron: at set times; watch: every newly accepted agent is placed."
    )
    scenario: Text = Field(description="Slug, such as mate-4v8-9.")


class ScheduleOut(Schema):
    id: int
    name: str
    owner: Owner
    kind: Literal["cron", "watch"]
    expression: str
    in_words: str
    scenario: str = Field(alias="scenario.slug")
    has_everyone: bool
    format: str
    settings: dict[str, Any]
    base_seed: Seed
    has_fresh_seeds: bool
    is_paused: bool
    next_start: datetime | None
    created: datetime
    url: str

    @staticmethod
    def resolve_in_words(schedule: Any) -> str:
        return schedules.explain(schedule)

    @staticmethod
    def resolve_url(schedule: Any) -> str:
        return reverse("schedule", args=[schedule.pk])


class ScheduleDetailOut(ScheduleOut):
    cameras: list[AgentRef]
    targets: list[AgentRef]


class StartOut(Schema):
    number: int
    due: datetime | None = Field(description="The moment for which it was planned; null for an agent's placement.")
    agent: str | None = Field(description="Slug of the agent that is placed.")
    tournament: int | None
    refusal: str = Field(description="Why nothing could be started; empty otherwise.")
    created: datetime

    @staticmethod
    def resolve_agent(start: Start) -> str | None:
        return start.agent.slug if start.agent else None

    @staticmethod
    def resolve_tournament(start: Any) -> int | None:
        tournament = getattr(start, "tournament", None)
        return tournament and tournament.pk


ROWS = Schedule.objects.select_related("scenario", "owner")


@router.get("/schedules", response=list[ScheduleOut], summary="Schedules, newest first")
@paginate
def list_schedules(
    request: HttpRequest,
    part: Query[Filter],
    scenario: Text = "",
    kind: Literal["", "cron", "watch"] = "",
) -> QuerySet[Schedule]:
    return narrow(part.of(ROWS), scenario__slug=scenario, kind=kind)


@router.post(
    "/schedules",
    auth=tournament_token,
    response=answers(ScheduleDetailOut, 400, 401, 404, 409, 422, status=201),
    summary="Keep a schedule",
)
def create_schedule(request: HttpRequest, wanted: ScheduleIn) -> Any:
    """The schedule starts tournaments in your name, at set times or for every newly accepted agent of its scenario."""
    defaults = {"format": "placement" if wanted.kind == "watch" else "round-robin"}
    schedule = Schedule(owner=request.user, kind=wanted.kind, **defaults)  # type: ignore[misc]
    schedule.scenario = find_scenario(wanted.scenario)
    with quotas.within(request.user, "schedules"):
        return Status(201, change(schedule, wanted, [], []))


def change(schedule: Schedule, wanted: ScheduleChange, cameras: list[Agent], targets: list[Agent]) -> Schedule:
    """Apply a change to a schedule and save it. Fields that the change does not set stay as they are."""
    given = wanted.dict(exclude_unset=True, exclude={"cameras", "targets", "kind", "scenario"})
    for name, value in given.items():
        if value is not None:
            setattr(schedule, name, value)
    if wanted.cameras is not None:
        cameras = find_agents(wanted.cameras, "cameras", schedule.owner)
    if wanted.targets is not None:
        targets = find_agents(wanted.targets, "targets", schedule.owner)
    if wanted.has_everyone is None and (wanted.cameras or wanted.targets):
        schedule.has_everyone = False
    return schedules.save(schedule, cameras, targets)


@router.get("/schedules/{schedule_id}", response=answers(ScheduleDetailOut, 404), summary="One schedule")
def get_schedule(request: HttpRequest, schedule_id: Key) -> Schedule:
    return get_object_or_404(ROWS, pk=schedule_id)


@router.patch(
    "/schedules/{schedule_id}",
    auth=tournament_token,
    response=answers(ScheduleDetailOut, 400, 401, 403, 404, 422),
    summary="Change a schedule of yours",
)
def change_schedule(request: HttpRequest, schedule_id: Key, wanted: ScheduleChange) -> Schedule:
    schedule = find_own(request, ROWS, schedule_id)
    return change(schedule, wanted, *schedules.chosen(schedule))


@router.delete(
    "/schedules/{schedule_id}",
    auth=tournament_token,
    response=answers(None, 401, 403, 404, status=204),
    summary="Give up a schedule of yours",
)
def delete_schedule(request: HttpRequest, schedule_id: Key) -> Any:
    """The tournaments that the schedule started stay."""
    find_own(request, ROWS, schedule_id).delete()
    return Status(204, None)


@router.post(
    "/schedules/{schedule_id}/pause",
    auth=tournament_token,
    response=answers(ScheduleDetailOut, 401, 403, 404),
    summary="Start nothing for now",
)
def pause_schedule(request: HttpRequest, schedule_id: Key) -> Schedule:
    schedule = find_own(request, ROWS, schedule_id)
    schedules.pause(schedule)
    return schedule


@router.post(
    "/schedules/{schedule_id}/resume",
    auth=tournament_token,
    response=answers(ScheduleDetailOut, 401, 403, 404),
    summary="Go on",
)
def resume_schedule(request: HttpRequest, schedule_id: Key) -> Schedule:
    """Missed times are not made up for. Agents that were accepted during the pause are placed."""
    schedule = find_own(request, ROWS, schedule_id)
    schedules.resume(schedule)
    return schedule


@router.post(
    "/schedules/{schedule_id}/start",
    auth=tournament_token,
    response=answers(StartOut, 400, 401, 403, 404, 409, status=201),
    summary="Start one tournament now",
)
def start_now(request: HttpRequest, schedule_id: Key) -> Any:
    schedule = find_own(request, ROWS, schedule_id)
    with quotas.within(request.user, "tournaments", "episodes"):
        start = schedules.start_now(schedule)
    hints.send()
    return Status(201, start)


@router.get("/schedules/{schedule_id}/starts", response=list[StartOut], summary="What a schedule started, newest first")
@paginate
def list_starts(request: HttpRequest, schedule_id: Key) -> QuerySet[Start]:
    return get_object_or_404(ROWS, pk=schedule_id).starts.select_related("agent", "tournament")
