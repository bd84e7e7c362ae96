"""Pages that begin after a row instead of at a number: fast however deep, and no row is skipped or repeated.

The position of a row is a cursor: its values of the fields by which the list is sorted, as a text for addresses.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

CURSORS = ("after", "before")
"""Query parameters: the page that begins after a row, or ends before it."""
LONGEST_CURSOR = 1000


@dataclass(frozen=True)
class KeysetPage:
    """The rows of a page, and the cursors of the neighbouring pages, which are empty at the ends of the list.

    `count` is the number of rows of the whole list.
    """

    object_list: list[Any]
    count: int
    previous: str
    next: str

    def __iter__(self) -> Iterator[Any]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)


def read_page(rows: QuerySet[Any], asked: Mapping[str, str], size: int) -> KeysetPage:
    """Return the page that a query string asks for by `after` or `before`.

    A cursor that is not of this list gives the first page. So does an older address, with the number of a page.
    """
    order = find_order(rows)
    name = next((name for name in CURSORS if asked.get(name)), "")
    try:
        values = read_cursor(asked[name], rows, order) if name else None
    except ValueError:
        name, values = "", None
    is_back = name == "before"
    towards = reverse_order(order) if is_back else order
    rest = rows.order_by(*towards)
    if values is not None:
        rest = rest.filter(build_condition(towards, values))
    found = list(rest[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if is_back:
        if not has_more:  # The first page is full, also if there are fewer rows before the cursor.
            return read_page(rows, {}, size)
        found.reverse()
    has_previous, has_next = (has_more, True) if is_back else (values is not None, has_more)
    return KeysetPage(
        found,
        rows.count(),
        write_cursor(found[0], order) if found and has_previous else "",
        write_cursor(found[-1], order) if found and has_next else "",
    )


def find_order(rows: QuerySet[Any]) -> list[str]:
    """Return the fields by which the rows are sorted. The key comes last, so that no two rows are equal."""
    order = [str(name) for name in rows.query.order_by or rows.model._meta.ordering or ()]
    if order and order[-1].lstrip("-") in ("id", "pk"):
        return order
    return [*order, "-id" if is_descending(order) else "id"]


def reverse_order(order: Sequence[str]) -> list[str]:
    return [name[1:] if name.startswith("-") else f"-{name}" for name in order]


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
    """Return the values of the row at a cursor. Raises ValueError if the cursor is of another list or order."""
    try:
        text = base64.urlsafe_b64decode(cursor[:LONGEST_CURSOR].encode("ascii") + b"=" * (-len(cursor) % 4))
        names, values = json.loads(text)
        if names != list(order) or len(values) != len(order):
            raise ValueError(names)
        read = [find_field(rows, name).to_python(value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, ValidationError, binascii.Error, UnicodeError, RecursionError) as error:
        raise ValueError("The cursor is not of this list.") from error
    if any(value is None or (isinstance(value, int) and abs(value) >= 2**63) or "\0" in str(value) for value in read):
        raise ValueError("The cursor is not of this list.")
    return read


def find_field(rows: QuerySet[Any], name: str) -> Any:
    """Return the field of a name in an order, which may be an annotation of the rows."""
    plain = name.lstrip("-")
    if plain in rows.query.annotations:
        return rows.query.annotations[plain].output_field
    return rows.model._meta.get_field("id" if plain == "pk" else plain)


def build_condition(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Return the filter for the rows after these values, in lexicographic order of the fields.

    The bound of the first field, which follows from the rest, is what lets a database begin at that row of an index.
    """
    condition = Q()
    equal: dict[str, Any] = {}
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        condition |= Q(**equal, **{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        equal[field] = value
    first = order[0]
    bound = f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}"
    return Q(**{bound: values[0]}) & condition
