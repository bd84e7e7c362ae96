"""Structured logs: one JSON object per line, with the ids of the request or the work (`ARENA_LOG=json`)."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse

from portal.server.middleware import Middleware
from tournament import tracing

HEADER = "X-Request-ID"
MOST = 64


class JsonLines(logging.Formatter):
    """Writes a record as JSON: time, level, logger, message, the bound ids, and an exception's traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **tracing.current(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RequestIds(Middleware):
    """Middleware that gives each request an id, in its logs and in the response. An id from a proxy is kept."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = (
            given if given.isascii() and given.replace("-", "").isalnum() and len(given) <= MOST else uuid.uuid4().hex
        )
        with tracing.bound(request=name):
            response = self.get_response(request)
        response[HEADER] = name
        return response
