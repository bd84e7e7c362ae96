"""Confirmation dialogs of irreversible actions: keyboard, screen readers, and no scripts."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from portal.models import ApiToken
from tests.portal.conftest import Open
from tests.portal.test_browser import sign_in
from tournament.models import Tournament, TournamentState

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
expect: Any = pytest.importorskip("playwright.sync_api").expect


def state_of(tournament: Tournament) -> str:
    tournament.refresh_from_db()
    return tournament.state


def is_readable(dialog: Any) -> bool:
    """Return whether a dialog's text is as wide as the dialog, wherever in the page its button is."""
    return bool(dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth"))


def test_a_tournament_is_cancelled_only_after_the_question_was_answered(
    open_page: Open, alice: User, tournament: Tournament
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("tournament", args=[tournament.pk]))
    button = page.get_by_role("button", name="Cancel tournament")
    assert button.get_attribute("aria-haspopup") == "dialog"
    button.press("Enter")
    dialog = page.get_by_role("alertdialog", name="Cancel “Alice's cup”?")
    expect(dialog).to_be_visible()
    assert is_readable(dialog)
    expect(dialog).to_contain_text("12 of 12 episodes are not finished, and are never played.")
    expect(dialog.get_by_role("button", name="Go back")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    button.click()
    page.keyboard.press("Enter")  # The focus is on the button that changes nothing.
    expect(dialog).to_be_hidden()
    assert state_of(tournament) == TournamentState.PLAYING
    button.click()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Cancel tournament")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cancelled. Episodes that were finished stay and count.")).to_be_visible()
    assert state_of(tournament) == TournamentState.CANCELLED


def test_of_several_buttons_each_asks_about_its_own(open_page: Open, alice: User) -> None:
    for name in ("laptop", "nightly", "W" * 60):
        ApiToken.issue(alice, name)
    sign_in(open_page, alice)
    page = open_page(reverse("account"))
    dialog = page.get_by_role("alertdialog")
    page.get_by_role("button", name=f"Revoke {'W' * 60}").click()
    assert is_readable(dialog)
    dialog.get_by_role("button", name="Revoke token").click()
    page.get_by_role("button", name="Revoke laptop").click()
    assert is_readable(dialog)
    expect(dialog).to_have_count(1)
    expect(dialog.get_by_role("heading")).to_have_text("Revoke “laptop”?")
    dialog.get_by_role("button", name="Revoke token").click()
    expect(page.get_by_role("button", name="Revoke laptop")).to_have_count(0)
    assert ApiToken.objects.get().name == "nightly"


def test_without_scripts_the_question_is_a_page(
    live_server: Any, browser: Any, alice: User, tournament: Tournament
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    sign_in(lambda address: (page.goto(live_server.url + address), page)[1], alice)
    page.goto(live_server.url + reverse("tournament", args=[tournament.pk]))
    page.get_by_role("button", name="Cancel tournament").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel “Alice's cup”?")
    assert state_of(tournament) == TournamentState.PLAYING
    page.get_by_role("button", name="Cancel tournament").click()
    expect(page.get_by_text("Cancelled. Episodes")).to_be_visible()
    assert state_of(tournament) == TournamentState.CANCELLED
    context.close()
