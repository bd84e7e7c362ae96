"""Lists of what people own, by pages: everyone's, or the caller's own."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE = 30
LIST = ("mine", "page")
"""What the addresses of such lists say."""


def find_like(request: HttpRequest, rows: QuerySet[Any]) -> Any:
    """The row that a new one is to be like, which `?like=` names; None for no such row."""
    number = request.GET.get("like", "")
    return rows.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 19 else None


def list_page(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """`page` and `mine`, which the templates of such lists need. `?mine=1` asks for the caller's own, `?page=` for another page."""
    mine = bool(request.GET.get("mine")) and request.user.is_authenticated
    shown = rows.filter(owner=request.user.pk) if mine else rows
    return {"page": Paginator(shown, PAGE).get_page(request.GET.get("page")), "mine": mine}
