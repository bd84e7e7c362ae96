"""Paginated lists of users' objects. The query string says how to search, filter and sort."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.listing import keyset
from tournament.models import Scenario

PAGE = 50
CHOSEN = ("mine", "search", "state", "scenario", "sort")
LIST = (*CHOSEN, *keyset.CURSORS, "page")
"""Query parameters of such lists. `page` is of older addresses."""
LONGEST_SEARCH = 100
SORTS = {"name": "name", "state": "state", "created": "created"}
"""Sort orders: their names in addresses (with a prefix "-" for descending) and their fields."""


def find_like(request: HttpRequest, rows: QuerySet[Any]) -> Any:
    """Return the row named by `?like=`, which a new one copies; None if there is none."""
    number = request.GET.get("like", "")
    return rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 19 else None


def list_page(
    request: HttpRequest, rows: QuerySet[Any], search_in: str = "name", sorts: Mapping[str, str] = SORTS
) -> dict[str, Any]:
    """Return the context of such lists: `page`, the query `asked`, and `states` and `scenarios` to filter by."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:LONGEST_SEARCH].strip() for name in CHOSEN}
    mine = bool(asked["mine"]) and request.user.is_authenticated
    states = rows.model._meta.get_field("state").choices or ()
    has_scenario = has_field(rows, "scenario")
    if mine:
        rows = rows.filter(owner=request.user.pk)
    if asked["search"]:
        rows = rows.filter(**{f"{search_in}__icontains": asked["search"]})
    if asked["state"] in dict(states):
        rows = rows.filter(state=asked["state"])
    if asked["scenario"] and has_scenario:
        rows = rows.filter(scenario__slug=asked["scenario"])
    return {
        "page": keyset.read_page(sort_rows(rows, asked["sort"], sorts), request.GET, PAGE),
        "mine": mine,
        "asked": asked,
        "is_filtered": any(asked[name] for name in ("search", "state", "scenario")),
        "states": states,
        "scenarios": Scenario.objects.all() if has_scenario else (),
    }


def sort_rows(rows: QuerySet[Any], sort: str, sorts: Mapping[str, str]) -> QuerySet[Any]:
    """Return the rows in the requested order; their order stays if none or an unknown one is requested."""
    field = sorts.get(sort.removeprefix("-"))
    if field is None:
        return rows
    return rows.order_by(f"-{field}" if sort.startswith("-") else field, "pk")


def has_field(rows: QuerySet[Any], name: str) -> bool:
    """Return whether rows have a field of that name."""
    try:
        rows.model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


def read_page(rows: QuerySet[Any], size: int, number: str | None) -> Page[Any]:
    """Return a page whose rows are loaded, so that threads can share it."""
    page = Paginator(rows, size).get_page(number)
    page.object_list = list(page.object_list)
    return page
