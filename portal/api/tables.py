"""Tables as JSON, CSV or Parquet files, as the caller asks, streamed."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from tournament import tables
from tournament.tables import Table

Format = Literal["json", "csv", "parquet"]


def answer_table(request: HttpRequest, table: Table, format: Format, filename: str) -> StreamingHttpResponse:
    """The table as a file to be kept.

    The first rows are read before the answer begins, so that what fails can still say so.
    """
    pieces = tables.write(table, format)
    pieces = begin(pieces)
    body = drip(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type=tables.CONTENT_TYPES[format])
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def begin(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first of which is there."""
    first = next(pieces, b"")

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_them()


async def drip(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """One piece at a time, each made when it is wanted: a server that answers many at once would else collect all of
    them first.
    """
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece
