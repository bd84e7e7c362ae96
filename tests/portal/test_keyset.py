"""Lists by position: no row is skipped or repeated while rows are added, and each page is as fast as the first."""

import re
from collections.abc import Callable
from html import unescape
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.listing import keyset
from tests.portal.conftest import make_up
from tests.portal.markup import flatten
from tournament.models import Agent, Episode, Pairing, Tournament, Upload

Visit = Callable[..., Client]
SIZE = 7


def make_agents(number: int, prefix: str = "Agent") -> None:
    Agent.objects.bulk_create(
        Agent(
            digest=f"{prefix}{one}".encode().hex().ljust(64, "0"),
            team="camera" if one % 2 else "target",
            kind="checkpoint",
            name=f"{prefix} {one % 5}",  # Many names are equal: the key decides.
            slug=f"{prefix.lower()}-{one}",
            spec={},
        )
        for one in range(number)
    )


def walk(rows: Any, name: str = "after") -> list[list[int]]:
    """Return the keys of all pages in one direction, from the first page or from the last."""
    page = keyset.read_page(rows, {}, SIZE)
    if name == "before":
        while page.next:
            page = keyset.read_page(rows, {"after": page.next}, SIZE)
    found = [[row.pk for row in page]]
    while cursor := (page.next if name == "after" else page.previous):
        page = keyset.read_page(rows, {name: cursor}, SIZE)
        found.append([row.pk for row in page])
    return found


@pytest.mark.parametrize("order", [(), ("name",), ("-name", "pk"), ("-created",), ("team", "-name")])
def test_pages_forwards_and_backwards_are_the_whole_list_once(db: None, order: tuple[str, ...]) -> None:
    make_agents(25)
    rows = Agent.objects.order_by(*order) if order else Agent.objects.all()
    wanted = [row.pk for row in rows.order_by(*keyset.find_order(rows))]
    assert list(chain.from_iterable(walk(rows))) == wanted
    backwards = walk(rows, "before")
    assert set(chain.from_iterable(backwards)) == set(wanted)
    assert backwards[-1] == wanted[:SIZE]  # The first page is full, wherever one came from.


def test_rows_that_are_added_or_deleted_meanwhile_neither_repeat_nor_hide_others(db: None) -> None:
    make_agents(20, "Middle")
    rows = Agent.objects.order_by("name")
    before = [row.pk for row in rows.order_by("name", "pk")]
    first = keyset.read_page(rows, {}, SIZE)
    make_agents(5, "Early")  # They come before all that was read.
    first.object_list[-1].delete()
    second = keyset.read_page(rows, {"after": first.next}, SIZE)
    assert [row.pk for row in second] == before[SIZE : 2 * SIZE]
    assert second.count == 24


def test_a_cursor_of_another_list_gives_the_first_page(db: None) -> None:
    make_agents(20)
    rows = Agent.objects.order_by("name")
    wanted = [row.pk for row in keyset.read_page(rows, {}, SIZE)]
    other = keyset.read_page(rows.order_by("-created"), {}, SIZE).next
    for text in ("nonsense", "é", other, "W10", "x" * 5000):
        assert [row.pk for row in keyset.read_page(rows, {"after": text}, SIZE)] == wanted


def test_a_later_page_costs_one_range_of_the_index_and_no_offset(db: None, played: Tournament) -> None:
    pairing = Pairing.objects.first()
    assert pairing is not None
    Episode.objects.bulk_create([make_up(pairing, 10_000 + seed) for seed in range(60)])
    rows = pairing.episodes.order_by("id")
    second = keyset.read_page(rows, {}, 50)
    with CaptureQueriesContext(connection) as queries:
        keyset.read_page(rows, {"after": second.next}, 50)
    assert len(queries) == 2
    assert all("OFFSET" not in query["sql"] for query in queries)


def follow(client: Client, address: str) -> list[str]:
    """Return the texts of the pages of a list from link to link."""
    found = []
    while address:
        text = client.get(address).content.decode()
        found.append(text)
        link = re.search(r'href="([^"#]*)(#[^"]*)?" rel="next"', flatten(text))
        address = f"{address.partition('?')[0]}{unescape(link[1])}" if link else ""
    return found


def test_agents_uploads_and_episodes_are_paged_by_links(visit: Visit, alice: User, played: Tournament) -> None:
    make_agents(60)
    Upload.objects.bulk_create(
        Upload(owner=alice, filename=f"file-{one}", size=1, sha256="0" * 64) for one in range(60)
    )
    pairing = Pairing.objects.first()
    assert pairing is not None
    Episode.objects.bulk_create([make_up(pairing, 10_000 + seed) for seed in range(70)])
    client = visit(alice)
    pages = {
        reverse("agents"): [f"/agents/agent-{one}/" for one in range(60)],
        f"{reverse('agents')}?{urlencode({'sort': '-owner'})}": [f"/agents/agent-{one}/" for one in range(60)],
        reverse("uploads"): [f"file-{one}<" for one in range(60)],
        reverse("pairing", args=[pairing.pk]): [f">{10_000 + seed}<" for seed in range(70)],
    }
    for address, wanted in pages.items():
        texts = follow(client, address)
        assert len(texts) > 1, address
        whole = "".join(texts)
        assert [one for one in wanted if whole.count(one) < 1] == [], address
    assert client.get(f"{reverse('agents')}?page=2").status_code == 200  # An older address.
