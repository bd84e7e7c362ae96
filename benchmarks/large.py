"""Measure a portal with many millions of episodes: ``python -m benchmarks.large --episodes 10000000``.

The benchmark starts its own PostgreSQL, which syncs every transaction as in production. The server generates the
episodes of 100 cameras against 100 targets. As in a portal, half of the seeds are shared by all cameras that play a
target, half by all targets that play a camera. The benchmark measures the insertion, the sizes on disk, the first fit
of the scenario's leaderboard, the fit after 64 more episodes, the count of its episodes, the peak memory of the fitting
process, and the times of pages. Fits and counts are in processor time, the database's included. 10,000,000 episodes
need about 5 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import history, table
from benchmarks.installation import set_up_django
from benchmarks.leaderboard import processor_seconds
from portal.launcher.commands import ONE_THREAD
from tests import postgres

SIDE = 100
MORE = 64
AT_ONCE = 10
REFIT_SECONDS, REFIT_MB = 1.0, 600.0
PAGES = {"leaderboard": "/leaderboards/mate-4v8-9/", "agents": "/agents/", "status": "/status/", "home": "/"}
INSERT = """
INSERT INTO tournament_episode (pairing_id, engine, device, seed, steps, completed, target_reward, normalised_reward,
    coverage, real_coverage, transport, delivered, digest, camera_edges_sent, camera_edges_received, target_edges_sent,
    target_edges_received)
SELECT pairing.id, %(engine)s, %(device)s, seed, 1000, true, 1000 * reward, reward, 0.5, 0.5, 0.5, 32,
    lpad(to_hex(seed), 16, '0'), '', '', '', ''
FROM tournament_pairing AS pairing CROSS JOIN generate_series(%(first)s, %(last)s) AS number CROSS JOIN LATERAL (
    SELECT ('x' || substr(md5(CASE number %% 2 WHEN 0 THEN 'target' || target_id ELSE 'camera' || camera_id END
        || '/' || number), 1, 15))::bit(60)::bigint AS seed
) AS keyed CROSS JOIN LATERAL (
    SELECT 0.3 + 0.002 * (pairing.target_id %% 97) - 0.002 * (pairing.camera_id %% 89)
        + 0.001 * (seed %% 101) + 0.2 * (random() - 0.5) AS reward
) AS drawn
"""


def main() -> int:
    """Run the command. Return its exit status."""
    options = make_parser().parse_args()
    if options.child:
        figures = {"fit": measure_fits, "fill": fill, "pages": measure_pages}[options.child](options.episodes)
        print(json.dumps([vars(figure) for figure in figures]))
        return 0
    with postgres.cluster(haste=False) as url, tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = os.environ | {"DATABASE_URL": url, "ARENA_DATA": folder, "ALLOWED_HOSTS": "*"}
        environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "ARENA_STATEMENT_SECONDS": "3600"}
        environment |= dict.fromkeys(ONE_THREAD, "1")
        figures = [figure for step in ("fill", "fit", "pages") for figure in run(step, options.episodes, environment)]
    table.report(figures, options.json)
    return 0 if all(figure.is_met is not False for figure in figures) else 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000_000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    table.add_options(parser)
    return parser


def run(step: str, episodes: int, environment: dict[str, str]) -> list[table.Figure]:
    """Return the figures of a step, run in a process of its own so that the process's memory is that of the step."""
    command = [sys.executable, "-m", "benchmarks.large", "--child", step, "--episodes", str(episodes)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [table.Figure(**figure) for figure in json.loads(done.stdout.splitlines()[-1])]


def fill(episodes: int) -> list[table.Figure]:
    """Insert the synthetic episodes."""
    set_up_django()
    from django.core.management import call_command
    from django.db import connection

    from mate import Team
    from tournament import entries
    from tournament.models import Pairing

    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    scenario = entries.register_scenario("MATE-4v8-9")
    cameras, targets = (history.make_agents(team, SIDE, "large") for team in Team)
    pairs = [Pairing(scenario=scenario, camera=camera, target=target) for camera in cameras for target in targets]
    Pairing.objects.bulk_create(pairs)
    began = time.monotonic()
    insert(1, episodes // len(pairs))
    seconds = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tournament_episode")
        cursor.execute("SELECT pg_table_size('tournament_episode'), pg_indexes_size('tournament_episode')")
        sizes = cursor.fetchone()
    return [
        table.Figure("episodes", episodes, ""),
        table.Figure("inserted", episodes / seconds, "/s"),
        table.Figure("table", sizes[0] / 1e9, "GB"),
        table.Figure("its indexes", sizes[1] / 1e9, "GB"),
    ]


def insert(first: int, last: int) -> None:
    """Insert the episodes with these numbers for every pairing, `AT_ONCE` numbers in a statement."""
    from django.db import connection

    from tournament import leaderboards

    engine, device = leaderboards.engine_version(), leaderboards.DEVICE
    facts: dict[str, str | int] = {"engine": engine, "device": device}
    with connection.cursor() as cursor:
        for start in range(first, last + 1, AT_ONCE):
            cursor.execute(INSERT, facts | {"first": start, "last": min(start + AT_ONCE - 1, last)})


def measure_fits(episodes: int) -> list[table.Figure]:
    """Measure a fit to all episodes, and one after another block, in a worker that has fitted before."""
    set_up_django()
    from tournament import leaderboards
    from tournament.models import Pairing, Scenario

    scenario = Scenario.objects.get()
    first = cost(leaderboards.refit, scenario)
    pairing = Pairing.objects.order_by("id").first()
    assert pairing is not None
    times = []
    for number in range(3):
        seeds = list(range(2**40 + number * MORE, 2**40 + (number + 1) * MORE))
        history.insert(list(history.invent(pairing.pk, pairing.camera_id, pairing.target_id, seeds)))
        times.append(cost(leaderboards.refit, scenario))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = [cost(leaderboards.count_episodes, scenario) for _ in range(3)]
    return [
        table.Figure(
            "count of the board's episodes, median of 3", sorted(counts)[1][0], "s", wall=sorted(counts)[1][1]
        ),
        table.Figure("first fit of the board", first[0], "s", wall=first[1]),
        table.Figure(
            f"fit after {MORE} more, median of 3",
            sorted(times)[1][0],
            "s",
            wall=sorted(times)[1][1],
            wanted=REFIT_SECONDS,
        ),
        table.Figure("most memory of that process", memory, "MiB", wanted=REFIT_MB),
    ]


def measure_pages(episodes: int) -> list[table.Figure]:
    """Measure pages for an anonymous visitor, each at its second request and with another address."""
    set_up_django()
    from django.test import Client

    found = []
    for name, address in PAGES.items():
        Client().get(address)
        size: list[int] = []
        seconds = timed(lambda address=address, size=size: size.append(len(Client().get(f"{address}?").content)))
        found += [table.Figure(f"page {name}", seconds, "s"), table.Figure(f"its size {name}", size[0] / 1e3, "kB")]
    return found


def cost(work: Any, *arguments: Any) -> tuple[float, float]:
    """Return the seconds of processor time and of wall time."""
    began, wall = processor_seconds(), time.monotonic()
    work(*arguments)
    return processor_seconds() - began, time.monotonic() - wall


def timed(work: Any, *arguments: Any) -> float:
    began = time.monotonic()
    work(*arguments)
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
