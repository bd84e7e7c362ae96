"""Pagination by offset or by cursor. A cursor neither skips nor repeats rows while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination

from portal.api.errors import Refusal

NOT_OURS = "This cursor does not belong to this list. Use the `next` of this list's last page, or leave it out."
NEXT = "Cursor of the next page; null: this is the last one."


class PagePart(Schema):
    """The requested part of a list. The bounds keep numbers within the 64 bits that databases accept."""

    limit: int = Field(100, ge=1, le=1000, description="Maximum number of items.")
    offset: int = Field(0, ge=0, lt=2**31, description="Number of items to skip.")

    def of(self, rows: QuerySet[Any]) -> list[Any]:
        return list(rows[self.offset : self.offset + self.limit])


class Slice(PagePart):
    """A part of a list that begins at a cursor or after an offset."""

    cursor: str = Field("", max_length=1000, description="The `next` of the page before; instead of `offset`.")

    def page(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the page, with the number of all rows and the cursor of the next page.

        Raises Refusal if the cursor is of another list.
        """
        order = find_order(rows)
        rest = rows.order_by(*order)
        if self.cursor:
            if self.offset:
                raise Refusal(422, "invalid", "Send either `cursor` or `offset`.", "cursor")
            rest = rest.filter(build_condition(order, read_cursor(self.cursor, rows, order)))
        found = list(rest[self.offset : self.offset + self.limit + 1])
        has_more = len(found) > self.limit
        return {
            "items": found[: self.limit],
            "count": rows.count(),
            "next": write_cursor(found[self.limit - 1], order) if has_more else None,
        }


class Paging(LimitOffsetPagination):
    """The pagination of `@paginate`."""

    Input = Slice  # type: ignore[assignment]

    class Output(Schema):
        items: list[Any]
        count: int
        next: str | None = Field(description=NEXT)

    def paginate_queryset(
        self,
        queryset: QuerySet[Any],
        pagination: Any,
        request: HttpRequest,
        **parameters: Any,
    ) -> dict[str, Any]:
        page: dict[str, Any] = pagination.page(queryset)
        return page


def find_order(rows: QuerySet[Any]) -> list[str]:
    """Return the fields by which the rows are sorted. The key comes last, so that no two rows are equal."""
    order = [str(name) for name in rows.query.order_by or rows.model._meta.ordering or ()]
    return (
        order if order and order[-1].lstrip("-") in ("id", "pk") else [*order, "-id" if is_descending(order) else "id"]
    )


def is_descending(order: Sequence[str]) -> bool:
    return bool(order) and order[-1].startswith("-")


def write_cursor(row: Any, order: Sequence[str]) -> str:
    """Return the position of a row in the order as a text for URLs."""
    values = [getattr(row, name.lstrip("-")) for name in order]
    text = json.dumps([list(order), values], default=write_value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def write_value(value: Any) -> str:
    """Return a value as text; times keep their microseconds."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def read_cursor(cursor: str, rows: QuerySet[Any], order: Sequence[str]) -> list[Any]:
    """Return the values of the last row of the previous page.

    Raises Refusal if the cursor is of another list or order.
    """
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        names, values = json.loads(text)
        if names != list(order) or len(values) != len(order):
            raise ValueError(names)
        read = [
            rows.model._meta.get_field("id" if name.lstrip("-") == "pk" else name.lstrip("-")).to_python(value)
            for name, value in zip(order, values, strict=True)
        ]
    except (ValueError, TypeError, ValidationError, binascii.Error, UnicodeError, RecursionError):
        raise Refusal(422, "invalid", NOT_OURS, "cursor") from None
    if any(value is None or (isinstance(value, int) and abs(value) >= 2**63) or "\0" in str(value) for value in read):
        raise Refusal(422, "invalid", NOT_OURS, "cursor")
    return read


def build_condition(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the filter for the rows after these values, in lexicographic order of the fields."""
    condition = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        condition |= Q(**equal, **{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal[field] = value
    return condition
