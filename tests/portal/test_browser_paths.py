"""Common paths through the site in a real browser, with their numbers of clicks, and the behaviour of page elements."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.portal.conftest import PASSWORD, Open, make_up
from tests.portal.test_browser import expect, sign_in
from tournament import organising, schedules
from tournament.leaderboards import refit
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Episode,
    Purpose,
    Scenario,
    Schedule,
    ScheduleKind,
    Tournament,
    Upload,
    UploadState,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Clicks:
    """Presses of a mouse or of Enter, counted by the browser itself."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.count = 0
        page.expose_function("countClick", self.add)
        page.add_init_script("addEventListener('click', () => countClick(), true)")

    def add(self) -> None:
        self.count += 1


def make_many(number: int, scenario: Scenario) -> None:
    numbers = {name: getattr(scenario, name) for name in ("num_cameras", "num_targets", "num_obstacles")}
    Agent.objects.bulk_create(
        Agent(
            digest=f"{team}{place:04d}".ljust(64, "0"), identity=f"{team}{place:04d}".ljust(64, "0"), team=team,
            kind="checkpoint",
            name=f"Learner {place:04d}", slug=f"learner-{team}-{place}", spec={}, **numbers,
        )
        for team in ("camera", "target")
        for place in range(number)
    )  # fmt: skip


def accept(upload: Upload, scenario: Scenario) -> Tournament:
    """Do a worker's part for a good file in short: create its agent and its placement, which is not played yet."""
    numbers = {name: getattr(scenario, name) for name in ("num_cameras", "num_targets", "num_obstacles")}
    agent = Agent.objects.create(
        digest="h" * 64, identity="h" * 64, team="camera", kind="checkpoint", name="Hawk", slug="hawk",
        owner=upload.owner,
        spec={"name": "greedy"}, **numbers,
    )  # fmt: skip
    greedy, random = (Agent.objects.get(slug=f"{name}-camera") for name in ("greedy", "random"))
    targets = list(Agent.objects.filter(slug__in=["greedy-target", "random-target"]))
    cup = organising.create_tournament(
        organising.TournamentRequest(
            "Placement of Hawk",
            scenario,
            [agent, greedy, random],
            targets,
            3,
            owner=upload.owner,
            purpose=Purpose.PLACEMENT,
        )
    )
    upload.agents.add(agent)
    Upload.objects.filter(pk=upload.pk).update(state=UploadState.ACCEPTED)
    return cup


def play(cup: Tournament) -> None:
    """Make up the episodes of a tournament, and fit the board."""
    for block in cup.blocks.select_related("pairing__camera", "pairing__target"):
        Episode.objects.bulk_create(make_up(block.pairing, seed) for seed in block.seeds)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=3, seconds=1.0)
    refit(cup.scenario)


def test_from_sign_up_to_a_rank_there_is_one_click_after_the_file_was_chosen(
    open_page: Open, page: Any, scenario: Scenario, agents: dict[str, Agent], tmp_path: Path
) -> None:
    clicks = Clicks(page)
    open_page(reverse("home"))
    page.get_by_role("link", name="Upload checkpoint").click()
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Username").fill("carol")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_label("Place it now in")).to_have_value("mate-2v4-0")
    file = tmp_path / "mine.zip"
    file.write_bytes(b"a checkpoint")
    page.get_by_label("Checkpoint file").set_input_files(file)
    before = clicks.count
    page.get_by_role("button", name="Upload checkpoint").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("mine.zip")
    upload = Upload.objects.get()
    assert upload.place_in == scenario and upload.owner.username == "carol"
    cup = accept(upload, scenario)
    expect(page.get_by_role("heading", name="Placement in MATE-2v4-0")).to_be_visible()
    play(cup)  # The stream of the check has ended; the page follows the placement.
    expect(page.get_by_role("link", name="rank 1 of 3")).to_be_visible()
    assert clicks.count - before == 1 and before == 3


def test_a_tournament_is_started_by_two_clicks_from_any_page(
    open_page: Open, page: Any, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    clicks = Clicks(page)
    open_page(reverse("agent", args=["greedy-camera"]))
    page.get_by_role("link", name="Start tournament").click()
    page.get_by_role("button", name="Start tournament").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("MATE-2v4-0 round robin")
    assert clicks.count == 2


def test_one_of_a_thousand_agents_is_found_and_chosen_by_keyboard(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    make_many(100, scenario)
    sign_in(open_page, alice)
    page = open_page(reverse("tournament_create"))
    group = page.get_by_role("group", name="Cameras")
    expect(group.get_by_role("checkbox")).to_have_count(4)
    field = group.get_by_role("combobox")
    field.fill("0042")
    expect(group.get_by_role("option")).to_have_count(1)
    field.press("Enter")
    expect(group.get_by_role("checkbox", name="Learner 0042")).to_be_checked()
    expect(field).to_have_value("")
    expect(page.locator("#estimate")).to_contain_text("200 episodes")
    group.get_by_role("button", name="Newest 10").click()
    expect(group.get_by_role("checkbox")).to_have_count(15)
    page.get_by_role("group", name="Targets").get_by_role("button", name="Nobody").click()
    expect(page.get_by_role("group", name="Targets").get_by_role("checkbox")).to_have_count(0)


def test_without_scripts_agents_are_found_and_chosen_as_well(
    live_server: Any, browser: Any, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    make_many(30, scenario)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(lambda address: (page.goto(live_server.url + address), page)[1], alice)
    page.goto(live_server.url + reverse("tournament_create"))
    page.locator("input[name=find_cameras]").fill("0007")
    page.get_by_role("group", name="Cameras").get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("group", name="Cameras").get_by_label("Learner 0007").check()
    page.get_by_role("button", name="Start tournament").click()
    assert Tournament.objects.get().cameras.filter(slug="learner-camera-7").exists()
    context.close()


def test_one_of_a_thousand_opponents_is_found_in_the_forms_of_trainings_runs_and_comparisons(
    open_page: Open, page: Any, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    make_many(40, scenario)
    sign_in(open_page, alice)
    for view in ("training_create", "study_create"):
        open_page(reverse(view))
        field = page.locator("#id_opponent")
        assert field.locator("option").count() < 20
        page.get_by_role("combobox", name="Add to Opponent").fill("0021")
        page.get_by_role("listbox", name="Opponent").get_by_role("option", name="Learner 0021").click()
        expect(field.locator("option:checked")).to_have_text("Learner 0021")
    open_page(reverse("psro_create"))
    cameras = page.get_by_role("group", name="First cameras")
    assert cameras.get_by_role("checkbox").count() < 20
    cameras.get_by_role("combobox").fill("0021")
    expect(cameras.get_by_role("option")).to_have_count(1)
    cameras.get_by_role("combobox").press("Enter")
    expect(cameras.get_by_role("checkbox", name="Learner 0021")).to_be_checked()


def test_a_list_is_filtered_while_one_types_and_its_address_keeps_that(
    open_page: Open, page: Any, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    make_many(60, scenario)
    open_page(reverse("agents"))
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("searchbox", name="Find an agent by name or architecture").fill("0013")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.wait_for_url("**/agents/?search=0013")
    page.get_by_role("combobox", name="Team").select_option("target")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("combobox", name="Team").select_option("")
    page.keyboard.press("Escape")
    page.locator("main").focus()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/agents/learner-*-13/")


def test_what_was_paused_by_mistake_is_undone_by_one_click(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    weekly = Schedule(name="Weekly", owner=alice, scenario=scenario, kind=ScheduleKind.CRON, expression="0 3 * * 1")
    schedules.save(weekly)
    sign_in(open_page, alice)
    page = open_page(reverse("schedule", args=[weekly.pk]))
    page.get_by_role("button", name="Pause").click()
    toast = page.get_by_role("status").filter(has_text="Paused.")
    toast.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Resumed.")).to_be_visible()
    weekly.refresh_from_db()
    assert not weekly.is_paused


def test_a_tournament_that_ends_says_so_in_the_title(open_page: Open, tournament: Tournament) -> None:
    page = open_page(reverse("tournament", args=[tournament.pk]))
    expect(page).not_to_have_title("✓ Alice's cup · MATE Arena")
    for block in tournament.blocks.select_related("pairing__camera", "pairing__target"):
        Episode.objects.bulk_create(make_up(block.pairing, seed) for seed in block.seeds)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=3, seconds=1.0)
    organising.finish_if_complete(tournament)
    expect(page).to_have_title("✓ Alice's cup · MATE Arena")


def test_times_are_told_in_the_readers_zone(browser: Any, live_server: Any, played: Tournament) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(live_server.url + reverse("snapshots", args=["mate-2v4-0"]))
    time = page.locator("tbody time").first
    utc = time.get_attribute("datetime")
    hour = (int(utc[11:13]) + 9) % 24
    expect(time).to_contain_text(f"{hour % 12 or 12}:{utc[14:16]}")
    context.close()


def test_a_row_of_a_board_opens_and_closes(open_page: Open, played: Tournament) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    button = page.get_by_role("button", name="Opponents and replays of Greedy")
    button.click()
    expect(page.get_by_role("heading", name="Hardest opponents")).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(page.get_by_role("heading", name="Hardest opponents")).to_have_count(0)
