"""Measure each kind of page in a large portal: ``python -m benchmarks.pages``.

The benchmark fills a portal with 1,000 agents and 1,000,000 synthetic episodes, on SQLite and on its own PostgreSQL
server. A signed-in user requests each kind of page several times through all middleware. The page cache does not serve
signed-in users. A row shows the median and the 95th percentile of the wall time, the median of the processor time, the
number of queries, and the size of the answer in bytes, compressed and uncompressed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import machine
from benchmarks.installation import set_up_django
from portal.launcher.commands import ONE_THREAD
from tests import postgres

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
MOST = {"p95 ms": 150.0, "queries": 40, "kB sent": 150.0}
"""Maximum cost of a page."""
HEADINGS = ("database", "page", "p50 ms", "p95 ms", "CPU ms", "queries", "kB sent", "kB", "")


@dataclass(frozen=True)
class PageCost:
    """The cost of one kind of page: milliseconds, queries, and kilobytes with and without compression."""

    database: str
    page: str
    p50: float
    p95: float
    processor: float
    queries: int
    sent: float
    whole: float

    @property
    def misses(self) -> str:
        """Return the figures that exceed the maximum cost."""
        taken = {"p95 ms": self.p95, "queries": self.queries, "kB sent": self.sent}
        return ", ".join(name for name, most in MOST.items() if taken[name] > most)


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--agents", type=int, default=1000, metavar="N", help="total number of agents")
    parser.add_argument(
        "--field", type=int, default=100, metavar="N", help="number of agents of each team that have played"
    )
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="episodes of each pairing")
    parser.add_argument("--repeats", type=int, default=20, metavar="N")
    parser.add_argument("--pages", nargs="+", metavar="NAME", help="measure only these pages")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument(
        "--keep", metavar="FOLDER", help="keep the portal on SQLite in this folder, and reuse it in the next run"
    )
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--here", choices=DATABASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        for cost in measure(options):
            print(json.dumps(asdict(cost)), flush=True)
        return 0
    found = [cost for database in options.databases for cost in run(database, options)]
    report(found)
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(cost) for cost in found], indent=1))
    return 0


def report(found: list[PageCost]) -> None:
    """Print the table and a description of the machine."""
    print(machine.sentence())
    print(f"Load of the last minute: {os.getloadavg()[0]:.1f}")
    rows = [HEADINGS, *map(cells, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def cells(cost: PageCost) -> tuple[str, ...]:
    times = (f"{value:,.0f}" for value in (cost.p50, cost.p95, cost.processor))
    sizes = (f"{value:,.0f}" for value in (cost.sent, cost.whole))
    return (cost.database, cost.page, *times, str(cost.queries), *sizes, cost.misses)


def run(database: str, options: argparse.Namespace) -> list[PageCost]:
    """Return the figures on one database, measured in a process with an installation of its own."""
    if database == "postgresql" and postgres.find_binaries() is None:
        print("PostgreSQL is left out, for want of a server.", file=sys.stderr)
        return []
    with ExitStack() as stack:
        kept = options.keep if database == "sqlite" else None
        folder = kept or stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        names = {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "portal.settings", "ALLOWED_HOSTS": "*"}
        environment = os.environ | names | dict.fromkeys(ONE_THREAD, "1")
        environment.pop("DATABASE_URL", None)
        if database == "postgresql":
            environment["DATABASE_URL"] = stack.enter_context(postgres.cluster())
        asked = [f"--{name}={getattr(options, name)}" for name in ("agents", "field", "episodes", "repeats")]
        pages = ["--pages", *options.pages] if options.pages else []
        command = [sys.executable, "-m", "benchmarks.pages", "--here", database, *asked, *pages]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [PageCost(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]


def measure(options: argparse.Namespace) -> Iterator[PageCost]:
    """In the child process: yield the figures of all pages."""
    set_up_django()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from tournament.models import Episode

    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not Episode.objects.exists():
        fill(options)
    client = Client()
    client.force_login(User.objects.get(username="reader"))
    for name, address in list_pages().items():
        if not options.pages or name in options.pages:
            yield PageCost(DATABASES[options.here], name, *ask(client, address, options.repeats))


def fill(options: argparse.Namespace) -> None:
    """Insert agents, a tournament of the field with all its episodes and fits, and objects of every other kind."""
    from django.contrib.auth.models import User

    from benchmarks import history
    from tournament import entries, leaderboards, organising

    User.objects.create_user("reader", is_staff=True)
    entries.register_builtin_agents()
    tournament = history.make_tournament(options.field, options.episodes, name="field")
    for team in ("camera", "target"):
        history.make_agents(team, options.agents // 2 - options.field, "more")
    history.play(tournament)
    organising.finish_if_complete(tournament)
    leaderboards.refit_tournament(tournament)
    leaderboards.refit(tournament.scenario)
    fill_lists(tournament)


def fill_lists(tournament: Any) -> None:
    """Insert as many users, uploads and entries of the audit log as an older portal has."""
    from django.contrib.auth.models import User

    from portal.models import AuditEntry
    from tournament.models import Upload, UploadState

    users = User.objects.bulk_create(User(username=f"user-{number}") for number in range(1000))
    Upload.objects.bulk_create(
        Upload(owner=user, name=f"Upload {user.username}", size=2**20, sha256="0" * 64, state=UploadState.ACCEPTED)
        for user in users
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(user=user, username=user.username, action="POST tournament_create", path="/tournaments/", status=302)
        for user in users
        for _ in range(100)
    )


FRAGMENTS = ("board, row", "agent picker", "API board", "API agents")
"""Addresses that pages or programs request, rather than people."""


def list_pages() -> dict[str, str]:
    """Return the addresses of all kinds of pages by name."""
    from django.urls import reverse

    from tournament import queries
    from tournament.models import Pairing, RatingSnapshot, Tournament, Upload

    cup = Tournament.objects.earliest("pk")
    slug, pairing = cup.scenario.slug, Pairing.objects.earliest("pk")
    newest = RatingSnapshot.objects.filter(scenario=cup.scenario, tournament=None).defer("table").latest("number")
    of_cup = RatingSnapshot.objects.filter(tournament=cup).defer("table").latest("number")
    first, second = cup.cameras.order_by("pk").values_list("slug", flat=True)[:2]
    named = {
        "home": reverse("home"),
        "board": reverse("leaderboard", args=[slug]),
        "board, row": reverse("board_row", args=[slug, first]),
        "snapshots": reverse("snapshots", args=[slug]),
        "snapshot": reverse("snapshot", args=[slug, newest.number]),
        "payoffs": reverse("payoffs", args=[slug, newest.number]),
        "compare": f"{reverse('compare', args=[slug])}?first={first}&second={second}",
        "agents": reverse("agents"),
        "agents, last page": f"{reverse('agents')}?after={find_last_page(queries.find_agents())}",
        "agents, search": f"{reverse('agents')}?search=camera+7",
        "agent": reverse("agent", args=[first]),
        "pairing": reverse("pairing", args=[pairing.pk]),
        "replay": reverse("replay", args=[find_watchable(cup.scenario).pk]),
        "tournaments": reverse("tournaments"),
        "tournament": reverse("tournament", args=[cup.pk]),
        "tournament, payoffs": reverse("tournament_payoffs", args=[cup.pk, of_cup.number]),
        "choices": reverse("choices", args=[cup.pk]),
        "new tournament": reverse("tournament_create"),
        "new training": reverse("training_create"),
        "new PSRO run": reverse("psro_create"),
        "new study": reverse("study_create"),
        "new schedule": reverse("schedule_create"),
        "new upload": reverse("upload_create"),
        "new scenario": reverse("scenario_create"),
        "agent picker": f"{reverse('agent_pick')}?team=camera&search=camera+7",
        "uploads": reverse("uploads"),
        "uploads, last page": f"{reverse('uploads')}?after={find_last_page(Upload.objects.all())}",
        "upload": reverse("upload", args=[Upload.objects.earliest("created").pk]),
        "trainings": reverse("trainings"),
        "PSRO runs": reverse("psro_runs"),
        "studies": reverse("studies"),
        "schedules": reverse("schedules"),
        "scenarios": reverse("scenarios"),
        "scenario": reverse("scenario", args=[slug]),
        "search": f"{reverse('search')}?q=camera",
        "profile": reverse("user", args=["user-7"]),
        "account": reverse("account"),
        "notifications": reverse("notifications"),
        "status": reverse("status"),
        "help": reverse("about"),
        "documents": reverse("documents"),
        "documents, search": f"{reverse('documents')}?q=quota",
        "document": reverse("document", args=["rest-api"]),
        "administration": reverse("administration"),
        "administration, users": reverse("administration_users"),
        "administration, log": reverse("administration_log"),
        "API board": reverse("api:leaderboard", args=[slug]),
        "API agents": reverse("api:list_agents"),
    }
    return named


def find_last_page(rows: Any) -> str:
    """Return the cursor after which the last 50 rows of a list follow."""
    from portal.listing import keyset

    order = keyset.find_order(rows)
    return keyset.write_cursor(rows.order_by(*keyset.reverse_order(order))[50], order)


def find_watchable(scenario: Any) -> Any:
    """Return an episode that was really played, by rule-based agents."""
    from tournament import entries, leaderboards, replays
    from tournament.agents import Builtin
    from tournament.models import Agent, Episode, Pairing

    camera, target = (Agent.objects.get(slug=f"greedy-{team}") for team in ("camera", "target"))
    pairing, _ = Pairing.objects.get_or_create(scenario=scenario, camera=camera, target=target)
    if found := pairing.episodes.first():
        return found
    played = replays.record(
        entries.load_scenario(scenario), Builtin("camera", "greedy"), Builtin("target", "greedy"), 7
    )
    result = replays.read(played).header["result"]
    return Episode.objects.create(
        pairing=pairing,
        engine=leaderboards.engine_version(),
        device=leaderboards.DEVICE,
        seed=7,
        steps=result["steps"],
        completed=result["completed"],
        target_reward=result["target_reward"],
        normalised_reward=result["normalised_reward"],
        coverage=result["mean_coverage_rate"],
        real_coverage=result["mean_real_coverage_rate"],
        transport=result["mean_transport_rate"],
        delivered=result["delivered_cargoes"],
        digest=result["digest"],
    )


def ask(client: Any, address: str, repeats: int) -> tuple[float, float, float, int, float, float]:
    """Measure the cost of an address; the first answers, which fill caches, are left out."""
    from django.db import connection

    queries: list[str] = []

    def note(execute: Any, sql: str, *more: Any) -> Any:
        queries.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(note):
        answer = client.get(address)
    if answer.status_code != 200:
        print(f"{address}: {answer.status_code}", file=sys.stderr)
    client.get(address)
    walls, processors = [], []
    for _ in range(repeats):
        wall, processor = time.perf_counter(), time.process_time()
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    p95 = quantiles(walls, n=20, method="inclusive")[-1] if repeats > 1 else walls[0]
    sent = len(gzip.compress(body, 6)) / 1000
    return median(walls), p95, median(processors), len(queries), sent, len(body) / 1000


if __name__ == "__main__":
    sys.exit(main())
