"""Scenarios."""

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router

from portal.api.schemas import ErrorOut, ScenarioOut
from tournament.models import Scenario

router = Router()


@router.get("/scenarios", response=list[ScenarioOut], summary="All scenarios")
def list_scenarios(request: HttpRequest) -> QuerySet[Scenario]:
    return Scenario.objects.all()


@router.get("/scenarios/{slug}", response={200: ScenarioOut, 404: ErrorOut}, summary="One scenario")
def get_scenario(request: HttpRequest, slug: str) -> Scenario:
    return get_object_or_404(Scenario, slug=slug)
