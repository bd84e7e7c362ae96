"""Tables as JSON or as CSV, as the caller asks."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from django.http import StreamingHttpResponse

Format = Literal["json", "csv"]


def write_rows(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Lines of CSV. Text that a spreadsheet would take for a formula is given an apostrophe."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in (header, *rows):
        writer.writerow([guard(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def guard(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    if isinstance(value, bool):
        return int(value)
    return repr(value) if isinstance(value, float) else value


def answer_csv(lines: Iterable[str], filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
