"""Content for other sites: preview pictures of links, frames, feeds, the sitemap for search engines."""

from io import BytesIO
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal.sharing import cards
from tests.portal.markup import flatten
from tournament import entries
from tournament.models import Agent, Tournament

ATOM = {"atom": "http://www.w3.org/2005/Atom"}
MAP = {"map": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def test_a_board_has_a_picture_that_its_page_names(client: Client, played: Tournament) -> None:
    address = reverse("board_picture", args=["mate-2v4-0"])
    page = flatten(client.get(reverse("leaderboard", args=["mate-2v4-0"])).content.decode())
    assert f'property="og:image" content="http://testserver{address}"' in page
    answer = client.get(address)
    image = Image.open(BytesIO(answer.content))
    assert (answer["Content-Type"], image.size) == ("image/png", cards.SIZE)


def test_a_long_name_does_not_run_out_of_the_picture(client: Client, played: Tournament) -> None:
    before = client.get(reverse("board_picture", args=["mate-2v4-0"])).content
    Agent.objects.filter(slug="greedy-camera").update(name="W" * 80)
    after = client.get(reverse("board_picture", args=["mate-2v4-0"])).content
    edges = [Image.open(BytesIO(png)).crop((572, 240, 628, 630)).tobytes() for png in (before, after)]
    assert edges[0] == edges[1]


def test_a_board_may_stand_in_frames_of_other_sites(client: Client, played: Tournament) -> None:
    answer = client.get(reverse("board_embedded", args=["mate-2v4-0"]))
    assert "frame-ancestors *" in answer["Content-Security-Policy"] and "X-Frame-Options" not in answer
    again = client.get(reverse("board_embedded", args=["mate-2v4-0"]))
    assert "X-Frame-Options" not in again, "nor where the page was kept"
    assert "Greedy" in answer.content.decode() and "csrf" not in answer.content.decode()


@pytest.mark.parametrize("name", ["board_picture", "board_embedded"])
def test_nothing_is_shared_of_a_board_without_ratings(client: Client, db: None, name: str) -> None:
    entries.register_scenario("MATE-4v8-9")
    assert client.get(reverse(name, args=["mate-4v8-9"])).status_code == 404


def test_new_snapshots_agents_and_tournaments_are_fed(client: Client, played: Tournament) -> None:
    def entries_of(name: str, *arguments: str) -> list[ElementTree.Element]:
        answer = client.get(reverse(name, args=arguments))
        assert answer["Content-Type"].startswith("application/atom+xml")
        return ElementTree.fromstring(answer.content).findall("atom:entry", ATOM)

    [snapshot] = entries_of("board_feed", "mate-2v4-0")
    link = snapshot.find("atom:link", ATOM)
    assert link is not None and link.get("href", "").endswith(reverse("snapshot", args=["mate-2v4-0", 1]))
    assert len(entries_of("agent_feed")) == 8
    assert [one.findtext("atom:title", "", ATOM) for one in entries_of("tournament_feed")] == ["Alice's cup"]
    Agent.objects.filter(slug="greedy-camera").update(is_listed=False)
    assert len(entries_of("agent_feed")) == 7


def test_search_engines_find_boards_agents_and_tournaments(client: Client, played: Tournament) -> None:
    entries.register_scenario("MATE-4v8-9")
    tree = ElementTree.fromstring(client.get(reverse("sitemap")).content)
    found = {place.text for place in tree.iterfind("map:url/map:loc", MAP)}
    for name, *arguments in (
        ("leaderboard", "mate-2v4-0"),
        ("agent", "greedy-camera"),
        ("tournament", played.pk),
        ("home",),
    ):
        assert f"http://testserver{reverse(name, args=arguments)}" in found
    assert f"http://testserver{reverse('leaderboard', args=['mate-4v8-9'])}" not in found  # nothing was published there
