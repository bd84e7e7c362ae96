"""If the disk is full, pages say so and stay readable, and everything works again once there is room."""

import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.server import disk
from tests.portal.conftest import PASSWORD
from tests.portal.served import Served, serve
from tests.tasks.conftest import Broker, Workers, broker  # noqa: F401  A fixture.
from tests.waiting import wait_for

WORDS = "disk is full"


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("sign_up", {"username": "carol", "password1": PASSWORD, "password2": PASSWORD}),
        ("token_create", {"name": "x", "days": "30"}),
    ],
)
def test_what_cannot_be_saved_is_told_and_pages_can_be_read(
    client: Client, alice: User, page: str, fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real error of a full disk, raised where rows are written."""
    client.raise_request_exception = False
    client.force_login(alice)

    def save(*args: Any, **kwargs: Any) -> None:
        with open("/dev/full", "w") as file:
            file.write("x")

    monkeypatch.setattr("django.db.models.Model.save", save)
    monkeypatch.setattr("django.db.models.query.QuerySet.create", save)
    answer = client.post(reverse(page), fields)
    assert answer.status_code == 507 and WORDS in answer.content.decode()
    assert client.get(reverse("agents")).status_code == 200
    monkeypatch.undo()
    assert client.post(reverse(page), fields).status_code in (201, 302)


def test_programs_are_told_in_the_apis_form(
    call: Callable[..., Client], alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = call(alice)
    program.raise_request_exception = False
    monkeypatch.setattr("portal.api.tournaments.organising.create_tournament", fail, raising=False)
    monkeypatch.setattr("portal.models.ApiToken.find", fail)
    answer = program.post("/api/v1/tournaments", "{}", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full")


def fail(*args: Any, **kwargs: Any) -> None:
    os.write(os.open("/dev/full", os.O_WRONLY), b"x")


def test_the_status_page_names_the_disk_that_is_nearly_full(client: Client, db: None, settings: Any) -> None:
    assert "Uploads are refused" not in client.get(reverse("status")).content.decode()
    settings.ARENA_FREE_BYTES = 2**60
    assert "Uploads are refused" in client.get(reverse("status")).content.decode()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("this machine mounts none")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_portal_on_a_full_disk_is_read_and_goes_on_once_there_is_room(small_disk: Path) -> None:
    with serve(small_disk, ARENA_FREE_BYTES="100000", TMPDIR=str(small_disk)) as server:
        server.manage("shell", "--command", f"from django.contrib.auth.models import User as "
            f"u\nu.objects.create_user('alice', "
            f"password={PASSWORD!r})")  # fmt: skip
        filling = fill(small_disk)
        assert [read(server, path) for path in ("/", "/agents/", "/status/")] == [200, 200, 200]
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/status/") as answer:
            assert WORDS in answer.read().decode()
        assert sign_in(server) == (507, True)
        assert {path.name for path in small_disk.iterdir()} == {"data", "filling", "web.log"}
        filling.unlink()
        assert sign_in(server)[0] == 200


def fill(folder: Path) -> Path:
    """Write a file that leaves no room; return it."""
    filling = folder / "filling"
    with open(filling, "wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError as error:
            assert disk.is_full(error)
    return filling


TOURNAMENT = """
from tournament import entries, organising
agents = {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}
pair = [agents["camera", "greedy"]], [agents["target", "greedy"]]
scenario = entries.register_scenario("MATE-2v4-0")
organising.create_tournament(organising.TournamentRequest("Trial", scenario, *pair, 8))
"""


def test_on_a_full_disk_a_tournament_waits_and_a_replay_says_so(
    small_disk: Path,
    broker: Broker,  # noqa: F811
) -> None:
    with serve(small_disk, REDIS_URL=broker.url, TMPDIR=str(small_disk), ARENA_LEASE_SECONDS="2") as server:
        server.manage("shell", "--no-imports", "--command", TOURNAMENT)
        workers = Workers(server.environment, small_disk.parent)
        filling = fill(small_disk)
        try:
            workers.start("worker")
            workers.start_sweep()
            wait_for(lambda: "is full" in workers.log("worker"), "that the worker waits")
            assert [read(server, path) for path in ("/", "/tournaments/", "/status/")] == [200, 200, 200]
            filling.unlink()
            wait_for(lambda: server.look_up("SELECT state FROM tournament_tournament") == "finished", "the end")
        finally:
            workers.end()
        filling = fill(small_disk)
        episode = server.look_up("SELECT min(id) FROM tournament_episode")
        assert read(server, f"/episodes/{episode}/") == 200
        assert wait_for(lambda: (status := read(server, f"/episodes/{episode}/replay/")) != 202 and status) == 507
        assert list((server.data / "files" / "replays").iterdir()) == []
        filling.unlink()
        assert wait_for(lambda: (status := read(server, f"/episodes/{episode}/replay/")) != 202 and status) == 200


def read(server: Served, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


def sign_in(server: Served) -> tuple[int, bool]:
    """Sign in as a browser does: the status, and whether the page tells of the full disk."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"http://127.0.0.1:{server.port}/sign-in/").read().decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    fields = f"csrfmiddlewaretoken={token}&username=alice&password={PASSWORD.replace(' ', '+')}".encode()
    try:
        answer = browser.open(f"http://127.0.0.1:{server.port}/sign-in/", fields)
    except urllib.error.HTTPError as error:
        answer = error
    return int(answer.status), WORDS in answer.read().decode()
