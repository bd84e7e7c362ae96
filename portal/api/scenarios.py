"""Scenarios: list them, read one with its configuration, add one."""

from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from pydantic import StringConstraints

from mate.scenario import Scenario as Game
from mate.variants import VARIANT
from portal.api.authentication import tournament_token
from portal.api.rows import find_scenario
from portal.api.schemas import Asked, Owner, Text, answers
from tournament import drafts, entries, new_scenarios
from tournament.models import Scenario

router = Router()
ROWS = Scenario.objects.select_related("owner")


class ScenarioOut(Schema):
    slug: str
    name: str
    digest: str
    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str
    variant: dict[str, Any] = Field(
        description=f"What of {', '.join(VARIANT)} differs from the default: none, no limit of messages."
    )
    owner: Owner

    @staticmethod
    def resolve_variant(row: Any) -> dict[str, Any]:
        return game_of(row).variant


class ScenarioDetailOut(ScenarioOut):
    document: dict[str, Any] = Field(description="The configuration; POST /scenarios makes the same scenario of it.")

    @staticmethod
    def resolve_document(row: Any) -> dict[str, Any]:
        return drafts.to_document(game_of(row))


class ScenarioIn(Asked):
    name: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    start: Text = Field("", max_length=80, description="Slug of the scenario that the document changes; empty: none.")
    document: dict[str, Any] = Field(
        default_factory=dict,
        description="Configuration, or what differs from `start`: mappings merge, all else replaces.",
    )


def game_of(row: Scenario) -> Game:
    return entries.load_scenario(row)


@router.get("/scenarios", response=list[ScenarioOut], summary="All scenarios")
def list_scenarios(request: HttpRequest) -> QuerySet[Scenario]:
    return ROWS.all()


@router.get("/scenarios/{slug}", response=answers(ScenarioDetailOut, 404), summary="One scenario")
def get_scenario(request: HttpRequest, slug: str) -> Scenario:
    return get_object_or_404(ROWS, slug=slug)


@router.post(
    "/scenarios",
    auth=tournament_token,
    response=answers(ScenarioDetailOut, 400, 401, 403, 404, 422) | {201: ScenarioDetailOut},
    summary="Add a scenario of your own, or a variant of another",
)
def add_scenario(request: HttpRequest, wanted: ScenarioIn) -> Any:
    """200 means that the portal already has a scenario with exactly these rules, perhaps under another name."""
    document = drafts.to_document(game_of(find_scenario(wanted.start))) if wanted.start else {}
    drafts.measure(wanted.document)
    row, is_new = new_scenarios.add(drafts.merge(document, wanted.document), wanted.name, request.user)
    return Status(201 if is_new else 200, row)
