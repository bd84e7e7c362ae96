"""Every page kind under axe-core, in one browser: in English in light colours, in Chinese in dark ones."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.portal.access import list_pages

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm ci"),
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": TAGS, "resultTypes": ["violations"]}
FILES = {
    *("scenario_file", "account_data", "study_export", "board_picture", "board_feed", "agent_feed", "tournament_feed"),
    *("sitemap", "agent_download", "payoff_figures", "tournament_payoff_figures", "document_file"),
}
"""Addresses of files, which are no pages."""
PARTS = {"agent_pick", "psro_pick", "tournament_cost", "board_row"}
"""Parts of pages, which are looked at where they stand."""


def list_faults(page: Any) -> list[str]:
    """What axe-core finds on the open page: rule, element, advice."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


def open_context(browser: Any, live_server: Any, user: User, language: str, colours: str) -> Any:
    """Return a browser context of a signed-in user."""
    client = Client()
    client.force_login(user)
    context = browser.new_context(
        color_scheme=colours, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    cookies = {"sessionid": client.cookies["sessionid"].value, "django_language": language}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    return context


@pytest.mark.parametrize(("language", "colours"), [("en", "light"), ("zh-hans", "dark")])
def test_the_reference_of_the_api_has_no_fault_that_axe_finds(
    alice: User, browser: Any, live_server: Any, language: str, colours: str
) -> None:
    context = open_context(browser, live_server, alice, language, colours)
    page = context.new_page()
    page.goto(live_server.url + "/api/v1/docs")
    faults = {"folded": list_faults(page)}
    names = ("Start a tournament", "The file of an upload", "ErrorOut")
    page.evaluate("names => { for (const one of document.querySelectorAll('.operation'))"
                  " one.open = names.some((name) => one.textContent.includes(name)); }", names)  # fmt: skip
    faults["unfolded"] = list_faults(page)
    context.close()
    assert faults == {"folded": [], "unfolded": []}


@pytest.mark.parametrize("share", range(4))
@pytest.mark.parametrize(("language", "colours"), [("en", "light"), ("zh-hans", "dark")])
def test_no_page_kind_has_a_fault_that_axe_finds(
    world: dict[str, Any], alice: User, browser: Any, live_server: Any, language: str, colours: str, share: int
) -> None:
    pages = [address for name, address in list_pages(world, FILES | PARTS)]
    context = open_context(browser, live_server, alice, language, colours)
    page, faults = context.new_page(), {}
    for address in pages[share::4]:
        page.goto(live_server.url + address)
        if found := list_faults(page):
            faults[address] = found
    context.close()
    assert faults == {}
