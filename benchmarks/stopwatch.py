"""Time the path from sign-up to the first rank of a checkpoint: ``python -m benchmarks.stopwatch --pictures FOLDER``.

A browser walks through a fresh portal as a new user does: once in English, and once in Chinese alone. The benchmark
counts the clicks and the seconds, and takes a picture of every station. It also finds texts of the Chinese walk that
are in English.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import machine
from benchmarks.browsing import PASSWORD, open_page
from benchmarks.installation import has_finished, launched_portal, wait_for
from tests.portal.english import find_english

if TYPE_CHECKING:
    from playwright.sync_api import Page

LANGUAGES = {"en": ("en-GB", "en"), "zh": ("zh-CN", "zh-hans")}
"""For each walk: the browser's language, and the portal's name for it."""
NAMES = {"en": ("carol", "falcon.zip"), "zh": ("小明", "猎鹰.zip")}
"""For each walk: the user and the file."""
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
MOST_CLICKS, MOST_SECONDS = 5, 60.0
"""Maximum number of clicks after the file was chosen, and maximum seconds from there to the rank."""
NAMED = re.compile("the built-in agents|new agents|camera checkpoint|policy.json|MultiAgentTracking|zip", re.IGNORECASE)
"""Names of objects and files that stand on the pages of the walk; they are the same in every language."""
COUNT_CLICKS = "addEventListener('click', () => countClick(), true)"
PATIENCE = 600_000.0  # milliseconds


@dataclass
class Walk:
    """One walk: its clicks, its times in seconds since sign-up by station, and what was wrong on the way."""

    language: str
    clicks: int = 0
    clicks_before_file: int = 0
    began: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self) -> None:
        self.clicks += 1

    def reach(self, station: str) -> None:
        self.seconds[station] = time.monotonic() - self.began

    @property
    def clicks_after_file(self) -> int:
        return self.clicks - self.clicks_before_file

    @property
    def seconds_to_rank(self) -> float:
        return self.seconds["rank"] - self.seconds["file chosen"]

    @property
    def problems(self) -> list[str]:
        """Return the faults, and the figures that exceed their limits."""
        found = list(self.faults)
        if self.clicks_after_file > MOST_CLICKS:
            found.append(f"{self.clicks_after_file} clicks after the file was chosen")
        if self.seconds_to_rank > MOST_SECONDS:
            found.append(f"{self.seconds_to_rank:.0f} s until the rank")
        return found


def main() -> int:
    """Run the command. Return its exit status: 1 if a limit was exceeded or an English text was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stopwatch", description=__doc__)
    parser.add_argument("--pictures", required=True, metavar="FOLDER", help="where the pictures of all stations go")
    parser.add_argument("--languages", nargs="+", choices=LANGUAGES, default=list(LANGUAGES))
    parser.add_argument("--size", choices=SIZES, default="wide", help="the size of the window")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--fresh", action="store_true", help="do not wait for the portal's first tournament")
    options = parser.parse_args()
    walks = list(walk_all(options))
    print(machine.sentence())
    for walk in walks:
        times = ", ".join(f"{station} {seconds:.1f} s" for station, seconds in walk.seconds.items())
        print(
            f"{walk.language}: {walk.clicks} clicks, {walk.clicks_after_file} of them after the file was chosen; "
            f"{walk.seconds_to_rank:.1f} s from there to the rank ({times})"
        )
        for problem in walk.problems:
            print(f"  {problem}")
    return int(any(walk.problems for walk in walks))


def walk_all(options: argparse.Namespace) -> Iterator[Walk]:
    """Walk through a fresh portal in each language."""
    for language in options.languages:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            with launched_portal(folder, options.workers) as portal:
                if not options.fresh:
                    wait_for(lambda: has_finished(portal.address) or not portal.is_running, every=2)
                if not portal.is_running:
                    raise SystemExit(portal.screen.read_text())
                file = folder / NAMES[language][1]
                write_checkpoint(file)
                yield walk_in(language, portal.address, file, options)


def write_checkpoint(path: Path) -> None:
    """Write a checkpoint of a camera team for MATE-4v8-9, the portal's usual scenario, with random weights."""
    from benchmarks.entrants import random_checkpoint
    from policies import Dimensions

    random_checkpoint("mappo", "camera", Dimensions(4, 8, 9), seed=7).save(path)


def translate(text: str, language: str) -> str:
    """Return a text of the pages in the language of a walk."""
    import django
    from django.utils import translation

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    with translation.override(LANGUAGES[language][1]):
        return translation.gettext(text)


def walk_in(language: str, address: str, file: Path, options: argparse.Namespace) -> Walk:
    """Walk from the home page to the rank of a new agent."""
    walk = Walk(language)
    width, height = SIZES[options.size]
    pictures = Path(options.pictures) / f"{language}-{options.size}"
    pictures.mkdir(parents=True, exist_ok=True)
    with open_page(locale=LANGUAGES[language][0], viewport={"width": width, "height": height}) as page:
        page.set_default_timeout(PATIENCE)
        page.expose_function("countClick", walk.count)
        page.add_init_script(COUNT_CLICKS)
        page.on("pageerror", lambda error: walk.faults.append(f"{page.url}: {error}"))
        for number, station in enumerate(stations(page, address, file, walk)):
            walk.reach(station)
            page.screenshot(path=pictures / f"{number}-{station.replace(' ', '-')}.png", full_page=True)
            if language == "zh":
                content = NAMED.sub("", page.content())
                walk.faults += [f"{station}: {text}" for text in find_english(content)]
    return walk


def stations(page: Page, address: str, file: Path, walk: Walk) -> Iterator[str]:
    """Yield the name of each station once the page shows it."""

    def say(text: str) -> str:
        return translate(text, walk.language)

    page.goto(f"{address}/")
    walk.began = time.monotonic()
    yield "home"
    page.get_by_role("main").get_by_role("link", name=say("Upload checkpoint")).first.click()
    page.get_by_role("link", name=say("Create an account")).click()
    name = page.locator("input[name=username]")
    name.wait_for()
    yield "sign-up"
    name.fill(NAMES[walk.language][0])
    for password in ("password1", "password2"):
        page.locator(f"input[name={password}]").fill(PASSWORD)
    page.get_by_role("button", name=say("Create account")).click()
    chosen = page.locator("input[type=file]")
    chosen.wait_for()
    yield "upload"
    chosen.set_input_files(file)
    walk.clicks_before_file = walk.clicks
    yield "file chosen"
    page.get_by_role("button", name=say("Upload checkpoint")).click()
    checked = page.locator("#checking")
    checked.wait_for()
    yield "check"
    checked.locator(".notice.success").wait_for()
    yield "accepted"
    agent = checked.locator(".notice.success a").first.inner_text()
    rank = checked.locator("a[href*='team=']").first
    rank.wait_for()
    yield "rank"
    rank.click()
    page.get_by_role("table").first.wait_for()
    yield "board"
    page.get_by_role("link", name=agent).first.click()
    page.locator("h1", has_text=agent).wait_for()
    yield "agent"


if __name__ == "__main__":
    sys.exit(main())
