"""Measure how fast processes claim blocks on PostgreSQL: ``python -m benchmarks.claims``.

Processes claim blocks of several tournaments, as workers do, and finish each block at once. The figures are claims per
second, the 95th percentile of the time of a claim, and updates per claim. They are measured with 100 and with 100,000
waiting blocks. The benchmark starts its own PostgreSQL server on this machine. The server syncs every transaction to
the disk, as in production. The processes and the server share the machine's processors.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks import table

SECONDS = 5.0
TOURNAMENTS = 8


def main() -> int:
    options = make_parser().parse_args()
    if not os.environ.get("DATABASE_URL"):
        from tests.postgres import cluster

        with cluster(haste=False) as url:
            command = [sys.executable, "-m", "benchmarks.claims", *sys.argv[1:]]
            return subprocess.run(command, env=os.environ | {"DATABASE_URL": url}).returncode
    figures = []
    set_up()
    for waiting in options.waiting:
        for processes in options.processes:
            figures += measure(waiting, processes, options.seconds)
    table.report(figures, options.json)
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.claims", description=__doc__)
    parser.add_argument("--processes", nargs="+", type=int, default=[1, 16, 64], metavar="N")
    parser.add_argument("--waiting", nargs="+", type=int, default=[100, 100_000], metavar="BLOCKS")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="seconds that the processes claim blocks for each figure"
    )
    table.add_options(parser)
    return parser


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tasks import playing  # noqa: F401  The children share what is loaded here.


def measure(waiting: int, processes: int, seconds: float) -> list[table.Figure]:
    """Measure claims by this number of processes with this number of waiting blocks."""
    from django.db import connection, connections

    make_blocks(waiting)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE tournament_block")
    connections.close_all()
    context = multiprocessing.get_context("fork")
    results: Any = context.Queue()
    barrier = context.Barrier(processes + 1)
    children = [
        context.Process(target=claim_on, args=(number, barrier, seconds, waiting, results))
        for number in range(processes)
    ]
    for child in children:
        child.start()
    barrier.wait()
    found = [results.get() for _ in children]
    for child in children:
        child.join()
    times = sorted(one for each, _ in found for one in each)
    updates = sum(count for _, count in found)
    what = f"{processes} processes, {waiting:,} blocks wait"
    return [
        table.Figure(f"{what}: claims", len(times) / seconds, "/s", is_more_better=True),
        table.Figure(f"{what}: time of a claim, 95th percentile", 1000 * times[int(0.95 * len(times))], "ms"),
        table.Figure(f"{what}: updates a claim", updates / len(times), "", wanted=1.2),
    ]


def make_blocks(waiting: int) -> None:
    """Replace the database's blocks by this number of waiting ones, of several tournaments."""
    from tournament import entries, organising
    from tournament.models import Block, Tournament

    if not Tournament.objects.exists():
        agents = {row.slug: row for row in entries.register_builtin_agents()}
        scenario = entries.register_scenario("MATE-2v4-0")
        field = [agents["greedy-camera"]], [agents["greedy-target"]]
        for number in range(TOURNAMENTS):
            organising.create_tournament(
                organising.TournamentRequest(f"Claims {number}", scenario, *field, 1, base_seed=number)
            )
    Block.objects.all().delete()
    tournaments = list(Tournament.objects.order_by("pk"))
    pairing = tournaments[0].pairings.get()
    Block.objects.bulk_create(
        (
            Block(tournament=tournaments[number % TOURNAMENTS], pairing=pairing, seeds=[], num_episodes=1)
            for number in range(waiting)
        ),
        batch_size=10_000,
    )


def claim_on(number: int, barrier: Any, seconds: float, waiting: int, results: Any) -> None:
    """In a child process: claim and finish blocks for some seconds; report the claim times and number of updates."""
    from django.db import connection

    from tasks import connecting, playing, workers
    from tournament.models import Block, BlockState

    connecting.share_one()
    workers.State.name = f"claimer {number}"
    updates = 0

    def count(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        nonlocal updates
        updates += sql.startswith("UPDATE")
        return execute(sql, parameters, many, context)

    connection.ensure_connection()
    barrier.wait()
    ends, times = time.monotonic() + seconds, []
    while (began := time.monotonic()) < ends:
        with connection.execute_wrapper(count):
            block = playing.claim_block()
        if block is None:  # All blocks are taken: finished ones wait again, like those of a next round.
            Block.objects.filter(state=BlockState.DONE).update(state=BlockState.WAITING)
            continue
        times.append(time.monotonic() - began)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE)
    results.put((times, updates))


if __name__ == "__main__":
    sys.exit(main())
