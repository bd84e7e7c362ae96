"""Errors go to Sentry and spans to OpenTelemetry, where that is configured."""

import gzip
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sentry_sdk

from portal.server import observing
from tournament import tracing


class Collector(HTTPServer):
    """A server that keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Keeping)
        self.received: list[tuple[str, bytes]] = []
        self.has_received = threading.Event()


class Keeping(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.received.append((self.path, body))
        self.server.has_received.set()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_error_goes_to_sentry_with_what_it_is_about(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", f"http://key@127.0.0.1:{collector.server_port}/1")
    observing.begin()
    try:
        with tracing.bound(work="block 7"):
            logging.getLogger("tasks.playing").error("It failed")
        sentry_sdk.flush(10)
    finally:
        sentry_sdk.init()  # Nothing is sent from now on.
    (body,) = [body for path, body in collector.received if path == "/api/1/envelope/" and b"It failed" in body]
    assert b'"work":"block 7"' in body.replace(b": ", b":")


def test_a_span_says_what_was_worked_for(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setattr(tracing.Spans, "open", tracing.Spans.open)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    observing.begin()
    with tracing.bound(work="block 7", tournament=3):
        pass
    assert collector.has_received.wait(10)
    path, body = collector.received[0]
    assert path == "/v1/traces"
    assert all(words in body for words in (b"mate-arena", b"arena.work", b"block 7", b"arena.tournament"))


def test_without_their_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENTRY_DSN", "http://key@127.0.0.1/1")
    monkeypatch.setattr(observing, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=r"SENTRY_DSN needs the extra `observing`"):
        observing.begin()
