"""The form of a new scenario in a real browser: the map and the problems follow the input."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import expect

from tasks import playing
from tests.portal.conftest import Open
from tests.portal.test_browser import sign_in
from tournament.models import Agent, Scenario, TrainingRun

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_map_follows_what_is_typed_and_the_scenario_gets_a_board_and_a_training(
    open_page: Open, alice: User, agents: dict[str, Agent], scenario: Scenario
) -> None:
    sign_in(open_page, alice)
    shown = open_page(f"/scenarios/new/?start={scenario.slug}")
    drawn = shown.locator("#map")
    expect(drawn.locator("circle.camera")).to_have_count(scenario.num_cameras)
    shown.locator("[name=camera_places]").fill("-600 -300 -600 -300\n400 700\nhere 5")
    expect(drawn).to_contain_text("1 problem")
    shown.locator("[name=camera_places]").fill("-600 -300 -600 -300\n400 700\n0 0")
    expect(drawn.locator("circle.camera")).to_have_count(3)
    expect(drawn).to_contain_text("This scenario can be added.")
    shown.locator("[name=max_episode_steps]").fill("40")
    shown.locator("[name=name]").fill("Three eyes")
    shown.get_by_role("button", name="Add scenario").click()
    expect(shown.get_by_role("heading", name="Three eyes")).to_be_visible()
    added = Scenario.objects.get(name="Three eyes")
    assert added.num_cameras == 3

    shown.get_by_role("link", name="Start tournament").click()
    shown.get_by_label("Episodes a pairing").fill("1")
    shown.get_by_role("button", name="Start tournament").click()
    expect(shown.get_by_role("heading", level=1)).to_have_text("Three eyes round robin")
    while playing.play_next():
        pass
    board = open_page(reverse("leaderboard", args=[added.slug]))
    expect(board.get_by_role("group", name="Cameras: ratings").get_by_role("link", name="Greedy")).to_be_visible()

    form = open_page(f"{reverse('training_create')}?scenario={added.slug}")
    form.get_by_label("Name").fill("Own map")
    form.get_by_role("button", name="Start the training").click()
    expect(form.get_by_role("heading", level=1)).to_have_text("Own map")
    assert TrainingRun.objects.get().scenario == added
