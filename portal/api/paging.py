"""Lists by pages."""

from typing import Any

from django.db.models import QuerySet
from ninja import Field, Schema
from ninja.pagination import LimitOffsetPagination


class Slice(Schema):
    """The part of a list that is asked for. Bounds are those of databases, which refuse numbers of more than 64 bits."""

    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, lt=2**31)

    def of(self, rows: QuerySet[Any]) -> list[Any]:
        return list(rows[self.offset : self.offset + self.limit])


class Paging(LimitOffsetPagination):
    """What `@paginate` does."""

    Input = Slice  # type: ignore[assignment]
