"""Scenarios."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from portal.api.schemas import answers
from tournament.models import Scenario

router = Router()


class ScenarioOut(Schema):
    slug: str
    name: str
    digest: str
    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str


@router.get("/scenarios", response=list[ScenarioOut], summary="All scenarios")
def list_scenarios(request: HttpRequest) -> QuerySet[Scenario]:
    return Scenario.objects.all()


@router.get("/scenarios/{slug}", response=answers(ScenarioOut, 404), summary="One scenario")
def get_scenario(request: HttpRequest, slug: str) -> Scenario:
    return get_object_or_404(Scenario, slug=slug)
