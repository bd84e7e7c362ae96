"""Errors to Sentry and traces to OpenTelemetry, each where it is configured. Needs the extra `observing`.

`SENTRY_DSN` is where errors go: what processes log as errors, with the ids of the request or the work, and without
anything that says who somebody is. `OTEL_EXPORTER_OTLP_ENDPOINT` is where spans go: one for each request, block, audit
and so on. The other variables of both libraries hold too.
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
    """Start what the environment asks for. Raises SystemExit where its packages are missing."""
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
    """Send what is logged as an error to Sentry."""
    import sentry_sdk

    def add_ids(event: Any, hint: Any) -> Any:
        event["tags"] = {**event.get("tags", {}), **tracing.current()}
        return event

    sentry_sdk.init(include_local_variables=False, before_send=add_ids)


class Tracer:
    """Makes spans. The exporter's thread starts with a process's first span, because processes are forked."""

    def __init__(self) -> None:
        self.process = 0
        self.tracer: Any = None

    def open(self, ids: dict[str, str]) -> AbstractContextManager[Any]:
        """Return the span of what has these ids; its name is their kind, as `request` or `work`."""
        if self.process != os.getpid():
            self.tracer, self.process = self.make(), os.getpid()
        attributes = {f"arena.{name}": value for name, value in ids.items()}
        return self.tracer.start_as_current_span(next(iter(ids)), attributes=attributes)

    def make(self) -> Any:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        os.environ.setdefault("OTEL_SERVICE_NAME", NAME)
        provider = TracerProvider(resource=Resource.create())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return provider.get_tracer(NAME)
