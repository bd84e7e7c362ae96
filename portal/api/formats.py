"""Formats of tournaments, and the log of the pairings that they chose."""

from typing import Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from portal.api.paging import NEXT, Slice
from portal.api.schemas import Key, answers
from portal.api.tables import Format, answer_table
from tournament import formats, logs
from tournament.models import Tournament

router = Router()


class SettingOut(Schema):
    name: str
    title: str
    explanation: str
    kind: Literal["integer", "number", "option"]
    default: Any
    lowest: float | None
    highest: float | None
    options: list[str]
    unit: str


class FormatOut(Schema):
    name: str
    title: str
    explanation: str
    settings: list[SettingOut]


class ChoiceOut(Schema):
    round: int = Field(description="From 1.")
    pairing: int = Field(alias="pairing_id")
    camera: str = Field(alias="pairing.camera.slug")
    target: str = Field(alias="pairing.target.slug")
    first: int = Field(description="Number of the first episode, from 0.")
    count: int
    step: int = Field(description="Numbers are first, first + step, ...; even ones are keyed by the target.")
    reason: str
    probability: float = Field(description="With which the rule would have chosen the pairing in this round.")


class ChoiceList(Schema):
    items: list[ChoiceOut]
    count: int
    next: str | None = Field(description=NEXT)


@router.get("/formats", response=list[FormatOut], summary="Formats that a tournament can have")
def list_formats(request: HttpRequest) -> list[Any]:
    return list(formats.FORMATS.values())


@router.get(
    "/tournaments/{tournament_id}/choices",
    response=answers(ChoiceList, 404),
    url_name="choices",
    summary="What was chosen in which round, and why (JSON by pages; CSV and Parquet whole)",
)
def list_choices(request: HttpRequest, tournament_id: Key, part: Query[Slice], format: Format = "json") -> Any:
    """A tournament consists of the episodes of its choices.

    The choices of a round depend only on the results of earlier rounds.
    """
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    if format != "json":
        name = f"tournament-{tournament_id}-choices.{format}"
        return answer_table(request, logs.choices_of_tournament(tournament), format, name)
    choices = tournament.choices.select_related("pairing__camera", "pairing__target")
    return part.page(choices)
