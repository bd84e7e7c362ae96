"""The Chinese pages have no English words except names; every kind of page is checked, with data."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from portal.models import Notification
from portal.notifications import collecting, letters
from portal.texts import in_language
from tests.portal.access import list_pages
from tests.portal.conftest import PASSWORD
from tournament.models import PsroRun, TrainingRun, TrainingState, Upload

Visit = Callable[..., Client]
World = dict[str, Any]

UNREAD = {"script", "style", "code", "pre", "kbd", "cite", "textarea"}
"""Elements whose content is for machines, a quoted title, or a user's text."""
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SPOKEN = ("title", "aria-label", "placeholder", "alt", "aria-description", "data-label")
NAMES = """
    MATE Arena Multi-Agent Tracking Environment Benchmarking Reinforcement Learning in Distributed Target
    Coverage Control NeurIPS Datasets and Benchmarks Xuehai Pan Mickel Liu Fangwei Zhong Yaodong Yang
    Song-Chun Zhu Yizhou Wang Greedy Random Heuristic Naive Alice's cup alice root bob Learner Growing
    Weekly Trackers Mine laptop plain Night birds Attack on seed study Elo NashConv Nash nashpy Alpha-Rank
    α-Rank GAE KL TD PPO Adam epsilon lambda Gamma GSPRT IQM Huber Schulman Fujimoto Hasselt Schaul van
    MAPPO IPPO IQL VDN QMIX MADDPG TarMAC Hierarchical PSRO mappo hrl-mappo RLlib Ray PyTorch NumPy ONNX
    TensorBoard Weights Biases WANDB_API_KEY API REST CSV JSON YAML Parquet BibTeX HTML Atom GIF PNG WebM
    MP4 SHA-256 SHA256 HMAC HMAC-SHA256 POST Arena-Signature Webhook Markdown curl Python cron UTC Esc Shift
    pickle cpu GB MiB kB MB Aegis 2FAS FreeOTP ID OIDC GitHub quick fast entity upstream levels box pose
    many one none no yes both unseen dense sparse mean sum min max tanh relu lstm gru stochastic
    deterministic layers attention continued anew camera target memory uploads upload agents tournaments
    tournament trainings training account rank I2C wandb Maintenance Friday
"""
"""Words that are the same in every language: names, terms of the field, formats, and values that programs read."""
KNOWN = {word.lower() for word in NAMES.split()}
WORD = re.compile(r"(?=[0-9]*[A-Za-zα]{2}|[A-Z][0-9][A-Z])[A-Za-z0-9α_][A-Za-z0-9_'’-]*[A-Za-z0-9_]")
WRITTEN = re.compile(
    r"\{\w+\}|https?://\S+|/\w[\w/.-]*|docs/\S+|checkpoint-\d+|[0-9a-f]{16}|MATE-\S+?v\S+|arena_\S+|[\w.]+=\S+"
    r"|[\w-]+@\w+|\.\w+"
)
"""Addresses, digests, names of scenarios and workers, and values that scripts fill in."""
MORE = (
    *("/?", "/leaderboards/mate-2v4-0/compare/?first=greedy-camera&second=random-camera", "/search/?q=Nobody"),
    *("/tournaments/new/?format=sequential", "/schedules/new/?when=watch", "/training/new/?team=target"),
)
ENGLISH = {"styleguide", "documents", "document"}
"""Pages for developers; documents, some of which are in Chinese."""


class Texts(HTMLParser):
    """The visible or spoken texts of a page, without code and without text marked as another language."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []

    @property
    def is_left_out(self) -> bool:
        return any(left for _, left in self.open)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attributes}
        is_unread = tag in UNREAD or ("lang" in named and tag != "html")
        if not is_unread and not self.is_left_out:
            self.found += [named[name] for name in SPOKEN if name in named]
            self.found += [named["content"]] if tag == "meta" and named.get("name") == "description" else []
        if tag not in VOID:
            self.open.append((tag, is_unread))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.is_left_out:
            self.found.append(" ".join(data.split()))


def find_english(page: str) -> list[str]:
    """Return the texts of a page that contain an English word that is not a name."""
    reader = Texts()
    reader.feed(page)
    return [
        text for text in reader.found if any(word.lower() not in KNOWN for word in WORD.findall(WRITTEN.sub(" ", text)))
    ]


def read_chinese(client: Client, address: str) -> list[str]:
    answer = client.get(address, headers={"accept-language": "zh-Hans"})
    is_page = not answer.streaming and "html" in answer.get("Content-Type", "")
    return find_english(answer.content.decode()) if is_page else []


def test_no_text_of_any_page_is_english_for_a_reader_of_chinese(
    world: World, visit: Visit, alice: User, admin: User
) -> None:
    found = {}
    owner, staff, visitor = visit(alice), visit(admin), visit()
    for name, address in list_pages(world, ENGLISH):
        client = visitor if name in ("home", "sign_in", "sign_up") else staff if name == "status" else owner
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
