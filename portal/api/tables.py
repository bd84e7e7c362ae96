"""Tables as JSON, CSV or Parquet files, as the caller asks, streamed."""

from typing import Literal

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from portal.server.streaming import begin, drip
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
