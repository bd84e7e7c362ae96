"""Check that one user's work does not delay the work of other users: ``python -m benchmarks.fairness``.

The benchmark starts its own PostgreSQL and Redis. Workers play two tournaments of 100,000 episodes, one for each of two
users. Three measurements follow. First, a third user starts a tournament of 12 episodes, and the benchmark measures how
long it takes. Second, two users upload a file repeatedly, and the benchmark measures how much this slows down play.
Periods with and without uploads alternate, because the other work of the machine changes. An episode counts by the mean
duration of its pairing, because these differ several times, and workers go from one to the next. Third, a user requests
a million episodes through the API, which must refuse the request with a reason. The exit status is 0 if all results are
within their limits.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Count

from benchmarks import entrants, table
from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT
from tests import postgres

SCENARIO = "MATE-2v4-0"
SMALL, SMALL_SECONDS = 12, 30.0
LARGE = 1000
NAMES = ("greedy", "random", "naive", "heuristic")
SLOWED = 0.5
"""Minimum speed of play during uploads, as a share of the speed without."""
LOOPS = 2
PERIODS = 3
"""Number of periods with uploads, and of those without."""


def main() -> int:
    """Run the command. Return its exit status."""
    options = make_parser().parse_args()
    if options.child:
        return measure(options)
    with postgres.cluster(haste=False) as url, private_installation() as environment:
        command = [sys.executable, "-m", "benchmarks.fairness", *sys.argv[1:], "--child"]
        environment |= {"DATABASE_URL": url, "ALLOWED_HOSTS": "testserver"}
        return subprocess.run(command, cwd=CHECKOUT, env=environment).returncode


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--episodes", type=int, default=100_000, help="episodes of each of the two large tournaments")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="seconds to measure play for, once with uploads and once without"
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    table.add_options(parser)
    return parser


def measure(options: argparse.Namespace) -> int:
    """In the child process: measure and print the figures; return the exit status."""
    set_up_django()
    crew = Crew()
    try:
        crew.start(commands.manage("sweep"), "sweep")
        for number in range(options.workers):
            crew.start_worker(number)
        for name in ("first", "second"):
            make_tournament(name, options.episodes)
        wait_for(lambda: count_episodes() > 0)
        figures = [measure_small(), *measure_uploads(options.seconds)]
    finally:
        crew.end()
    table.report(figures, options.json)
    is_refused, words = ask_for_too_much()
    print(f"A million episodes: {words}")
    return 0 if is_refused and all(figure.is_met is not False for figure in figures) else 1


def make_tournament(user: str, episodes: int) -> Any:
    """Create a user's tournament of built-in agents with this number of episodes; return its row."""
    from django.contrib.auth.models import User

    from tasks import hints
    from tournament import entries, organising

    rows = {row.slug: row for row in entries.register_builtin_agents()}
    names = NAMES if episodes >= LARGE else NAMES[:2]
    cameras, targets = ([rows[f"{name}-{team}"] for name in names] for team in ("camera", "target"))
    owner, _ = User.objects.get_or_create(username=user)
    scenario = entries.register_scenario(SCENARIO)
    seed = int(hashlib.sha256(user.encode()).hexdigest()[:8], 16)
    tournament = organising.create_tournament(
        organising.TournamentRequest(user, scenario, cameras, targets, episodes // len(names) ** 2, seed, owner=owner)
    )
    hints.send()
    return tournament


def count_episodes() -> int:
    from tournament.models import Episode

    return Episode.objects.count()


def measure_small() -> table.Figure:
    """Measure how long the small tournament takes while the large ones are played."""
    began = time.monotonic()
    tournament = make_tournament("third", SMALL)
    wait_for(lambda: type(tournament).objects.get(pk=tournament.pk).state == "finished")
    what = f"{SMALL} episodes beside two large tournaments"
    return table.Figure(what, time.monotonic() - began, "s", wanted=SMALL_SECONDS)


def measure_uploads(seconds: float) -> list[table.Figure]:
    """Measure the speed of play without uploads and with two loops of uploads, for ``seconds`` each."""
    from tournament.models import Upload, UploadState

    alone: Counter[int] = Counter()
    beside: Counter[int] = Counter()
    checked, seeds = 0, itertools.count()
    for _ in range(PERIODS):
        alone += count_new_episodes(seconds / PERIODS)
        stop, counts = threading.Event(), [0] * LOOPS
        loops = [threading.Thread(target=upload_on, args=(number, stop, counts, seeds)) for number in range(LOOPS)]
        for loop in loops:
            loop.start()
        beside += count_new_episodes(seconds / PERIODS)
        checked += sum(counts)
        stop.set()
        for loop in loops:
            loop.join()
        wait_for(lambda: not Upload.objects.filter(state__in=(UploadState.WAITING, UploadState.CHECKING)).exists())
    slow, fast = (rate / seconds for rate in (count_by_duration(beside, alone), count_by_duration(alone, beside)))
    return [
        table.Figure("play alone", fast, "episodes/s"),
        table.Figure(f"play beside {LOOPS} loops of uploads", slow, "episodes/s", wanted=SLOWED * fast,
                     is_more_better=True),
        table.Figure("uploads checked meanwhile", checked / seconds, "/s"),
    ]  # fmt: skip


def count_new_episodes(seconds: float) -> Counter[int]:
    """Return how many episodes of each pairing are played in some seconds."""
    before = count_by_pairing()
    time.sleep(seconds)
    return count_by_pairing() - before


def count_by_pairing() -> Counter[int]:
    from tournament.models import Episode

    return Counter(dict(Episode.objects.order_by().values_list("pairing").annotate(Count("id"))))


def count_by_duration(counted: Counter[int], other: Counter[int]) -> float:
    """Return the number of episodes, each counted by the mean duration of its pairing.

    The mean of the durations of all episodes that were counted in either way is 1.
    """
    from tournament import durations

    both = counted + other
    each = durations.known(both.keys())
    mean = sum(number * each[pairing] for pairing, number in both.items()) / both.total()
    return sum(number * each[pairing] for pairing, number in counted.items()) / mean


def upload_on(number: int, stop: threading.Event, counts: list[int], seeds: Iterator[int]) -> None:
    """Upload files with different weights, each as soon as the previous one is checked."""
    from django.contrib.auth.models import User
    from django.core.files.base import ContentFile
    from django.db import connection

    from policies import Dimensions
    from tasks import hints
    from tournament import originals
    from tournament.models import Upload, UploadState

    owner, _ = User.objects.get_or_create(username=f"uploader-{number}")
    for seed in seeds:
        content = entrants.random_checkpoint("mappo", "camera", Dimensions(2, 4, 0), seed).to_bytes()
        row = Upload(owner=owner, filename=f"{seed}.zip", size=len(content), sha256=hashlib.sha256(content).hexdigest())
        originals.keep(row, ContentFile(content))
        row.save()
        hints.send()
        waiting = (UploadState.WAITING, UploadState.CHECKING)
        while Upload.objects.get(pk=row.pk).state in waiting:
            if stop.wait(0.1):
                connection.close()
                return
        counts[number] += 1


def ask_for_too_much() -> tuple[bool, str]:
    """Request ten tournaments of 100,000 episodes from the API; return whether it refused, and its message."""
    from django.contrib.auth.models import User
    from django.test import Client

    from portal.models import ApiToken

    _, key = ApiToken.issue(User.objects.get(username="third"), "fairness")
    body: dict[str, Any] = {"scenario": SCENARIO.lower(), "episodes_per_pairing": 100_000 // len(NAMES) ** 2}
    body |= {f"{team}s": [f"{name}-{team}" for name in NAMES] for team in ("camera", "target")}
    for number in range(10):
        answer = Client().post(
            *("/api/v1/tournaments", json.dumps(body | {"base_seed": number + 1}), "application/json"),
            headers={"Authorization": f"Bearer {key}"},
        )
        if answer.status_code != 201:
            return answer.status_code == 409, f"{number} of 10 requests were taken, then {answer.content.decode()}"
    return False, "all of them were taken"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    sys.exit(main())
