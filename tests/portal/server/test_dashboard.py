"""The dashboard for Grafana and what `/metrics` serves, compared while a tournament is played."""

import json
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from portal.launcher.installation import CHECKOUT
from portal.models import ApiToken
from tasks import hints
from tests.portal.served import find_port
from tests.tasks.conftest import Broker, Workers, broker, workers  # noqa: F401  Fixtures.
from tests.trials import builtins, make_tournament, scenario  # noqa: F401  Fixtures.
from tests.waiting import wait_for
from tournament.models import Block, BlockState, Episode, Tournament

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a long token"
SELECTOR = re.compile(r"(?P<name>[a-z_]*arena_[a-z_]+)(?:\{(?P<matchers>[^}]*)\})?")
MATCHER = re.compile(r'(?P<label>\w+)\s*(?P<sign>=~|=)\s*"(?P<value>[^"]*)"')


@dataclass(frozen=True)
class Query:
    """A query of the dashboard: the metric, the labels that it compares, and those that it shows or groups by."""

    panel: str
    name: str
    matchers: tuple[tuple[str, str, str], ...]
    labels: frozenset[str]

    def answers(self, samples: list[Sample]) -> list[Sample]:
        return [one for one in samples if one.name == self.name and all(self._fits(one, *by) for by in self.matchers)]

    @staticmethod
    def _fits(sample: Sample, label: str, sign: str, value: str) -> bool:
        found = sample.labels.get(label, "")
        return bool(re.fullmatch(value, found)) if sign == "=~" else found == value


def read_dashboard() -> Iterator[Query]:
    dashboard = json.loads((CHECKOUT / "docker" / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            grouped = re.findall(r"\bby \(([^)]*)\)", expression)
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            labels = frozenset(shown | {name.strip() for names in grouped for name in names.split(",")})
            found = list(SELECTOR.finditer(expression))
            assert found, f"{panel['title']}: {expression}"
            for one in found:
                matchers = MATCHER.findall(one["matchers"] or "")
                yield Query(panel["title"], one["name"], tuple(matchers), labels)


QUERIES = list(read_dashboard())


Ask = Callable[..., str]


@pytest.fixture
def ask(workers: Workers) -> Ask:  # noqa: F811
    """Ask a web server with two processes, which share their counters, and refuse uploads as if the disk was full."""
    port = find_port()
    command = [sys.executable, "-m", "portal.server", f"--port={port}", "--processes=2"]
    workers.run(command, "web", {"ARENA_METRICS_TOKEN": TOKEN, "ARENA_FREE_BYTES": str(2**53)})

    def ask(path: str, token: str = TOKEN, body: bytes | None = None) -> str:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return str(answer.read().decode())

    def is_up() -> bool:
        try:
            return bool(ask("/healthz"))
        except (urllib.error.URLError, ConnectionError):
            return False

    wait_for(is_up, "the web server")
    return ask


def halt_amid_play(workers: Workers) -> None:  # noqa: F811
    """Start a worker, and stop it while it holds a block and has written episodes.

    Nothing can be written then: it may have been stopped amid a transaction.
    """
    process = workers.start("one@test", ARENA_LEASE_SECONDS="3600")
    hints.top_up()
    is_held = Block.objects.filter(state=BlockState.LEASED).exists
    while True:
        wait_for(lambda: is_held() and Episode.objects.exists(), "a tournament that is played")
        process.send_signal(signal.SIGSTOP)
        if is_held():
            return
        process.send_signal(signal.SIGCONT)


def test_metrics_answer_every_query_of_the_dashboard_while_a_tournament_is_played(
    ask: Ask,
    workers: Workers,  # noqa: F811
    make_tournament: Callable[..., Tournament],  # noqa: F811
    django_user_model: Any,
) -> None:
    _, token = ApiToken.issue(django_user_model.objects.create_user("ada"), "uploads")
    make_tournament("random naive", "random naive", episodes=2000)
    ask("/status/")
    halt_amid_play(workers)
    with pytest.raises(urllib.error.HTTPError, match="507"):
        ask("/api/v1/uploads", token, b"content")

    samples = [one for found in text_string_to_metric_families(ask("/metrics")) for one in found.samples]
    for query in QUERIES:
        found = query.answers(samples)
        assert found, f"{query.panel}: {query.name} is not served"
        assert all(query.labels <= one.labels.keys() for one in found), f"{query.panel}: {query.labels}"
    values = {(one.name, *one.labels.values()): one.value for one in samples}
    assert values["arena_tournaments_playing",] == values["arena_blocks", "leased"] == 1
    assert values["arena_blocks", "waiting"] > 0
    assert values["arena_episodes_total",] > 0
    assert sum(value for (name, *labels), value in values.items() if name == "arena_workers" and "ready" in labels) == 1
