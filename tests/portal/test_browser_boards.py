"""Boards in a real browser: from the first rank to a replay, comparison of two agents, narrow screens."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from portal import recordings
from tests.portal.conftest import Open, make_up
from tournament import leaderboards
from tournament.models import Agent, Episode, Tournament

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
expect: Any = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def doubled(played: Tournament) -> Tournament:
    """Add five episodes with the same seeds to all four pairings, and rate them."""
    for pairing in played.pairings.select_related("camera", "target"):
        Episode.objects.bulk_create(make_up(pairing, seed) for seed in range(5))
    leaderboards.refit(played.scenario)
    return played


@pytest.fixture
def watchable(doubled: Tournament, real_episode: Episode, real_replay: bytes) -> Episode:
    """Make the best episode of greedy against greedy one that can be watched."""
    Episode.objects.filter(pk=real_episode.pk).update(normalised_reward=-1.0)
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    return real_episode


def test_three_clicks_lead_from_the_first_rank_to_a_replay_of_why(open_page: Open, watchable: Episode) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    page.get_by_role("group", name="Cameras: ratings").get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Greedy vs Random")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Greedy is probably better than Random")
    page.get_by_title("Episodes of Greedy and Greedy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Greedy vs Greedy")
    page.get_by_role("region", name="Worth watching").get_by_role("link", name="Watch replay").first.click()
    page.wait_for_selector("[data-replay][data-ready]")
    assert page.url.split("#")[0].endswith(reverse("replay", args=[watchable.pk]))


def test_a_sort_is_a_link_and_needs_no_script(live_server: Any, doubled: Tournament, browser: Any) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(live_server.url + reverse("leaderboard", args=["mate-2v4-0"]))
    plain.get_by_role("link", name="Targets").click()
    board = plain.get_by_role("group", name="Targets: ratings")
    expect(board.get_by_role("rowheader").first).to_contain_text("Greedy")
    board.get_by_role("link", name="Agent", exact=True).click()
    expect(board.locator("th[aria-sort=ascending]")).to_have_text("Agent")
    plain.get_by_role("link", name="More figures").click()
    expect(board.get_by_role("columnheader", name="Deviation")).to_be_visible()
    context.close()


def test_the_edges_of_the_heat_map_tell_the_nash_shares(open_page: Open, doubled: Tournament) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    page.wait_for_selector("[data-heatmap][data-ready]")
    expect(page.locator(".payoff-map .share.camera")).to_have_count(1)
    page.get_by_role("link", name="similarity").click()
    page.wait_for_selector("[data-heatmap][data-ready]")
    assert "order=similarity" in page.url


def test_two_agents_are_chosen_and_compared(open_page: Open, doubled: Tournament) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    page.get_by_role("link", name="Compare two agents").click()
    page.locator("form", has=page.get_by_label("Target")).get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Greedy vs Random")
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Random vs Greedy")


def test_a_point_of_the_history_leads_to_its_snapshot(open_page: Open, doubled: Tournament) -> None:
    page = open_page(reverse("agent", args=["random-camera"]))
    page.get_by_role("link", name="Results").click()
    page.locator(".timeline a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Snapshot 1 of MATE-2v4-0")


def test_two_replays_play_in_step(beside: Any, real_episode: Episode) -> None:
    expect(beside.get_by_role("heading", level=1)).to_have_text("Greedy and Random side by side")
    beside.keyboard.press("Shift+ArrowRight")
    beside.keyboard.press("ArrowRight")
    assert beside.locator("[data-part=scrub]").input_value() == "11"
    beside.keyboard.press("End")
    delivered = beside.locator("[data-fact=delivered]")
    expect(delivered).to_have_count(2)
    for place in range(2):
        expect(delivered.nth(place)).to_have_text(str(real_episode.delivered))
    for place in range(2):
        expect(beside.locator("[data-part=spoken]").nth(place)).to_contain_text(f"Step {real_episode.steps}: ")


def test_both_replays_are_drawn(beside: Any) -> None:
    colours = beside.evaluate(
        """() => [...document.querySelectorAll('[data-part=canvas]')].map((canvas, index) => {
          const {replay} = document.querySelector('[data-stage]').viewer.sides[index];
          const scale = Math.min(canvas.width, canvas.height) / 2100;
          const at = (x, y) => [...canvas.getContext('2d').getImageData(
            canvas.width / 2 + x * scale, canvas.height / 2 - y * scale, 1, 1).data].join();
          const camera = replay.cameras[0];
          return [at(-1040, 0), at(camera.x, camera.y)];
        })"""
    )
    assert len(colours) == 2
    for ground, camera in colours:
        assert ground != camera


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_boards_and_comparisons_fit_on_a_phone(
    open_page: Open, page: Any, alice: User, watchable: Episode, doubled: Tournament, theme: str
) -> None:
    Agent.objects.filter(slug="random-camera").update(
        name="NE-camera.HRL-MAPPO-vs.-target.MAPPO camera mixture of iteration 2"
    )
    other = Episode.objects.filter(pairing__camera__slug="random-camera", pairing__target__slug="greedy-target").first()
    assert other is not None
    recordings.path_of(other, "record").write_bytes(recordings.path_of(watchable, "record").read_bytes())
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 360, "height": 740})
    board = reverse("leaderboard", args=["mate-2v4-0"])
    for address in (
        f"{board}?figures=all", f"{board}compare/", f"{board}compare/?first=greedy-camera&second=random-camera",
        f"{board}snapshots/", f"{board}snapshots/1/", f"{board}snapshots/1/payoffs/", "/agents/random-camera/",
        reverse("beside", args=[watchable.pk, other.pk]),
    ):  # fmt: skip
        open_page(address)
        page.wait_for_load_state()
        page.wait_for_timeout(150)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{address} is {width} pixels wide"
        expect(page.locator("html")).to_have_attribute("data-theme", re.compile(theme))


def test_a_long_name_leaves_the_nash_shares_in_view_on_a_phone(
    live_server: Any, browser: Any, doubled: Tournament
) -> None:
    Agent.objects.filter(slug="greedy-camera").update(name="A camera with a long name, trained against a mixture")
    phone = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True)  # whose scroll bars lie above
    page = phone.new_page()
    page.goto(live_server.url + reverse("leaderboard", args=["mate-2v4-0"]))
    board = page.locator(".board-scroll").first
    assert board.evaluate("(board) => board.scrollWidth - board.clientWidth") == 0
    phone.close()


def test_links_on_a_phone_are_high_enough_for_a_finger(open_page: Open, page: Any, doubled: Tournament) -> None:
    """24 CSS pixels, as WCAG 2.5.8 asks for; links within sentences are as high as their line."""
    page.set_viewport_size({"width": 375, "height": 800})
    board = reverse("leaderboard", args=["mate-2v4-0"])
    for address in (board, f"{board}?figures=all", f"{board}snapshots/", "/agents/", "/tournaments/"):
        open_page(address)
        heights = page.locator("main a:visible").evaluate_all(
            "links => links.filter(link => !link.closest('p'))"
            ".map(link => [link.textContent, link.getBoundingClientRect().height])"
        )
        assert heights and not [link for link in heights if link[1] < 24], address
