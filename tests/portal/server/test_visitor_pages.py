"""Cached pages for visitors: never stale, never another user's."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from portal.server import visitor_pages
from portal.server.freshness import database_version, read_sqlite_version
from portal.server.visitor_pages import VisitorPages, kept_for_visitors
from tournament import entries
from tournament.models import Agent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent() -> Agent:
    return entries.register_builtin_agents()[0]


class Site:
    """Middleware around a page that counts how often it is rendered."""

    def __init__(self, seconds: float = 60) -> None:
        self.rendered = 0
        self.seconds = seconds
        self.pages = VisitorPages(self.view)

    def view(self, request: HttpRequest) -> HttpResponse:
        @kept_for_visitors(self.seconds)
        def page(request: HttpRequest) -> HttpResponse:
            self.rendered += 1
            return HttpResponse(
                f"{request.get_full_path()} of {', '.join(Agent.objects.values_list('name', flat=True))}"
            )

        return page(request)

    def get(self, path: str = "/", **headers: Any) -> HttpResponse:
        return self.pages(RequestFactory(headers=headers).get(path))


@pytest.fixture
def site(agent: Agent) -> Iterator[Site]:
    yield Site()


@pytest.mark.one_database
def test_a_page_is_rendered_once_while_nothing_changes(site: Site) -> None:
    first, second = site.get(), site.get()
    assert (first.content, first["ETag"]) == (second.content, second["ETag"])
    assert site.rendered == 1
    assert site.get(**{"if-none-match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize("change", ["rename", "create", "delete"])
def test_any_change_of_any_row_is_seen_at_once(site: Site, agent: Agent, change: str) -> None:
    site.get()
    if change == "rename":
        Agent.objects.filter(pk=agent.pk).update(name="Another name")
    elif change == "create":
        User.objects.create_user("alice")
    else:
        agent.delete()
    names = ", ".join(Agent.objects.values_list("name", flat=True))
    assert site.get().content.decode() == f"/ of {names}"
    assert site.rendered == 2


def test_the_version_of_the_database_is_another_after_each_change(agent: Agent) -> None:
    seen = [database_version()]
    for number in range(5):
        Agent.objects.filter(pk=agent.pk).update(name=f"name {number}")
        seen.append(database_version())
    assert None not in seen and len(set(seen)) == 6


@pytest.mark.one_database  # PostgreSQL's version changes with other tests' transactions.
def test_the_version_stays_while_nothing_changes(agent: Agent) -> None:
    assert database_version() == database_version()


def test_looking_at_the_version_leaves_sqlites_locks_alone(agent: Agent) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("of SQLite's files")
    writes = "import sqlite3, sys\nsqlite3.connect(sys.argv[1], timeout=0).execute('CREATE TABLE other (a)')"
    with transaction.atomic():
        assert read_sqlite_version(str(connection.settings_dict["NAME"]))
        other = subprocess.run(
            [sys.executable, "-c", writes, str(connection.settings_dict["NAME"])], capture_output=True, text=True
        )
    assert "database is locked" in other.stderr


def test_addresses_encodings_and_parts_of_pages_are_told_apart(site: Site) -> None:
    asked: list[tuple[str, dict[str, str]]] = [
        ("/", {}), ("/?page=2", {}), ("/other/", {}), ("/", {"accept-encoding": "gzip"}), ("/", {"hx-request": "true"}),
        ("/", {"host": "other.example"}),
    ]  # fmt: skip
    for path, headers in asked:
        site.get(path, **headers)
    assert site.rendered == len(asked)


@pytest.mark.parametrize(
    "headers", [{"cookie": "sessionid=x"}, {"cookie": "messages=x"}, {"authorization": "Bearer x"}]
)
def test_requests_of_somebody_go_past_what_is_kept(site: Site, headers: dict[str, str]) -> None:
    site.get()
    assert "ETag" not in site.get(**headers)
    site.get(**headers)
    assert site.rendered == 3


def test_a_page_with_cookies_or_an_error_is_not_kept(site: Site) -> None:
    for status, cookie in ((200, "csrftoken"), (404, ""), (302, "")):

        def view(request: HttpRequest, status: int = status, cookie: str = cookie) -> HttpResponse:
            request.keep_seconds = 60.0  # type: ignore[attr-defined]
            response = HttpResponse(status=status)
            if cookie:
                response.set_cookie(cookie, "x")
            return response

        assert "ETag" not in VisitorPages(view)(RequestFactory().get("/"))


def test_what_depends_on_the_clock_is_kept_as_long_as_its_view_says(agent: Agent) -> None:
    site = Site(seconds=0)
    site.get(), site.get()
    assert site.rendered == 2


def test_no_more_is_kept_than_a_process_may_hold(monkeypatch: pytest.MonkeyPatch, agent: Agent) -> None:
    monkeypatch.setattr(visitor_pages, "MOST_BYTES", 20_000)
    site = Site()
    for number in range(100):
        site.get(f"/{number}/")
    assert 0 < site.pages.pages.currsize <= 20_000


@pytest.mark.parametrize("page", ["home", "agents"])
def test_an_owners_page_is_shown_to_nobody_else(client: Client, page: str, agent: Agent) -> None:
    owner = Client()
    owner.force_login(User.objects.create_user("alice-in-wonderland"))
    for browser in (client, owner, client, owner):
        shown = "alice-in-wonderland" in browser.get(reverse(page)).content.decode()
        assert shown == (browser is owner)
