"""Streamed tables in the requested format: JSON, CSV or Parquet."""

from typing import Literal

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from portal.server.streaming import begin, drip
from tournament import tables
from tournament.tables import Table

Format = Literal["json", "csv", "parquet"]


def answer_table(request: HttpRequest, table: Table, format: Format, filename: str) -> StreamingHttpResponse:
    """Return the table as a file download.

    The first rows are read before the response begins, so that a failure still gets an error status.
    """
    pieces = tables.write(table, format)
    pieces = begin(pieces)
    body = drip(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(body, content_type=tables.CONTENT_TYPES[format])
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
