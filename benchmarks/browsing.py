"""A user of the portal's pages: actions of benchmarks in a real browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.chromium import ADVICE, find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

BROWSER = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PASSWORD = "a long pass phrase"


@contextmanager
def open_page(**context: Any) -> Iterator[Page]:
    """Open a page in this machine's Chromium.

    `context` holds the options of the browser context. Raises SystemExit without a browser.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise SystemExit("Playwright is missing: .venv/bin/pip install -r requirements-dev.txt") from None
    if find_chromium() is None:
        raise SystemExit(f"No Chromium was found: {ADVICE}.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=BROWSER)
        yield browser.new_context(**context).new_page()
        browser.close()


def sign_in(page: Page, address: str, name: str) -> None:
    """Sign in as a user whose password is PASSWORD."""
    page.goto(f"{address}/sign-in/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def send_form(page: Page, address: str, choices: Mapping[str, str], values: Mapping[str, str], button: str) -> str:
    """Fill in a form and send it; return the resulting address. Choices and values are given by field name.

    Choices change the form, so they are made first, one after the other. Raises SystemExit with the form's message if
    it is refused.
    """
    page.goto(address)
    for name, value in choices.items():
        field = page.locator(f"[name={name}]")
        if field.input_value() != value:
            before = field.element_handle()
            field.select_option(value)
            before.wait_for_element_state("hidden")  # another form has replaced it
    for summary in page.locator("form summary").all():
        summary.click()
    for name, value in values.items():
        write(page.locator(f"[name={name}]"), value)
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()
    if page.url == address:
        raise SystemExit(f"{address} refused: {page.locator('.errorlist').all_inner_texts()}")
    return page.url


def write(field: Locator, value: str) -> None:
    """Choose or write a value in any kind of field."""
    is_a = {kind: field.and_(field.page.locator(kind)) for kind in ("[type=radio]", "select")}
    if is_a["[type=radio]"].count():
        field.and_(field.page.locator(f"[value='{value}']")).check()
    elif is_a["select"].count():
        field.select_option(value)
    else:
        field.fill(value)
