"""Search over all objects that have a page."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.listing.searching import search
from tests.portal.conftest import Open
from tournament.models import Agent, Tournament, TrainingRun

expect: Any = pytest.importorskip("playwright.sync_api").expect


def names(text: str) -> dict[str, list[str]]:
    """Return the results by kind, without documents, which have a test of their own."""
    found = {str(group.title): [row.name for row in group.rows] for group in search(text)}
    return {title: rows for title, rows in found.items() if title != "Documents"}


def test_each_kind_is_found_by_a_part_of_its_name(world: dict[str, Any]) -> None:
    assert names("cup") == {"Tournaments": ["Alice's cup"]}
    assert names("learn") == {"Trainings": ["Learner"]}
    assert names("grow") == {"PSRO runs": ["Growing"]}
    assert names("2v4")["Leaderboards"] == ["MATE-2v4-0"]
    assert names("ali")["Users"] == ["alice"]
    assert names("greedy")["Agents"] == ["Greedy", "Greedy"]


def test_names_that_begin_with_the_text_come_first(agents: dict[str, Agent]) -> None:
    Agent.objects.filter(slug="naive-camera").update(name="Less greedy")
    assert names("gre")["Agents"] == ["Greedy", "Greedy", "Less greedy"]


def test_without_a_text_it_says_where_one_can_go(client: Client, db: None) -> None:
    assert names(" ") == {"Go to": names("")["Go to"]}
    assert reverse("upload_create") in client.get(reverse("search")).content.decode()


def test_what_is_not_listed_is_not_found(world: dict[str, Any]) -> None:
    Agent.objects.update(is_listed=False)
    User.objects.filter(username="bob").update(is_active=False)
    assert names("greedy") == {} and "Users" not in names("bob")
    assert TrainingRun.objects.exists()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_key_opens_the_search_and_arrows_and_enter_lead_to_what_is_found(
    open_page: Open, tournament: Tournament
) -> None:
    page = open_page(reverse("about"))
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search everything")
    expect(field).to_be_focused()
    field.fill("greedy")
    expect(page.get_by_role("group", name="Agents").get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('agent', args=['greedy-target'])}")
    page.wait_for_load_state("networkidle")  # keys work once the page's modules have run
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()  # the browser closes a dialog a moment after the key
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.wait_for_url(f"**{reverse('tournaments')}")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_language_of_the_browser_is_spoken_until_another_is_chosen(open_page: Open, page: Any, db: None) -> None:
    page.set_extra_http_headers({"Accept-Language": "zh-CN"})
    open_page(reverse("about"))
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.locator("summary:has(use[href$='#languages'])").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith(reverse("about"))
    open_page(reverse("status"))
    expect(page.locator("html")).to_have_attribute("lang", "en")
