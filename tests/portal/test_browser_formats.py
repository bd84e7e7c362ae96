"""Formats and schedules in a real browser: a sequential test followed to its verdict, a tournament every week."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.portal.conftest import Open, make_up
from tests.portal.test_browser import expect, sign_in
from tournament import organising, schedules
from tournament.models import Agent, Block, BlockState, Episode, Scenario, Schedule, ScheduleKind, Tournament

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def play_round(tournament: Tournament) -> None:
    for block in tournament.blocks.filter(state=BlockState.WAITING).select_related(
        "pairing__camera", "pairing__target"
    ):
        Episode.objects.bulk_create((make_up(block.pairing, seed) for seed in block.seeds), ignore_conflicts=True)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=block.num_episodes, seconds=1.0)
    organising.finish_if_complete(tournament)


def test_a_sequential_test_is_started_and_followed_to_its_verdict(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("tournament_create"))
    page.get_by_role("textbox", name="Name").fill("Which one?")
    page.get_by_role("radio", name="Head to head").check()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Which one?")
    page.get_by_label("First agent").select_option(label="Greedy")
    page.get_by_label("Second agent").select_option(label="Random")
    for name in ("Heuristic", "Naive"):
        page.get_by_role("group", name="Opponents").get_by_label(name).uncheck()
    page.get_by_label("Lower bound").fill("250")
    page.get_by_label("Upper bound").fill("300")
    page.get_by_label("At most, a pairing").fill("300")
    page.get_by_label("Episodes a round").fill("16")
    expect(page.locator("#estimate")).to_contain_text("1,200 episodes")
    page.get_by_role("button", name="Start tournament").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which one?")
    tournament = Tournament.objects.get()
    play_round(tournament)
    assert not organising.finish_if_complete(tournament), "decided before anybody could look"
    expect(page.locator("#finding")).to_contain_text("log-likelihood ratio")
    expect(page.locator("#finding svg.trace").first).to_be_visible()
    expect(page.locator("#progress")).to_contain_text("round 2")
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    expect(page.get_by_role("heading", name="Result", exact=True)).to_be_visible()
    expect(page.locator("#finding")).to_contain_text("The first agent is better than the second")
    page.get_by_role("link", name="Choices").click()
    expect(page.get_by_role("table")).to_contain_text("Both agents play the same opponents from the same seeds")


def test_formats_are_chosen_with_the_arrow_keys(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("tournament_create"))
    page.get_by_role("radio", name="Round robin").focus()
    for name in ("Placement of newcomers", "Adaptive ranking"):
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("heading", name=f"Settings: {name}")).to_be_visible()
        expect(page.locator("#fields.htmx-settling")).to_have_count(0)  # From now on the new fields hear of changes.
        expect(page.get_by_role("radio", name=name)).to_be_focused()


def test_a_team_is_chosen_before_its_agents(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("tournament_create") + "?format=sequential")
    page.get_by_label("Team", exact=True).select_option(label="Target")
    expect(page.get_by_label("First agent")).to_contain_text("Greedy")
    expect(page.get_by_role("group", name="Opponents").get_by_role("checkbox")).to_have_count(4)


def test_a_tournament_every_week_is_scheduled_paused_and_started_early(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("tournaments"))
    page.get_by_role("link", name="Schedules").click()
    page.get_by_role("link", name="Create schedule").click()
    page.get_by_role("textbox", name="Name").fill("Weekly cup")
    page.get_by_label("Day", exact=True).select_option(label="Friday")
    page.get_by_label("Time (UTC)").fill("18:30")
    page.get_by_role("radio", name="Adaptive ranking").check()
    page.get_by_label("Resolution", exact=True).fill("0.05")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Weekly cup")
    expect(page.get_by_label("Day", exact=True)).to_have_value("5")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Weekly cup")
    expect(page.locator("main")).to_contain_text("At 18:30 on Friday, UTC")
    schedule = Schedule.objects.get()
    assert (schedule.format, schedule.settings["resolution"], schedule.expression) == ("ranking", 0.05, "30 18 * * 5")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("button", name="Start tournament now").click()
    page.get_by_role("link", name="Weekly cup 1").click()
    expect(page.locator("main")).to_contain_text("schedule Weekly cup")


def test_a_watch_asks_only_what_matters_to_it(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("schedule_create"))
    page.get_by_role("textbox", name="Name").fill("Newcomers")
    page.get_by_role("radio", name="For every new agent").check()
    expect(page.get_by_label("Day", exact=True)).to_have_count(0)
    expect(page.get_by_role("radio", name="Adaptive Nash")).to_have_count(0)
    page.get_by_role("button", name="Create schedule").click()
    expect(page.locator("main")).to_contain_text("when an agent comes")
    assert Schedule.objects.get().kind == ScheduleKind.WATCH


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_of_formats_or_schedules_is_wider_than_a_phone(
    open_page: Open, page: Any, alice: User, scenario: Scenario, agents: dict[str, Agent], theme: str
) -> None:
    cameras, targets = ([agents[f"{name}-{team}"] for name in ("greedy", "random")] for team in ("camera", "target"))
    ranking = {"resolution": 0.01, "most": 20, "round_size": 32}
    tournament = organising.create_tournament(
        organising.TournamentRequest("T" * 60, scenario, cameras, targets, format="ranking", settings=ranking)
    )
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    schedule = Schedule(name="S" * 60, owner=alice, scenario=scenario, kind=ScheduleKind.CRON, expression="0 3 * * 1")
    schedules.save(schedule)
    schedules.start_now(schedule)
    page.emulate_media(color_scheme=theme)
    sign_in(open_page, alice)
    page.set_viewport_size({"width": 360, "height": 740})
    for address in (
        f"/tournaments/{tournament.pk}/", f"/tournaments/{tournament.pk}/choices/",
        "/tournaments/new/?format=sequential",
        "/schedules/", f"/schedules/{schedule.pk}/", f"/schedules/{schedule.pk}/edit/", "/schedules/new/?when=watch",
    ):  # fmt: skip
        open_page(address)
        page.wait_for_load_state()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{address} is {width} pixels wide"
