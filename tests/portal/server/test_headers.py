"""Every answer has the security headers, whichever part of the server gives it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from portal import recordings
from portal.server.handler import Handler
from portal.server.headers import HEADERS, POLICY
from portal.server.refusals import refuse
from portal.views import errors
from tests.portal.test_psro import run  # noqa: F401  (a fixture)
from tournament.models import Agent, Episode, PsroRun, Tournament

handler400, handler404, handler500 = errors.bad_request, errors.not_found, errors.server_error


def lacking(answer: Any) -> set[str]:
    """The headers that an answer does not have."""
    return {name for name in HEADERS if name not in answer.headers}


def fail(request: Any) -> HttpResponse:
    raise RuntimeError("unexpected")


urlpatterns = [path("fail/", fail)]


@pytest.mark.parametrize("address", ["/", "/help/", "/api/v1/agents", "/nowhere/", "/static/portal/icon.svg"])
def test_a_host_that_the_portal_does_not_know_is_refused_with_the_headers(
    client: Client, db: None, address: str
) -> None:
    answer = client.get(address, headers={"host": "elsewhere.example"})
    assert lacking(answer) == set()


@pytest.mark.parametrize("address", ["/sign-in/", "/api/v1/tournaments", "/admin/login/"])
def test_a_form_that_is_too_large_is_refused_with_the_headers(client: Client, db: None, address: str) -> None:
    answer = client.post(address, {"username": "x" * (1024**2 + 1)})
    assert answer.status_code >= 400
    assert lacking(answer) == set()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("address", "status"), [("/fail/", 500), ("/nowhere/", 404), ("/fail/%00", 404)])
def test_errors_have_the_headers(db: None, address: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(address)
    assert lacking(answer) == set()


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("code", [408, 413, 503])
def test_refusals_in_front_of_django_have_the_headers(settings: Any, code: int, secure: bool) -> None:
    settings.SECURE_HSTS_SECONDS = 60 if secure else 0
    names = send(lambda scope, send: refuse(scope, send, code, "no", "No."))
    assert {name.lower() for name in HEADERS} <= names
    assert ("strict-transport-security" in names) == secure


@pytest.mark.parametrize("name", ["UnicodeDecodeError", "RequestDataTooBig"])
def test_a_request_that_django_cannot_read_is_refused_with_the_headers(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    from django.core.exceptions import RequestDataTooBig

    def unreadable(*_: Any) -> None:
        raise RequestDataTooBig if name == "RequestDataTooBig" else UnicodeDecodeError("utf-8", b"x", 0, 1, "no")

    handler = Handler()
    monkeypatch.setattr(handler, "request_class", unreadable)
    _, refusal = handler.create_request({"type": "http", "path": "/"}, None)
    assert lacking(refusal) == set()


def send(answer: Callable[..., Any]) -> set[str]:
    """The names of the headers that an ASGI answer sends."""
    sent: list[dict[str, Any]] = []

    async def keep(message: dict[str, Any]) -> None:
        sent.append(message)

    with ThreadPoolExecutor() as thread:  # Browser tests of the same process leave a loop running in this one.
        thread.submit(lambda: asyncio.run(answer({"type": "http", "path": "/"}, keep))).result()
    return {name.decode() for name, _ in sent[0]["headers"]}


def test_pages_allow_no_inline_style(client: Client, played: Tournament) -> None:
    assert "unsafe" not in POLICY
    for address in (
        "/",
        "/help/",
        "/agents/",
        "/api/v1/docs",
        "/admin/login/",
        f"/pairings/{played.pairings.first().pk}/",
        f"/tournaments/{played.pk}/",
        "/leaderboards/mate-2v4-0/",
        "/leaderboards/mate-2v4-0/snapshots/1/",
    ):
        assert client.get(address)["Content-Security-Policy"] == POLICY


@pytest.mark.browser
def test_a_psro_run_a_comparison_and_a_replay_keep_the_policy(
    open_page: Callable[[str], Any],
    run: PsroRun,  # noqa: F811
    agents: dict[str, Agent],
    real_episode: Episode,
    real_replay: bytes,
) -> None:
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    open_page(f"/psro/{run.pk}/").wait_for_selector("[data-heatmap][data-ready]", state="attached")
    open_page("/leaderboards/mate-2v4-0/compare/?first=greedy-camera&second=random-camera")
    open_page(f"/episodes/{real_episode.pk}/").wait_for_selector("[data-stage][data-ready]")


@pytest.mark.browser
def test_no_page_breaks_its_policy(
    open_page: Callable[[str], Any], played: Tournament, visit: Callable[..., Client], admin: User, live_server: Any
) -> None:
    """The browser reports each violation as an error, on which `open_page` fails."""
    session = visit(admin).cookies["sessionid"].value
    page = open_page("/help/")
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    charts = [f"/tournaments/{played.pk}/", "/leaderboards/mate-2v4-0/", "/leaderboards/mate-2v4-0/snapshots/1/"]
    for address in charts:
        open_page(address).wait_for_selector("[data-heatmap][data-ready]", state="attached")
    open_page("/api/v1/docs").locator(".operation > summary").first.click()
    page.wait_for_selector(".operation[open] .operation-body")
    others = ("/", "/agents/greedy-camera/", f"/pairings/{played.pairings.first().pk}/", "/tournaments/new/")
    for address in (*others, "/training/new/", "/status/", "/admin/", "/admin/auth/user/", "/admin/auth/user/add/"):
        open_page(address)
