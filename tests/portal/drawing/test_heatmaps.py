"""The payoff heat map: readable without scripts from 2 x 2 to 200 x 200."""

import base64
import re
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal.drawing import heatmaps
from portal.drawing.heatmaps import Named, Payoffs
from tournament.models import Tournament

SIZES = (2, 20, 100, 200)


def make(size: int, name: str = "mappo-camera-2026-11-seed-{}") -> Payoffs:
    """A square game with one pairing that was not played."""
    payoff = np.random.default_rng(size).normal(size=(size, size))
    payoff[0, 1] = np.nan
    agents = [Named(name.format(number), 1.0 if number == 0 else 0.0) for number in range(size)]
    pairing = [
        [None if np.isnan(value) else 10 * i + j + 1 for j, value in enumerate(row)] for i, row in enumerate(payoff)
    ]
    return Payoffs(agents, agents, payoff, pairing)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter("text")]


@pytest.mark.parametrize("size", SIZES)
def test_every_cell_has_the_colour_of_its_payoff(size: int) -> None:
    payoffs = make(size)
    address = re.search(r'href="data:image/png;base64,([^"]+)"', heatmaps.draw_heatmap(payoffs))
    assert address
    image = Image.open(BytesIO(base64.b64decode(address[1])))
    pixels = np.asarray(image.convert("RGBA"))
    assert pixels.shape == (size, size, 4)
    assert pixels[0, 1, 3] == 0, "what was not played is transparent"
    least, most = (
        np.unravel_index(find(payoffs.payoff), payoffs.payoff.shape) for find in (np.nanargmin, np.nanargmax)
    )
    assert tuple(pixels[least][:3]) == heatmaps.SCALE[0] and tuple(pixels[most][:3]) == heatmaps.SCALE[-1]


@pytest.mark.parametrize("size", SIZES)
def test_names_do_not_overlap_and_those_of_one_family_differ(size: int) -> None:
    payoffs = make(size)
    frame = heatmaps.arrange(payoffs)
    written = texts(heatmaps.draw_heatmap(payoffs))
    if size <= 100:
        assert frame.letters <= frame.side
        assert len({text for text in written if "seed" in text}) == size
        assert all(
            len(heatmaps.cut(agent.name)) * heatmaps.LETTER * frame.letters < frame.left for agent in payoffs.cameras
        )
    else:
        assert {"1", "11", "191"} <= set(written), "every tenth agent's number stands at the edge"


def test_a_large_picture_is_small_to_send() -> None:
    assert len(heatmaps.draw_heatmap(make(200))) < 80_000


def test_cells_of_a_small_picture_are_links_and_say_their_payoff() -> None:
    svg = heatmaps.draw_heatmap(make(2))
    assert svg.count("<a ") == 3 and reverse("pairing", args=[12]) in svg
    assert sum(bool(re.fullmatch(r"[+−]\d\.\d\d", text)) for text in texts(svg)) == 3


def test_names_with_markup_are_shown_as_they_are() -> None:
    svg = heatmaps.draw_heatmap(make(2, "<b>&{}</b>"))
    assert "<b>" not in svg and "<b>&0</b>" in texts(svg)


def test_a_game_whose_payoffs_are_all_alike_is_drawn() -> None:
    alike = Payoffs([Named("a", 1.0)], [Named("b", 1.0)], np.array([[0.5]]), [[1]])
    assert "+0.50" in heatmaps.draw_heatmap(alike)


def test_boards_show_the_first_agents_and_lead_to_all(
    client: Client, alice: User, played: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heatmaps, "FIRST", 1)
    address = reverse("leaderboard", args=["mate-2v4-0"])
    answer = client.get(address)
    assert len(answer.context["payoffs"]["cameras"]) == 1 and answer.context["heatmap_left"] == 1
    assert len(client.get(address, {"payoffs": "all"}).context["payoffs"]["cameras"]) == 2


def test_the_figures_of_a_large_picture_come_when_they_are_wanted(
    client: Client, played: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heatmaps, "MOST_LINKS", 1)
    answer = client.get(reverse("leaderboard", args=["mate-2v4-0"]))
    assert answer.context["heatmap_figures"] is None
    figures = client.get(answer.context["heatmap_address"]).json()
    assert figures == answer.context["payoffs"]
    assert client.get(reverse("tournament_payoff_figures", args=[played.pk, 1])).json()["pairing"]
    assert client.get(reverse("payoff_figures", args=["mate-2v4-0", 99])).status_code == 404


def test_a_narrow_screen_shrinks_a_small_map_and_scrolls_a_large_one() -> None:
    fits = [ElementTree.fromstring(heatmaps.draw_heatmap(make(size, "a{}"))).get("data-fits") for size in (3, 40)]
    assert fits == ["", None]
