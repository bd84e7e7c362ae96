"""Measure how ratings are fitted, published and exported: ``python -m benchmarks.leaderboard``.

The benchmark fills a tournament with episodes of agents of random strengths. A field has as many cameras as targets.
The benchmark reads the episodes, fits the ratings with all error bars, publishes them, and reads them back into the
page. Then it plays one more block and fits the leaderboards again. At the end, it exports everything. It does this on
SQLite and, if PostgreSQL is installed, on its own PostgreSQL server. Times are processor time of one core, including
the database. Wall time is shown next to them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import table
from benchmarks.installation import set_up_django
from portal.launcher.commands import ONE_THREAD
from tests import postgres

FULL = 1_000_000
"""Number of episodes to which the wanted figures apply."""
WANTED = {"page data": 3.0, "refit": 0.5, "page": 0.2}
"""Maximum seconds."""
BLOCK = 64
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaderboard", description=__doc__)
    parser.add_argument(
        "--agents", nargs="+", type=int, default=[4, 20, 100], metavar="N", help="number of agents in each field"
    )
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="episodes of each pairing")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--no-exports", action="store_true", help="skip the exports to large files")
    parser.add_argument("--here", choices=DATABASES, help=argparse.SUPPRESS)
    table.add_options(parser)
    options = parser.parse_args()
    if options.here:
        found = measure(options)
        print(json.dumps([vars(figure) for figure in found]))
        return 0
    table.report([figure for database in options.databases for figure in run(database, options)], options.json)
    return 0


def run(database: str, options: argparse.Namespace) -> list[table.Figure]:
    """Return the figures on one database, measured in a process with an installation of its own."""
    if database == "postgresql" and postgres.find_binaries() is None:
        print("PostgreSQL is left out, for want of a server.", file=sys.stderr)
        return []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        names = {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "portal.settings", "ALLOWED_HOSTS": "*"}
        environment = os.environ | names | dict.fromkeys(ONE_THREAD, "1")
        environment.pop("DATABASE_URL", None)
        if database == "postgresql":
            environment["DATABASE_URL"] = stack.enter_context(postgres.cluster())
            environment["PGOPTIONS"] = "-c max_parallel_workers_per_gather=0"
        asked = [f"--{name}={getattr(options, name)}" for name in ("episodes", "repeats")]
        sizes = ["--agents", *map(str, options.agents), *(["--no-exports"] if options.no_exports else [])]
        command = [sys.executable, "-m", "benchmarks.leaderboard", "--here", database, *asked, *sizes]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [table.Figure(**figure) for figure in json.loads(done.stdout.splitlines()[-1])]


def measure(options: argparse.Namespace) -> list[table.Figure]:
    """In the child process: return the figures of all sizes."""
    from django.core.management import call_command

    set_up_django()
    call_command("collectstatic", interactive=False, verbosity=0)
    found = []
    for size in options.agents:
        what = f"{DATABASES[options.here]}, {size} against {size}, {size * size * options.episodes:,} episodes"
        timer = Timer(what, options.repeats, is_full=size * size * options.episodes >= FULL)
        snapshot = measure_boards(timer, size, options.episodes)
        if not options.no_exports:
            measure_exports(timer, snapshot)
        found += timer.figures
    return found


class Timer:
    """Collects figures: medians of processor time, and of wall time."""

    def __init__(self, what: str, repeats: int, is_full: bool) -> None:
        self.what, self.repeats, self.is_full = what, repeats, is_full
        self.figures: list[table.Figure] = []

    def time(
        self, name: str, work: Callable[[], Any], before: Callable[[], Any] | None = None, wanted: str = ""
    ) -> Any:
        """Time ``work``, calling ``before`` ahead of each repeat; if it is repeated, warm up first.

        Return the last result of ``work``.
        """
        times, walls = [], []
        warming = int(self.repeats > 1)
        for _ in range(warming + self.repeats):
            if before:
                before()
            began, wall = processor_seconds(), time.perf_counter()
            given = work()
            times.append(processor_seconds() - began)
            walls.append(time.perf_counter() - wall)
        limit = WANTED.get(wanted) if self.is_full or wanted == "page" else None
        seconds, wall = median(times[warming:]), median(walls[warming:])
        self.figures.append(table.Figure(f"{self.what}: {name}", seconds, "s", wall=wall, wanted=limit))
        return given

    def add(self, name: str, value: float, unit: str) -> None:
        self.figures.append(table.Figure(f"{self.what}: {name}", value, unit))


def processor_seconds() -> float:
    """Return the processor seconds of this process and of the PostgreSQL process that serves it."""
    from django.db import connection

    seconds = time.process_time()
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        words = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rsplit(")", 1)[1].split()
        seconds += (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def measure_boards(timer: Timer, size: int, episodes: int) -> Any:
    """Measure a tournament of ``size`` cameras against ``size`` targets; return the newest snapshot."""
    from django.test import Client
    from django.urls import reverse

    from benchmarks import history
    from portal.views.leaderboards import describe_board
    from tournament import boards, leaderboards, ledgers, refitting
    from tournament.models import RatingSnapshot

    tournament = history.make_tournament(size, episodes)
    scenario = tournament.scenario
    history.play(tournament)

    def forget() -> None:
        ledgers.forget()
        refitting.forget()
        RatingSnapshot.objects.all().delete()

    def page_data() -> Any:
        leaderboards.refit(scenario)
        return describe_board(boards.latest_board(scenario))

    timer.time("episodes from the database", lambda: leaderboards.played_in(scenario), ledgers.forget)
    timer.time("that, rated, published and read as data of the page", page_data, forget, wanted="page data")
    timer.time("the page", lambda: Client().get(reverse("leaderboard", args=[scenario.slug])), wanted="page")
    leaderboards.refit_tournament(tournament)
    more = Blocks(tournament)
    timer.time("the scenario's board after a block", lambda: leaderboards.refit(scenario), more.play, wanted="refit")
    played = Choices(tournament)
    again = lambda: leaderboards.refit_tournament(tournament)  # noqa: E731
    timer.time("the tournament's board after a block", again, played.play, wanted="refit")
    return leaderboards.latest(scenario)


def measure_exports(timer: Timer, snapshot: Any) -> None:
    """Measure the time and size of the largest exported files."""
    timer.repeats = 1
    for format in ("csv", "parquet", "json"):
        size = timer.time(
            f"episodes as {format}",
            partial(_count_bytes, snapshot, format),
        )
        timer.add(f"size of that {format}", size / 1e6, "MB")


def _count_bytes(snapshot: Any, format: Any) -> int:
    from tournament import exports, tables

    return sum(len(part) for part in tables.write(exports.episodes_of_snapshot(snapshot), format))


class Blocks:
    """Further blocks of a tournament's pairings with new seeds: they count only on the scenario's board."""

    def __init__(self, tournament: Any) -> None:
        rows = tournament.pairings.order_by("id")
        self.pairings = list(rows.values_list("pk", "camera", "target"))
        self.tournament, self.turn = tournament, 0

    def play(self) -> list[int]:
        """Play a block of the next pairing; return its seeds."""
        from benchmarks import history

        pairing = self.pairings[self.turn * 7 % len(self.pairings)]
        seeds = self.choose_seeds(pairing)
        history.insert(list(history.invent(pairing[0], pairing[1], pairing[2], seeds)))
        self.turn += 1
        return seeds

    def choose_seeds(self, pairing: Any) -> list[int]:
        return [2**60 + self.turn * BLOCK + number for number in range(BLOCK)]


class Choices(Blocks):
    """Further blocks that the tournament's format has chosen: they count on the tournament's board too."""

    def choose_seeds(self, pairing: Any) -> list[int]:
        from tournament.contents import Contents
        from tournament.models import Choice, Pairing

        row = Pairing.objects.select_related("camera", "target").get(pk=pairing[0])
        first = 10_000 + self.turn * BLOCK
        self.tournament.choices.model.objects.bulk_create(
            [Choice(tournament=self.tournament, round=2 + self.turn, pairing=row, first=first, count=BLOCK)]
        )
        return Contents(self.tournament).seeds_of(row.camera.digest, row.target.digest, range(first, first + BLOCK))


if __name__ == "__main__":
    sys.exit(main())
