"""Pagination by offset or by cursor. A cursor neither skips nor repeats rows while rows are added."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination

from portal.api.errors import Refusal
from portal.listing.keyset import build_condition, find_order, read_cursor, write_cursor

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

    cursor: str = Field(
        "", max_length=1000, pattern="^[A-Za-z0-9_-]*$", description="The `next` of the page before, without `offset`."
    )

    def page(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the page, with the number of all rows and the cursor of the next page.

        Raises Refusal if the cursor is of another list.
        """
        order = find_order(rows)
        rest = rows.order_by(*order)
        if self.cursor:
            if self.offset:
                raise Refusal(409, "refused", "Send either `cursor` or `offset`.", "cursor")
            try:
                values = read_cursor(self.cursor, rows, order)
            except ValueError:
                raise Refusal(409, "refused", NOT_OURS, "cursor") from None
            rest = rest.filter(build_condition(order, values))
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
