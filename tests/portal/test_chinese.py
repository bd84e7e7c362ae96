"""The Chinese pages have no English words except names; every kind of page is checked, with data."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from portal.models import Notification
from portal.notifications import collecting, letters
from portal.texts import in_language
from tests.portal.access import PAGES, list_pages
from tests.portal.conftest import PASSWORD
from tests.portal.english import find_english
from tournament.models import PsroRun, TrainingRun, TrainingState, Upload

Visit = Callable[..., Client]
World = dict[str, Any]

MORE = (
    *("/?", "/leaderboards/mate-2v4-0/compare/?first=greedy-camera&second=random-camera", "/search/?q=Nobody"),
    *("/tournaments/new/?format=sequential", "/schedules/new/?when=watch", "/training/new/?team=target"),
)
ENGLISH = {"styleguide"}
"""Pages for developers."""


def read_chinese(client: Client, address: str) -> list[str]:
    answer = client.get(address, headers={"accept-language": "zh-Hans"})
    is_page = not answer.streaming and "html" in answer.get("Content-Type", "")
    return find_english(answer.content.decode()) if is_page else []


def is_for_staff(name: str) -> bool:
    """Whether administrators alone, or they too, see all of the page."""
    rules = PAGES[name] if isinstance(PAGES[name], tuple) else (PAGES[name],)
    return name == "status" or all(rule.who == ("staff",) for rule in rules)


def test_no_text_of_any_page_is_english_for_a_reader_of_chinese(
    world: World, visit: Visit, alice: User, admin: User
) -> None:
    found = {}
    owner, staff, visitor = visit(alice), visit(admin), visit()
    for name, address in list_pages(world, ENGLISH):
        client = visitor if name in ("home", "sign_in", "sign_up") else staff if is_for_staff(name) else owner
        if texts := read_chinese(client, address):
            found[address] = texts
    for more in MORE:
        if texts := read_chinese(owner, more):
            found[more] = texts
    assert found == {}


def test_what_failed_or_was_refused_is_told_in_chinese(world: World, visit: Visit, alice: User) -> None:
    Upload.objects.update(
        state="refused",
        reason="checkpoint-5: it was written by Ray 2, and checkpoints of RLlib 1.12 are read, with which MATE's "
        "examples train; write a native checkpoint of its weights (docs/checkpoint-format.md)",
        steps=[
            {
                "name": "Read the file",
                "status": "failed",
                "detail": "the archive has 3 trials; at most 2 are read at once",
            }
        ],
    )
    TrainingRun.objects.update(
        state=TrainingState.FAILED,
        error="The training's process was killed, usually because the machine ran out of memory. That was so 5 times "
        "without any progress. Resume tries it again.",
    )
    PsroRun.objects.update(
        state="failed", reason="Iteration 2: 3 pairings have no episodes. Resume the run to play them."
    )
    owner = visit(alice)
    addresses = {
        name: address for name, address in list_pages(world, ENGLISH) if name in ("upload", "training", "psro_run")
    }
    assert {name: read_chinese(owner, address) for name, address in addresses.items()} == {
        name: [] for name in addresses
    }


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("training_create", {"scenario": "mate-2v4-0", "team": "camera", "hyperparameter_gamma": "7", "steps": "0"}),
        ("psro_create", {"scenario": "mate-2v4-0", "iterations": "-1", "camera_hyperparameter_hidden_sizes": "0"}),
        ("schedule_create", {"scenario": "mate-2v4-0", "when": "cron", "expression": "99 * * * *", "name": "Weekly"}),
        ("study_create", {"name": "study", "num_seeds": "0", "configuration_0_changes": "gamma"}),
        ("tournament_create", {"scenario": "mate-2v4-0", "format": "sequential", "most": "1"}),
    ],
)  # fmt: skip
def test_a_form_tells_what_is_wrong_in_chinese(
    address: str, wrong: dict[str, str], world: World, visit: Visit, alice: User
) -> None:
    answer = visit(alice).post(reverse(address), wrong, headers={"accept-language": "zh-Hans"})
    assert answer.status_code == 400
    assert find_english(answer.content.decode()) == []


def test_an_account_keeps_its_language_for_pages_notifications_and_mail(alice: User, scenario: Any) -> None:
    browser = Client()
    browser.post("/sign-in/", {"username": "alice", "password": PASSWORD}, headers={"accept-language": "zh-Hans"})
    assert "您好，alice" in browser.get("/").content.decode()
    upload = Upload.objects.create(owner=alice, filename="mine.zip", size=1, sha256="0" * 64, state="accepted")
    Upload.objects.filter(pk=upload.pk).update(finished=timezone.now())
    collecting.collect()
    (told,) = Notification.objects.filter(user=alice)
    assert told.text == "mine.zip 已接受。"
    assert "mine.zip 已接受。" in letters.compose(alice, "alice@example.org", [told]).body
    browser.post("/language/", {"language": "en", "next": "/"})
    elsewhere = Client()
    elsewhere.post("/sign-in/", {"username": "alice", "password": PASSWORD}, headers={"accept-language": "zh-Hans"})
    assert "Hello, alice" in elsewhere.get("/", headers={"accept-language": "zh-Hans"}).content.decode()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Nightjar is private: it plays in tournaments alone. List or unlist it first.", "Nightjar 是私有的"),
        ("The training's process ended unexpectedly (status 9); the end of its log may tell why.", "（状态 9）"),
        ("The database does not answer. Resume tries it again.", "数据库没有响应。"),
        ("Reading it took longer than 60 s.", "读取它超过了 60 秒。"),
        ("checkpoint-5: an array lacks its data type", "checkpoint-5：数组缺少数据类型"),
        ("Nobody wrote this.", "Nobody wrote this."),
    ],
)
def test_a_message_is_translated_by_its_pattern(told: str, expected: str) -> None:
    with translation.override("zh-hans"):
        assert expected in in_language(told)
    with translation.override("en"):
        assert in_language(told) == told


@pytest.mark.parametrize("few", ["", " 4 pairs of episodes are few."])
@pytest.mark.parametrize(
    "verdict",
    [
        "osprey is better than heron: {}, and the stricter sequential test agrees.",
        "osprey is probably better than heron: {}, the stricter sequential test is open.",
        "osprey is better than heron, but by little: {}, and the sequential test finds less than it looks for.",
    ],
)
def test_the_verdict_of_a_comparison_is_told_in_chinese(verdict: str, few: str) -> None:
    told = verdict.format("the 95 % interval of the difference excludes zero") + few
    with translation.override("zh-hans"):
        assert set(re.findall("[A-Za-z]+", in_language(told))) == {"osprey", "heron"}
