"""Measure tournaments through Celery, a private Redis and SQLite: ``python -m benchmarks.queue``.

One worker plays the complete round robin of the eight built-in agents, and then two workers play it. Each time uses a
fresh installation. The benchmark measures the time from the request until the leaderboard is published. Then it
requests the same tournament again, whose episodes all exist already. The overhead of the queue is the share of the
workers' time in which they did not play.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks import table
from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from mate import Team
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT


def main() -> int:
    """Run the command. Return its exit status."""
    options = make_parser().parse_args()
    if options.child is not None:
        print(json.dumps(play(options, options.child)))
        return 0
    runs = {workers: run(options, workers) for workers in options.workers}
    table.report(figures_of(options, runs), options.json)
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--scenario", default="MATE-4v8-9", metavar="NAME")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="episodes of each pairing")
    parser.add_argument("--agents", nargs="+", default=["greedy", "heuristic", "naive", "random"], metavar="NAME")
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    table.add_options(parser)
    return parser


def run(options: argparse.Namespace, workers: int) -> dict[str, Any]:
    """Play the tournament with this number of workers, in an installation and a process of its own."""
    command = [sys.executable, "-m", "benchmarks.queue", "--child", str(workers), "--scenario", options.scenario]
    command += ["--episodes", str(options.episodes), "--agents", *options.agents]
    with private_installation() as environment:
        output = subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output.splitlines()[-1])


def play(options: argparse.Namespace, workers: int) -> dict[str, Any]:
    """In the child process: start the workers, start the tournament twice, and return how long everything took."""
    set_up_django()
    crew = Crew()
    try:
        crew.start(commands.sweep(), "sweep")
        cold = start_workers(crew, workers)
        seconds, first = ask_for(options)
        again, second = ask_for(options)
        blocks = list(first.blocks.all())
        return {
            "cold": cold,
            "seconds": seconds,
            "playing": sum(block.seconds for block in blocks),
            "blocks": len(blocks),
            "longest": max(block.seconds for block in blocks),
            "steps": count_steps(first),
            "episodes": first.num_episodes,
            "again": again,
            "played_again": second.num_episodes - second.num_reused,
        }
    finally:
        crew.end()


def start_workers(crew: Crew, workers: int) -> float:
    """Start the workers; return the seconds until a first short block was played."""
    from tasks import hints
    from tournament.models import Worker

    began = time.monotonic()
    for number in range(workers):
        crew.start_worker(number)
    wait_for_end(make_tournament(*enter("MATE-2v4-0", ["greedy"]), 4, "First"))
    cold = time.monotonic() - began
    wait_for(lambda: Worker.objects.count() == workers)
    hints.top_up()
    return cold


def ask_for(options: argparse.Namespace) -> tuple[float, Any]:
    """Start the tournament; return the seconds until it is finished and its leaderboards are published, and its row.

    The times are those in its row.
    """
    from django.utils import timezone

    field = enter(options.scenario, options.agents)
    began = timezone.now()
    tournament = make_tournament(*field, options.episodes, "Round robin")
    wait_for_end(tournament)
    return (tournament.finished - began).total_seconds(), tournament


def enter(scenario: str, names: list[str]) -> tuple[Any, list[Any], list[Any]]:
    """Register a scenario and built-in agents, as the set-up of a portal does; return their rows."""
    from tournament import entries

    rows = {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}
    cameras, targets = ([rows[team, name] for name in names] for team in Team)
    return entries.register_scenario(scenario), cameras, targets


def make_tournament(scenario: Any, cameras: list[Any], targets: list[Any], episodes: int, title: str) -> Any:
    """Start a round robin, as its page does."""
    from tasks import hints
    from tournament import organising

    tournament = organising.create_tournament(organising.TournamentRequest(title, scenario, cameras, targets, episodes))
    hints.send()
    return tournament


def wait_for_end(tournament: Any) -> None:
    """Wait until a tournament is over. Raises SystemExit unless it was played in full and rated."""
    from tournament import leaderboards
    from tournament.models import TournamentState

    states = type(tournament).objects.filter(pk=tournament.pk).values_list("state", flat=True)
    wait_for(lambda: states.get() != TournamentState.PLAYING, every=0.2)  # Polling takes time from the workers.
    tournament.refresh_from_db()
    published = leaderboards.latest(tournament)
    rated = published.num_episodes if published else 0
    if tournament.state != TournamentState.FINISHED or rated != tournament.num_episodes:
        errors = list(tournament.blocks.exclude(error="").values_list("error", flat=True)[:3])
        raise SystemExit(f"The tournament ended as {tournament.state}: {errors}")


def count_steps(tournament: Any) -> int:
    """Return the number of environment steps in all episodes of the tournament's pairings."""
    from django.db.models import Sum

    from tournament.models import Episode

    steps = Episode.objects.filter(pairing__in=tournament.pairings.all()).aggregate(total=Sum("steps"))["total"]
    return int(steps)


def figures_of(options: argparse.Namespace, runs: dict[int, dict[str, Any]]) -> list[table.Figure]:
    """Return the figures of the runs. The wanted figures apply to the complete round robin."""
    is_complete = options.scenario == "MATE-4v8-9" and options.episodes == 100 and len(options.agents) == 4
    figures = []
    for workers, found in runs.items():
        who = "one worker" if workers == 1 else f"{workers} workers"
        wanted = 60.0 if is_complete and workers == 2 else None
        outside = 100.0 * (1.0 - found["playing"] / (workers * found["seconds"]))
        what = f"{found['episodes']:,} episodes, {found['steps'] / 1e6:.2f} million steps"
        figures += [
            table.Figure(f"{who}: {what}, to the published leaderboard", found["seconds"], "s", wanted=wanted),
            table.Figure(f"{who}: steps a second", found["steps"] / found["seconds"], "steps/s", is_more_better=True),
            table.Figure(f"{who}: part of their time outside play", outside, "%", wanted=2.0 if is_complete else None),
            table.Figure(f"{who}: blocks", found["blocks"], ""),
            table.Figure(f"{who}: longest block", found["longest"], "s"),
            table.Figure(f"{who}: start to first finished match", found["cold"], "s", wanted=10.0),
            table.Figure(f"{who}: the same tournament again", found["again"], "s", wanted=2.0),
            table.Figure(f"{who}: episodes played for it", found["played_again"], "", wanted=0.0),
        ]
    if {1, 2} <= runs.keys():
        gain = runs[1]["seconds"] / runs[2]["seconds"]
        wanted = 1.85 if is_complete else None
        figures.append(table.Figure("two workers against one", gain, "times", wanted=wanted, is_more_better=True))
    return figures


if __name__ == "__main__":
    sys.exit(main())
