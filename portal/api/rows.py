"""Lookup of the rows that a request names, and of those that its caller may change."""

from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Schema

from portal.api.errors import Refusal
from portal.api.schemas import Moment, Text
from portal.people.permissions import Owned, insist_on_change
from tournament.models import Agent, Scenario
from tournament.visibility import seen_agents

Row = TypeVar("Row", bound=Model)
Own = TypeVar("Own", bound=Owned)


def find_own(request: HttpRequest, rows: QuerySet[Own], key: int, deed: str = "change it") -> Own:
    """Return a row by its key. Raises PermissionDenied if the caller may not change it."""
    row = get_object_or_404(rows, pk=key)
    insist_on_change(request.user, row, deed)
    return row


def narrow(rows: QuerySet[Row], **wanted: Any) -> QuerySet[Row]:
    """Return the rows that have these values; empty values do not filter."""
    return rows.filter(**{name: value for name, value in wanted.items() if value})


class Filter(Schema):
    """The filters that all lists have."""

    search: Text = Field("", max_length=100, description="A part of the name.")
    owner: Text = Field("", max_length=150, description="User name of the owner.")
    created_after: Moment | None = Field(None, description="Time in ISO 8601; UTC, where it names no zone.")
    created_before: Moment | None = Field(None, description="Time in ISO 8601; UTC, where it names no zone.")

    def of(self, rows: QuerySet[Row]) -> QuerySet[Row]:
        return narrow(
            rows,
            name__icontains=self.search,
            owner__username=self.owner,
            created__gt=in_utc(self.created_after),
            created__lt=in_utc(self.created_before),
        )


def in_utc(moment: datetime | None) -> datetime | None:
    """Return a moment in UTC, the only zone that every database can read: PostgreSQL knows offsets to 16 hours."""
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


def find_scenario(slug: str) -> Scenario:
    """Return the scenario with a slug. Raises Refusal 404 if there is none."""
    scenario = Scenario.objects.filter(slug=slug).first()
    if scenario is None:
        slugs = ", ".join(Scenario.objects.values_list("slug", flat=True))
        raise Refusal(404, "not_found", f"There is no scenario {slug!r}. Scenarios: {slugs}.", "scenario")
    return scenario


def find_agent(slug: str, user: Any) -> Agent:
    """Return an agent by slug or digest, if the user may see it."""
    return get_object_or_404(seen_agents(user).select_related("owner"), Q(slug=slug) | Q(digest=slug))


def find_agents(names: list[str], where: str, user: Any) -> list[Agent]:
    """Return agents by slug or digest, in the given order, if the user may see them."""
    rows = list(seen_agents(user).filter(Q(slug__in=names) | Q(digest__in=names)))
    by_name = {row.slug: row for row in rows} | {row.digest: row for row in rows}
    missing = [name for name in names if name not in by_name]
    if missing:
        message = (
            f"There is no agent {', '.join(map(repr, missing))}. GET /api/v1/agents lists them; give slugs or digests."
        )
        raise Refusal(404, "not_found", message, where)
    return [by_name[name] for name in names]
