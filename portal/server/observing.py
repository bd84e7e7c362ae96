"""Reporting of errors to Sentry and of traces to OpenTelemetry, if configured. Both need the extra `observing`.

Errors go to `SENTRY_DSN`: everything that processes log as an error, with the ids of the request or the work, and
without personal data. Spans go to `OTEL_EXPORTER_OTLP_ENDPOINT`: one for each request, block, audit and so on. The
other variables of both libraries also apply.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

from tournament import tracing

NEEDED = {"SENTRY_DSN": "sentry_sdk", "OTEL_EXPORTER_OTLP_ENDPOINT": "opentelemetry"}
NAME = "mate-arena"


def begin() -> None:
    """Start the reporting that the environment configures. Raises SystemExit if its packages are missing."""
    asked = [name for name in NEEDED if os.environ.get(name)]
    if missing := [name for name in asked if find_spec(NEEDED[name]) is None]:
        raise SystemExit(
            f"{' and '.join(missing)} needs the extra `observing`: pip install 'mate-arena[observing]', or "
            "-r requirements-observing.in"
        )
    if "SENTRY_DSN" in asked:
        send_errors()
    if "OTEL_EXPORTER_OTLP_ENDPOINT" in asked:
        tracing.Spans.open = Tracer().open


def send_errors() -> None:
    """Send logged errors to Sentry."""
    import sentry_sdk

    def add_ids(event: Any, hint: Any) -> Any:
        event["tags"] = {**event.get("tags", {}), **tracing.current()}
        return event

    sentry_sdk.init(include_local_variables=False, before_send=add_ids)


class Tracer:
    """Creates spans. The exporter's thread starts with the first span of a process, because processes are forked."""

    def __init__(self) -> None:
        self.process = 0
        self.tracer: Any = None

    def open(self, ids: dict[str, str]) -> AbstractContextManager[Any]:
        """Return a span with these ids as attributes.

        Its name is the name of the first id, such as `request` or `work`.
        """
        if self.process != os.getpid():
            self.tracer, self.process = self.make(), os.getpid()
        attributes = {f"arena.{name}": value for name, value in ids.items()}
        span: AbstractContextManager[Any] = self.tracer.start_as_current_span(next(iter(ids)), attributes=attributes)
        return span

    def make(self) -> Any:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        os.environ.setdefault("OTEL_SERVICE_NAME", NAME)
        provider = TracerProvider(resource=Resource.create())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return provider.get_tracer(NAME)
