"""While the database is away, pages and the API say so, and what to do."""

from typing import Any

import dj_database_url
import pytest
from django.db import OperationalError, connection
from django.db.utils import ConnectionHandler
from django.test import Client
from django.urls import reverse

from portal.server import outages

NOBODY = "postgres://nobody@127.0.0.1:1/nothing"


def connect(facts: dict[str, Any]) -> OperationalError:
    """The error of a server that cannot be connected to."""
    handler = ConnectionHandler({"default": facts})
    with pytest.raises(OperationalError) as raised:
        handler["default"].ensure_connection()
    return raised.value


@pytest.mark.parametrize("page", ["/status/", "/api/v1/agents"])
def test_a_database_that_is_away_is_told_and_when_to_come_back(
    client: Client, db: None, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = connect(dict(dj_database_url.parse(NOBODY)))

    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    client.raise_request_exception = False
    for place in ("portal.server.visitor_pages.database_version", "tournament.queries.find_agents"):
        monkeypatch.setattr(place, fail)
    answer = client.get(page)
    assert answer.status_code == 503 and answer["Retry-After"]
    assert "database does not answer" in answer.content.decode()
    if page.startswith("/api/"):
        assert answer.json()["error"]["code"] == "unavailable"


def test_a_database_without_a_free_connection_is_told_as_that(db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no limit of connections")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE few LOGIN CONNECTION LIMIT 0")
        cursor.execute("COMMIT")
    try:
        error = connect(connection.settings_dict | {"USER": "few", "CONN_MAX_AGE": 0})
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE few")
    assert "no free connection" in outages.explain(error)


def test_a_mistake_in_a_query_is_no_outage(db: None) -> None:
    with pytest.raises(Exception) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")
    assert outages.explain(raised.value) == ""


def test_the_status_page_names_blocks_that_no_worker_can_play(client: Client, tournament: Any) -> None:
    from django.utils import timezone

    from tournament.models import Worker

    Worker.objects.create(name="here", seen=timezone.now(), engine=tournament.engine, device=tournament.device)
    assert "waits for a worker" not in client.get(reverse("status")).content.decode()
    Worker.objects.update(engine="0.old")
    text = client.get(reverse("status")).content.decode()
    assert f"with engine version {tournament.engine} on {tournament.device}" in text


def test_the_status_page_says_what_a_worker_waits_for(client: Client, tournament: Any) -> None:
    from django.utils import timezone

    from tournament.models import Worker

    Worker.objects.create(name="here", seen=timezone.now(), trouble="The disk of this machine is full.")
    assert "The disk of this machine is full." in client.get(reverse("status")).content.decode()
