"""Measure each kind of page in a real browser: ``python -m benchmarks.visits``.

The benchmark fills and serves a small portal. An administrator opens each kind of page at 1440 x 900, 1366 x 768 and
390 x 844, in light and dark mode, and in English and Chinese. A row shows the worst value over all these forms: the
layout shift, the milliseconds until the first contentful paint, and the kilobytes that are loaded with an empty cache
before any user input. It also lists faults: console messages, requests to other hosts, and pages wider than the window.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks import browsing, machine, pages
from benchmarks.installation import private_installation, set_up_django, wait_for
from benchmarks.load import process, wait_until_ready
from portal.launcher import commands
from portal.launcher.broker import find_free_port
from portal.launcher.installation import CHECKOUT, LocalInstallation

MOST_SHIFT, MOST_PAINT, MOST_SENT = 0.02, 1000.0, 150.0
SIZES = {"wide": (1440, 900), "laptop": (1366, 768), "narrow": (390, 844)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
CODES = {"en": "en", "zh": "zh-hans"}
FORMS = [" ".join(form) for form in product(SIZES, ("light", "dark"), LANGUAGES)]
"""Windows, themes and languages, such as "wide dark en"."""
SHIFTS = """
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift = (window.shift ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
MEASURED = """() => ({
  shift: window.shift ?? 0,
  paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
  sent: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .reduce((sum, entry) => sum + entry.transferSize, 0) / 1000,
  excess: document.documentElement.scrollWidth - window.innerWidth,
})"""


@dataclass
class Visit:
    """The worst figures of one kind of page."""

    page: str
    shift: float = 0.0
    paint: float = 0.0
    sent: float = 0.0
    faults: list[str] = field(default_factory=list)

    def note(self, found: dict[str, float], faults: list[str], form: str) -> None:
        """Add the findings in one form (window, theme and language)."""
        self.shift = max(self.shift, found["shift"])
        self.paint = max(self.paint, found["paint"])
        self.sent = max(self.sent, found["sent"])
        if found["excess"] > 0:
            faults.append(f"{found['excess']:.0f} pixels too wide")
        if found["shift"] > MOST_SHIFT:
            faults.append(f"shift {found['shift']:.3f}")
        self.faults += [f"{form}: {fault}" for fault in faults]


def main() -> int:
    """Run the command. Return its exit status: 1 if a figure exceeds its limit or a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.visits", description=__doc__)
    parser.add_argument("--agents", type=int, default=200, metavar="N", help="total number of agents")
    parser.add_argument(
        "--field", type=int, default=20, metavar="N", help="number of agents of each team that have played"
    )
    parser.add_argument("--episodes", type=int, default=20, metavar="N", help="episodes of each pairing")
    parser.add_argument("--pages", nargs="+", metavar="NAME", help="open only these pages")
    parser.add_argument(
        "--forms", nargs="+", metavar="FORM", choices=FORMS, default=FORMS, help=f"only these of: {', '.join(FORMS)}"
    )
    parser.add_argument(
        "--pictures", metavar="FOLDER", help="write a screenshot of each page in each form to this folder"
    )
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        fill(options)
        return 0
    found = list(visit_all(options))
    report(found)
    return int(any(one.faults for one in found))


def report(found: list[Visit]) -> None:
    """Print the table and a description of the machine."""
    print(machine.sentence())
    print(f"{'page':24}{'shift':>8}{'paint ms':>10}{'kB sent':>9}")
    for one in found:
        print(f"{one.page:24}{one.shift:8.4f}{one.paint:10,.0f}{one.sent:9,.0f}  {'; '.join(one.faults)}")
    slow = [one.page for one in found if one.paint > MOST_PAINT]
    large = [one.page for one in found if one.sent > MOST_SENT]
    print(f"Painted after {MOST_PAINT:g} ms: {', '.join(slow) or 'none'}. More than {MOST_SENT:g} kB: ", end="")
    print(f"{', '.join(large) or 'none'}.")


def fill(options: argparse.Namespace) -> None:
    """In a child process: fill the portal, and print each page's name and address."""
    set_up_django()
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    pages.fill(options)
    reader = User.objects.get(username="reader")
    reader.set_password(browsing.PASSWORD)
    reader.save()
    for name, address in pages.list_pages().items():
        if name not in pages.FRAGMENTS:
            print(f"page\t{name}\t{address}")


def visit_all(options: argparse.Namespace) -> Iterator[Visit]:
    """Serve a portal, and open each kind of page in all forms."""
    with ExitStack() as stack:
        environment = stack.enter_context(private_installation())
        asked = [f"--{name}={getattr(options, name)}" for name in ("agents", "field", "episodes")]
        command = [sys.executable, "-m", "benchmarks.visits", "--fill", *asked]
        done = subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        lines = [line.split("\t")[1:] for line in done.stdout.splitlines() if line.startswith("page\t")]
        wanted = {name: address for name, address in lines if not options.pages or name in options.pages}
        port = find_free_port()
        web = LocalInstallation(data=Path(environment["ARENA_DATA"]), port=port)
        stack.enter_context(process(commands.web(web), environment, "web"))
        stack.enter_context(process(commands.player(web), environment, "player"))
        site = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{site}/help/")
        wait_for((web.data / "player.sock").exists)
        visits = {name: Visit(name) for name in wanted}
        pictures = options.pictures or stack.enter_context(tempfile.TemporaryDirectory())
        for form in options.forms:
            walk(site, wanted, visits, form, Path(pictures) if options.pictures else None)
        yield from visits.values()


def walk(site: str, wanted: dict[str, str], visits: dict[str, Visit], form: str, pictures: Path | None) -> None:
    """Open all pages in one form."""
    size, scheme, language = form.split()
    width, height = SIZES[size]
    context: dict[str, Any] = {
        "viewport": {"width": width, "height": height},
        "color_scheme": scheme,
        "locale": LANGUAGES[language],
    }
    with browsing.open_page(**context) as page:
        faults: list[str] = []
        page.add_init_script(SHIFTS)
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda asked: faults.append(asked.url) if is_foreign(asked.url, site) else None)
        page.goto(f"{site}/sign-in/")
        page.locator("[name=username]").fill("reader")
        page.locator("[name=password]").fill(browsing.PASSWORD)
        page.locator("main form button[type=submit]").click()
        page.wait_for_load_state()
        # The account has the language of an earlier form.
        page.context.add_cookies([{"name": "django_language", "value": CODES[language], "url": site}])
        devtools = page.context.new_cdp_session(page)
        for name, address in wanted.items():
            devtools.send("Network.clearBrowserCache")
            faults.clear()
            page.goto(site + address)
            page.wait_for_load_state("networkidle")
            visits[name].note(page.evaluate(MEASURED), list(faults), form)
            if pictures:
                os.makedirs(pictures, exist_ok=True)
                file = f"{name} {form}".replace(",", "").replace(" ", "-")
                page.screenshot(path=pictures / f"{file}.png", full_page=True)


def is_foreign(address: str, site: str) -> bool:
    """Return whether an address belongs to another host."""
    return not address.startswith((site, "data:", "blob:"))


if __name__ == "__main__":
    sys.exit(main())
