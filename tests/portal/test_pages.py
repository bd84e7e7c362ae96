"""Every page can be read without an account, costs a bounded number of queries, and loads nothing from elsewhere."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import make_up
from tournament.models import Agent, Pairing, Scenario, Tournament, Upload

PUBLIC = ["home", "agents", "tournaments", "trainings", "uploads", "status", "about", "sign_in", "sign_up"]
OURS = re.compile(r"""(?:src|href|action|hx-get|hx-post)=["'](?!/|#|\?|mailto:)([^"']*)""")


@pytest.mark.parametrize("name", PUBLIC)
def test_an_empty_portal_shows_every_page(client: Client, db: None, name: str) -> None:
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", PUBLIC)
def test_a_monitor_may_ask_for_the_head_of_a_page_alone(client: Client, db: None, name: str) -> None:
    assert client.head(reverse(name)).status_code == 200


def test_an_unknown_host_name_is_told(client: Client, db: None) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "ALLOWED_HOSTS" in answer.content.decode() and "evil" not in answer.content.decode()


def test_a_portal_without_scenarios_says_so(client: Client, db: None) -> None:
    assert b"no scenarios yet" in client.get(reverse("leaderboards")).content


@pytest.mark.parametrize("name", PUBLIC)
def test_a_filled_portal_shows_every_page_without_an_account(client: Client, played: Tournament, name: str) -> None:
    assert client.get(reverse(name)).status_code == 200


def addresses(played: Tournament, pairing: Pairing) -> list[str]:
    return [
        reverse("home"),
        reverse("leaderboard", args=["mate-2v4-0"]),
        reverse("agents"),
        reverse("agent", args=["greedy-camera"]),
        reverse("tournaments"),
        reverse("tournament", args=[played.pk]),
        reverse("pairing", args=[pairing.pk]),
        reverse("compare", args=["mate-2v4-0"]),
        reverse("compare", args=["mate-2v4-0"]) + "?first=greedy-camera&second=random-camera",
        reverse("snapshots", args=["mate-2v4-0"]),
        reverse("snapshot", args=["mate-2v4-0", 1]),
        reverse("payoffs", args=["mate-2v4-0", 1]),
        reverse("status"),
    ]


def test_pages_of_things_are_read_without_an_account(client: Client, played: Tournament, pairing: Pairing) -> None:
    for address in addresses(played, pairing):
        assert client.get(address).status_code == 200, address


OWN = ("data:image/png;base64,", "http://testserver/")
"""Prefixes of addresses that are not external: pictures within the page, and links for sharing."""


def test_pages_load_nothing_from_other_sites(client: Client, played: Tournament, pairing: Pairing) -> None:
    for address in addresses(played, pairing):
        found = OURS.findall(client.get(address).content.decode())
        assert {one for one in found if not one.startswith(OWN)} <= {"https://github.com/UnrealTracking/mate"}, address


def test_pages_have_no_inline_scripts(client: Client, played: Tournament, pairing: Pairing) -> None:
    for address in addresses(played, pairing):
        text = client.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*(src=|application/json))", text), address
        assert not re.search(r"\son\w+=", text), address


def read_text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


def test_no_two_landmarks_of_a_page_have_the_same_name(client: Client, played: Tournament, pairing: Pairing) -> None:
    for address in addresses(played, pairing):
        page = client.get(address).content.decode()
        headings = (
            re.search(rf'id="{name}"[^>]*>(.*?)</h\d>', page, re.S)
            for name in re.findall(r'<section[^>]*\saria-labelledby="([^"]+)"', page)
        )
        names = [read_text(heading[1]) for heading in headings if heading]
        names += [unescape(name) for name in re.findall(r'role="region"\s+aria-label="([^"]+)"', page)]
        assert len(names) == len(set(names)), (address, sorted(names))


def test_links_are_called_what_they_show_and_are_in_no_picture(
    client: Client, played: Tournament, pairing: Pairing
) -> None:
    for address in addresses(played, pairing):
        page = client.get(address).content.decode()
        for name, content in re.findall(r'<a\s[^>]*aria-label="([^"]+)"[^>]*>(.*?)</a>', page, re.S):
            assert read_text(content).strip("?").lower() in unescape(name).lower(), (address, name)
        for picture in re.findall(r'<svg[^>]*\srole="img".*?</svg>', page, re.S):
            assert "<a " not in picture, address


def test_the_number_of_queries_does_not_grow_with_the_rows(
    client: Client, played: Tournament, pairing: Pairing, agents: dict[str, Agent], scenario: Scenario, alice: Any,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:  # fmt: skip
    for number in range(30):
        Upload.objects.create(owner=alice, filename=f"{number}.zip", size=1, sha256="0" * 64).agents.add(
            agents["greedy-camera"]
        )
        Tournament.objects.create(name=str(number), owner=alice, scenario=scenario, episodes_per_pairing=1, engine="1")
    for seed in range(60):
        make_up(pairing, seed).save()
    for address in [*addresses(played, pairing), reverse("uploads")]:
        with django_assert_max_num_queries(24):
            assert client.get(address).status_code == 200


def test_an_unknown_address_leads_on(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert b"There is nothing at this address" in answer.content


def test_the_newcomers_first_page_shows_standings_and_tournaments(client: Client, played: Tournament) -> None:
    text = client.get(reverse("home")).content.decode()
    assert "MATE-2v4-0 leaderboard" in text
    assert "Alice&#x27;s cup" in text


def test_administrators_see_every_kind_of_row(visit: Callable[..., Client], admin: Any, played: Tournament) -> None:
    browser = visit(admin)
    kinds = "agent block choice episode pairing psrorun ratingsnapshot scenario schedule start tournament trainingrun"
    for model in (*kinds.split(), "upload", "worker"):
        assert browser.get(f"/admin/tournament/{model}/").status_code == 200, model
    assert browser.get("/admin/portal/apitoken/").status_code == 200
    episode = played.pairings.first().episodes.first()
    assert b'name="_save"' not in browser.get(f"/admin/tournament/episode/{episode.pk}/change/").content
