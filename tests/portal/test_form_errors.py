"""Errors of forms: each is next to its field and linked to it for screen readers; the first one has the focus."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import PASSWORD, Open
from tournament.models import Agent, PsroRun, Scenario

Visit = Callable[..., Client]


class Page(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append({"tag": tag, **dict(attrs)})

    def focused(self) -> list[str | None]:
        return [one.get("id") for one in self.elements if "autofocus" in one and one["tag"] != "button"]


def check(answer: Any, first: str) -> None:
    page = Page(answer.content.decode())
    assert answer.status_code in (200, 400)
    assert page.focused() == [first]
    ids = {one["id"] for one in page.elements if one.get("id")}
    wrong = [one for one in page.elements if one.get("aria-invalid") == "true"]
    described = " ".join(one.get("aria-describedby") or "" for one in page.elements if one["tag"] == "fieldset")
    for one in wrong:
        if one.get("type") in ("checkbox", "radio"):  # Their fieldset has the error for all of them.
            assert f"id_{one['name']}_error" in described
            continue
        told = (one.get("aria-describedby") or "").split()
        assert f"{one['id']}_error" in told, one
        assert set(told) <= ids, one


WEAK = "12345"


def test_a_weak_password_is_told_beside_the_field_where_it_was_chosen(client: Client, db: None) -> None:
    answer = client.post(reverse("sign_up"), {"username": "carol", "password1": WEAK, "password2": WEAK})
    assert list(answer.context["form"].errors) == ["password1"]
    check(answer, "id_password1")


def test_a_repetition_that_differs_is_told_beside_the_repetition(client: Client, db: None) -> None:
    answer = client.post(reverse("sign_up"), {"username": "carol", "password1": PASSWORD, "password2": "other words"})
    assert list(answer.context["form"].errors) == ["password2"]
    check(answer, "id_password2")


def test_a_weak_new_password_is_told_in_the_same_place(visit: Visit, alice: User) -> None:
    sent = {"old_password": PASSWORD, "new_password1": WEAK, "new_password2": WEAK}
    answer = visit(alice).post(reverse("password_change"), sent)
    assert list(answer.context["form"].errors) == ["new_password1"]
    check(answer, "id_new_password1")


@pytest.mark.parametrize(
    ("page", "sent", "first"),
    [
        ("sign_up", {"username": "a b", "password1": WEAK, "password2": WEAK}, "id_username"),
        ("token_create", {"name": "", "days": 30}, "id_name"),
        ("upload_create", {"name": "x"}, "id_file"),
        ("agent_edit", {"name": "", "description": "x" * 3000}, "id_name"),
        ("training_create", {"name": "x", "steps": "0", "seed": "-1", "opponent": "", "evaluation_episodes": "x"},
        "id_opponent"),
        ("psro_create", {"name": "", "iterations": "-1"}, "id_name"),
        ("schedule_create", {"name": "", "when": "weekly", "day": 1, "time": "x", "format": "round-robin"}, "id_name"),
        ("tournament_create", {"format": "round-robin", "episodes": 2, "base_seed": 0}, "id_cameras"),
        ("tournament_create", {"format": "round-robin", "episodes": 0, "base_seed": -1, "cameras": "1", "targets": "5"},
        "id_base_seed"),
    ],
)  # fmt: skip
def test_the_first_field_with_an_error_has_the_focus_and_each_is_described(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], page: str, sent: dict[str, Any], first: str
) -> None:
    Agent.objects.update(owner=alice)
    browser = visit(None if page == "sign_up" else alice)
    sent = {
        name: agents[f"greedy-{name[:-1]}"].pk if name in ("cameras", "targets") else value
        for name, value in sent.items()
    }
    check(browser.post(reverse(page, args=["greedy-camera"] if page == "agent_edit" else []), sent), first)


@pytest.mark.parametrize(
    ("page", "sent", "first"),
    [
        ("training_act", {"steps": "-5"}, "extend_steps"),
        ("training_act", {"steps": "10^6"}, "extend_steps"),
        ("training_act", {"steps": 10**12}, "extend_steps"),
        ("psro_act", {"iterations": ""}, "extend_iterations"),
        ("psro_act", {"iterations": 200}, "extend_iterations"),
    ],
)
def test_a_refused_extension_is_told_at_its_field_with_what_was_typed(
    visit: Visit, alice: User, world: dict[str, Any], page: str, sent: dict[str, Any], first: str
) -> None:
    run = world[page.removesuffix("_act")]
    answer = visit(alice).post(reverse(page, args=[run, "extend"]), sent)
    assert answer.status_code == 400
    check(answer, first)
    assert list(answer.context["extension"].errors) == list(sent)
    assert all(str(value) in answer.content.decode() for value in sent.values())


@pytest.mark.parametrize(
    ("sent", "first"),
    [({"number": 7}, "fork_number"), ({"iterations": 0}, "fork_iterations"), ({"name": "Greedy"}, "fork_name"),
    ({"meta_solver": "luck"}, "fork_meta_solver")],
)  # fmt: skip
def test_a_refused_fork_is_told_at_its_field_and_none_is_made(
    visit: Visit, bob: User, world: dict[str, Any], sent: dict[str, Any], first: str
) -> None:
    run = PsroRun.objects.get(pk=world["psro"])
    payoffs = {"payoff": [[0.0]], "error": [[0.1]], "count": [[2]], "coverage": [[0.5]]}
    solved = {"phase": "solved", "table": payoffs, "camera_strategy": [1.0], "target_strategy": [1.0]}
    run.iterations.update_or_create(number=0, defaults=solved)
    form = {"number": 0, "meta_solver": "nash", "iterations": 3, "name": "Mine"}
    address = reverse("psro_act", args=[run.pk, "fork"])
    answer = visit(bob).post(address, form | sent)
    assert answer.status_code == 400
    check(answer, first)
    assert list(answer.context["fork"].errors) == list(sent)
    assert PsroRun.objects.count() == 1
    assert visit(bob).post(address, form).status_code == 302


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_after_a_weak_password_the_focus_is_where_the_error_stands(open_page: Open) -> None:
    expect: Any = pytest.importorskip("playwright.sync_api").expect
    page = open_page(reverse("sign_up"))
    page.locator("#id_username").fill("carol")
    for field in ("#id_password1", "#id_password2"):
        page.locator(field).fill(WEAK)
    page.get_by_role("button", name="Create").click()
    field = page.locator("#id_password1")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-describedby", re.compile("id_password1_error"))
    expect(page.locator("#id_password1_error")).to_contain_text("too short")
    expect(page.locator(".field", has=field)).to_contain_text("too short")
