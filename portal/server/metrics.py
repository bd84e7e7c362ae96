"""Metrics for Prometheus: the counters of this web server's processes, and the current state of the database."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import Metric

from portal.server import disk
from portal.server.middleware import Middleware
from tournament import queries, storages
from tournament.models import (
    Block,
    BlockState,
    Episode,
    RatingSnapshot,
    Tally,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
    Upload,
    UploadState,
)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = Histogram("arena_request_seconds", "Time to answer a request.", ["view", "method"], buckets=BUCKETS)
RESPONSES = Counter(
    "arena_responses_total", "Answers by view and status: 429, 503 and 507 are refusals.", ["view", "status"]
)
NO_VIEW = "none"
"""The view of answers that no view gave, such as refusals before Django."""
TALLIES = {
    "leases_expired": "Leases that ran out.",
    "work_given_up": "Work whose workers were lost too often.",
    "audits_agreed": "Episodes that were played again with the same result.",
    "audits_differed": "Episodes that were played again with another result.",
    "blocks_voided": "Blocks whose results were thrown away because their worker was wrong.",
}


class Measure(Middleware):
    """Middleware that counts and times requests by view name, because the number of addresses is unbounded."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        view = (request.resolver_match and request.resolver_match.view_name) or NO_VIEW
        REQUESTS.labels(view, request.method).observe(time.perf_counter() - began)
        RESPONSES.labels(view, response.status_code).inc()
        return response


def is_allowed(request: HttpRequest) -> bool:
    """Return whether the request has the token of ARENA_METRICS_TOKEN. If it is not set, no request is allowed."""
    wanted, given = settings.ARENA_METRICS_TOKEN, request.headers.get("Authorization", "")
    return bool(wanted) and hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode())


def write() -> bytes:
    """Return all metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    registry.register(Database())
    return generate_latest(registry)


CONTENT_TYPE = CONTENT_TYPE_LATEST


class Database:
    """The metrics that are computed from the database when they are read."""

    def describe(self) -> list[Metric]:
        """Return nothing, so that registration does not query the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from count_work()
        yield from count_workers()
        yield from count_history()
        yield from measure_storage()


def count_work() -> Iterator[Metric]:
    states = (BlockState.WAITING, BlockState.LEASED)
    blocks = Block.objects.filter(state__in=states).order_by().values_list("state").annotate(Count("id"))
    yield gauge("arena_blocks", "Open blocks by state.", ["state"], dict.fromkeys(states, 0) | dict(blocks))
    for name, words, model, known in (
        ("uploads", "Uploads", Upload, UploadState),
        ("trainings", "Trainings", TrainingRun, TrainingState),
    ):
        counts = model.objects.order_by().values_list("state").annotate(Count("pk"))
        yield gauge(f"arena_{name}", f"{words} by state.", ["state"], dict.fromkeys(known.values, 0) | dict(counts))
    playing = Tournament.objects.filter(state=TournamentState.PLAYING)
    yield gauge("arena_tournaments_playing", "Tournaments that are being played.", [], {(): playing.count()})
    served = Block.objects.filter(claimed__isnull=False).order_by().values("tournament")
    ages = {
        "tournament": playing.exclude(pk__in=served.filter(tournament__state=TournamentState.PLAYING)).aggregate(
            since=Min("created")
        ),
        "upload": Upload.objects.filter(state="waiting").aggregate(since=Min("created")),
        "training": TrainingRun.objects.filter(state="waiting").aggregate(since=Min("created")),
    }
    now = timezone.now()
    waits = {kind: (now - found["since"]).total_seconds() if found["since"] else 0.0 for kind, found in ages.items()}
    yield gauge("arena_longest_wait_seconds", "Age of the oldest work that nobody has begun.", ["kind"], waits)


def count_workers() -> Iterator[Metric]:
    counts: dict[tuple[str, ...], float] = {}
    for worker in (*queries.live_workers(), *queries.live_trainers()):
        state = "quarantined" if worker.quarantine else "waiting" if worker.trouble else "ready"
        key = ("trainer" if worker.trains else "worker", worker.engine, worker.device, state)
        counts[key] = counts.get(key, 0) + 1
    yield gauge("arena_workers", "Live workers and trainers.", ["kind", "engine", "device", "state"], counts)


def count_history() -> Iterator[Metric]:
    newest = {
        "arena_episodes": ("Episodes that were played: the newest one's key.", Episode),
        "arena_fits": ("Fits of boards that were published: the newest one's key.", RatingSnapshot),
    }
    for name, (words, model) in newest.items():
        last = model._default_manager.aggregate(key=Max("id"))["key"]
        yield CounterMetricFamily(name, words, value=last or 0)
    counts = dict(Tally.objects.values_list("name", "count"))
    for name, words in TALLIES.items():
        yield CounterMetricFamily(f"arena_{name}", words, value=counts.get(name, 0))


def measure_storage() -> Iterator[Metric]:
    free = {str(one.name).lower(): one.free for one in disk.disks()}
    yield gauge("arena_disk_free_bytes", "Free space of the web server's disks.", ["disk"], free)
    copies = sum(path.stat().st_size for path in storages.cache_folder().rglob("*") if path.is_file())
    yield gauge("arena_cache_bytes", "Local copies of stored files.", [], {(): copies})


def gauge(name: str, words: str, labels: list[str], values: dict[Any, Any]) -> GaugeMetricFamily:
    """Return a gauge; `values` has its values by the values of its labels."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(list(key) if isinstance(key, tuple) else [str(key)], value)
    return family
