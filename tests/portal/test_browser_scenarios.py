"""A scenario of one's own in a real browser: the map and the problems follow what is typed."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.portal.conftest import Open
from tests.portal.test_browser import sign_in
from tournament.models import Agent, Scenario

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_map_follows_what_is_typed_until_the_scenario_is_added(
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
    shown.locator("[name=name]").fill("Three eyes")
    shown.get_by_role("button", name="Add scenario").click()
    expect(shown.get_by_role("heading", name="Three eyes")).to_be_visible()
    assert Scenario.objects.get(name="Three eyes").num_cameras == 3
