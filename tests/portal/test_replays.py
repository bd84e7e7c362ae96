"""Replays on demand, and verifying an episode."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal import recordings
from tests.waiting import wait_for
from tournament import recorder, replays
from tournament.models import Episode

Visit = Callable[..., Client]


def wait(ask: Callable[[], HttpResponse], status: int = 202) -> Any:
    """Ask until the answer has another status; return this answer."""
    return wait_for(lambda: (answer := ask()).status_code != status and answer)


@pytest.mark.one_database
def test_a_replay_is_made_when_first_asked_for(client: Client, real_episode: Episode, real_replay: bytes) -> None:
    address = reverse("replay_file", args=[real_episode.pk])
    first = client.get(address)
    assert (first.status_code, first["Retry-After"]) == (202, "1")
    data = b"".join(wait(lambda: client.get(address)).streaming_content)
    assert f"{replays.read(data).digest:016x}" == real_episode.digest
    assert client.get(address).status_code == 200


def test_a_replay_that_the_browser_has_is_not_sent_again(client: Client, real_episode: Episode) -> None:
    headers = {"If-None-Match": f'"{real_episode.digest}"'}
    assert client.get(reverse("replay_file", args=[real_episode.pk]), headers=headers).status_code == 304


@pytest.mark.one_database
def test_an_episode_that_comes_out_differently_is_told_instead_of_shown(client: Client, real_episode: Episode) -> None:
    Episode.objects.filter(pk=real_episode.pk).update(digest="0123456789abcdef")
    answer = wait(lambda: client.get(reverse("replay_file", args=[real_episode.pk])))
    assert answer.status_code == 409
    assert "came out differently" in answer.json()["error"]["message"]
    assert real_episode.digest in answer.json()["error"]["message"]


def test_an_episode_of_another_engine_is_told_instead_of_shown(client: Client, real_episode: Episode) -> None:
    Episode.objects.filter(pk=real_episode.pk).update(engine="0")
    answer = wait(lambda: client.get(reverse("replay_file", args=[real_episode.pk])))
    assert "played by engine 0" in answer.json()["error"]["message"]


def test_the_page_names_the_episode_and_its_neighbours(client: Client, real_episode: Episode) -> None:
    answer = client.get(reverse("replay", args=[real_episode.pk]))
    assert answer.context["after"] is None
    assert reverse("replay", args=[answer.context["before"].pk]) in answer.content.decode()
    assert real_episode.digest in answer.content.decode()


def test_an_unknown_episode_is_not_found(client: Client, db: None) -> None:
    assert client.get(reverse("replay", args=[10**6])).status_code == 404
    assert client.get(reverse("replay_file", args=[10**6])).status_code == 404


def test_the_beginning_of_an_episode_is_shown_while_the_rest_is_rendered(
    client: Client, real_episode: Episode, real_replay: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recorder reports that it has reached step 100."""
    monkeypatch.setattr(recorder, "ask", lambda *_: recorder.Reply("playing", step=100))
    address = reverse("replay_file", args=[real_episode.pk])
    assert "step 100" in client.get(address, {"partial": "1"}).json()["message"]
    path = recordings.path_of(real_episode, "record")
    path.with_name(f"{path.name}.part").write_bytes(real_replay)
    shown = client.get(address, {"partial": "1"})
    assert (shown.status_code, shown["Cache-Control"]) == (200, "no-store")
    assert b"".join(shown.streaming_content) == real_replay
    assert client.get(address).status_code == 202


@pytest.mark.parametrize(("state", "status", "code"), [("busy", 503, "busy"), ("too many", 429, "too_many_replays")])
def test_who_comes_when_too_many_wait_is_told_when_to_come_again(
    client: Client, real_episode: Episode, monkeypatch: pytest.MonkeyPatch, state: Any, status: int, code: str
) -> None:
    monkeypatch.setattr(recorder, "ask", lambda *_: recorder.Reply(state))
    answer = client.get(reverse("replay_file", args=[real_episode.pk]))
    assert (answer.status_code, answer["Retry-After"], answer.json()["error"]["code"]) == (status, "3", code)


def test_replays_wait_while_the_game_is_compiled(client: Client, real_episode: Episode, settings: Any) -> None:
    notice = settings.DATA_DIR / "compiling"
    notice.write_text("1 5\n")
    try:
        answer = client.get(reverse("replay_file", args=[real_episode.pk]))
    finally:
        notice.unlink()
    assert answer.status_code == 202 and "being compiled" in answer.json()["message"]


@pytest.mark.one_database
def test_a_user_has_an_episode_verified(visit: Visit, bob: User, real_episode: Episode) -> None:
    browser, address = visit(bob), reverse("verify", args=[real_episode.pk])
    browser.post(address)
    answer = wait_for(lambda: "hx-get" not in (answer := browser.get(address)).content.decode() and answer)
    assert "The same." in answer.content.decode()
    assert real_episode.digest in answer.content.decode()


def test_an_anonymous_visitor_starts_no_verification(client: Client, real_episode: Episode) -> None:
    assert client.post(reverse("verify", args=[real_episode.pk]))["Location"].startswith(reverse("sign_in"))


@pytest.mark.parametrize("name", ["../../etc/passwd", "1/../2"])
def test_no_other_file_can_be_asked_for(client: Client, db: None, name: str) -> None:
    assert client.get(f"/episodes/{name}/replay/").status_code == 404


def test_an_embedded_replay_may_stand_in_frames_of_other_sites_and_no_other_page(
    client: Client, real_episode: Episode, real_replay: bytes
) -> None:
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    embedded = client.get(reverse("replay_embedded", args=[real_episode.pk]))
    assert "frame-ancestors *" in embedded["Content-Security-Policy"] and "X-Frame-Options" not in embedded
    page = client.get(reverse("replay", args=[real_episode.pk]))
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"] and page["X-Frame-Options"] == "DENY"


def test_a_link_to_a_replay_has_a_picture(client: Client, real_episode: Episode) -> None:
    address = reverse("replay_picture", args=[real_episode.pk])
    assert (
        f'property="og:image" content="http://testserver{address}"'
        in client.get(reverse("replay", args=[real_episode.pk])).content.decode()
    )
    answer = wait(lambda: client.get(address))
    image = Image.open(BytesIO(b"".join(answer.streaming_content)))
    assert (answer["Content-Type"], image.size) == ("image/png", replays.pictures.CARD)


def test_a_film_is_made_for_those_who_are_signed_in(
    visit: Visit, client: Client, bob: User, real_episode: Episode, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = reverse("replay_film", args=[real_episode.pk])
    assert client.get(address)["Location"].startswith(reverse("sign_in"))
    monkeypatch.setattr(recordings, "can_film", lambda: True)
    assert visit(bob).get(address)["Refresh"] == "2"
    recordings.path_of(real_episode, "film").write_bytes(b"film")
    assert b"".join(visit(bob).get(address).streaming_content) == b"film"
    monkeypatch.setattr(recordings, "can_film", lambda: False)
    assert visit(bob).get(address).status_code == 404
