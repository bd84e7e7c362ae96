"""Probes for monitoring: whether the portal is alive, whether it is ready, and its metrics."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from portal.launcher.installation import CHECKOUT
from tournament import storages
from tournament.models import Installation, Tally, Tournament, Worker

TOKEN = "a long token"


def read(client: Client) -> dict[tuple[str, tuple[str, ...]], float]:
    """All samples, by name and values of their labels in the order of these' names."""
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


@pytest.fixture
def watched(settings: Any) -> None:
    settings.ARENA_METRICS_TOKEN = TOKEN


def test_a_process_that_answers_is_healthy_whatever_name_it_is_asked_by(client: Client) -> None:
    """It needs no database, which this test may not use."""
    assert client.get("/healthz", headers={"Host": "10.0.0.7:8000"}).content == b"ok\n"


def test_a_portal_is_ready_while_database_and_storage_answer(client: Client, db: None) -> None:
    installation = Installation.objects.create()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "storage": "failing"})
    default_storage.save(storages.MARKER, ContentFile(installation.identity.encode()))
    assert client.get("/readyz").status_code == 200


def test_metrics_are_for_holders_of_the_token(client: Client, db: None, settings: Any) -> None:
    for wanted, given in (("", ""), ("", "Bearer "), (TOKEN, ""), (TOKEN, "Bearer another")):
        settings.ARENA_METRICS_TOKEN = wanted
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 403


def test_metrics_tell_what_waits_and_who_works(client: Client, tournament: Tournament, watched: None) -> None:
    Tournament.objects.update(created=timezone.now() - timedelta(minutes=5))
    now = timezone.now()
    Worker.objects.create(name="a", seen=now, engine="1", device="cpu")
    Worker.objects.create(name="b", seen=now, engine="1", device="cpu", quarantine="wrong")
    Worker.objects.create(name="c", seen=now - timedelta(hours=1), engine="1", device="cpu")
    Tally.add("leases_expired", 3)
    Tally.add("leases_expired", 2)
    found = read(client)
    assert found["arena_blocks", ("waiting",)] == tournament.blocks.count()
    assert found["arena_longest_wait_seconds", ("tournament",)] == pytest.approx(300, abs=30)
    assert found["arena_workers", ("cpu", "1", "worker", "ready")] == 1
    assert found["arena_workers", ("cpu", "1", "worker", "quarantined")] == 1
    assert found["arena_leases_expired_total", ()] == 5
    assert found["arena_disk_free_bytes", ("data",)] > 0


def test_requests_are_counted_by_view_and_status(client: Client, db: None, watched: None) -> None:
    key = ("arena_responses_total", ("200", "status"))
    before = read(client).get(key, 0.0)
    client.get("/status/")
    client.get("/status/?nothing=1")
    found = read(client)
    assert found[key] == before + 1
    assert found["arena_request_seconds_count", ("GET", "status")] >= 2


def test_every_metric_of_the_dashboard_is_one_that_the_portal_has(client: Client, db: None, watched: None) -> None:
    text = (CHECKOUT / "docker" / "grafana-dashboard.json").read_text()
    assert json.loads(text)["panels"]
    client.get("/status/")
    Worker.objects.create(name="a", seen=timezone.now())
    known = {name for name, _ in read(client)}
    assert set(re.findall(r"arena_[a-z_]+", text)) <= known
