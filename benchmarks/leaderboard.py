"""From the database to the leaderboard's page: ``python -m benchmarks.leaderboard``.

Square fields of agents with random strengths have played; their ratings are fitted with all their error bars, stored, and read
back into the page.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from django.core.management import call_command

from benchmarks import table
from benchmarks.installation import set_up_django

WANTED_PAGE_SECONDS = 0.2
ROWS_AT_ONCE = 5000


def main() -> int:
    """The command. Returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaderboard", description=__doc__)
    parser.add_argument("--agents", nargs="+", type=int, default=[4, 20, 50], metavar="N", help="in each field")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="for each pairing")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    table.add_options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "portal.settings", "ALLOWED_HOSTS": "*"}
        os.environ.pop("DATABASE_URL", None)
        set_up_django()
        call_command("collectstatic", interactive=False, verbosity=0)
        found = [figure for size in options.agents for figure in figures_of(size, options.episodes, options.repeats)]
        table.report(found, options.json)
    return 0


def figures_of(size: int, episodes: int, repeats: int) -> list[table.Figure]:
    """The figures of a field of ``size`` cameras against ``size`` targets."""
    from django.test import Client
    from django.urls import reverse

    from portal.views.leaderboards import describe_board
    from tournament import boards, leaderboards
    from tournament.models import RatingSnapshot

    scenario = make_history(size, episodes)

    def fit() -> Any:
        RatingSnapshot.objects.filter(scenario=scenario).delete()
        return leaderboards.refit(scenario)

    def read() -> Any:
        return describe_board(boards.latest_board(scenario))

    def show() -> Any:
        response = Client().get(reverse("leaderboard", args=[scenario.slug]))
        assert response.status_code == 200, response.status_code
        return response

    what = f"{size} against {size}, {size * size * episodes:,} episodes"
    fetch = seconds(lambda: leaderboards.meta_game_of_scenario(scenario), repeats)
    return [
        table.Figure(f"{what}: episodes from the database", fetch, "s"),
        table.Figure(f"{what}: that, fitted with error bars and published", seconds(fit, repeats), "s"),
        table.Figure(f"{what}: the published board as data of its page", seconds(read, repeats), "s"),
        table.Figure(f"{what}: the page", seconds(show, repeats), "s", wanted=WANTED_PAGE_SECONDS),
    ]


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Median wall time of a call, after one to warm up."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return median(times)


def make_history(size: int, episodes: int) -> Any:
    """A scenario in which agents of random strengths have played; returns its row."""
    from tournament import leaderboards
    from tournament.models import Agent, AgentKind, Episode, Pairing, Scenario

    name = f"{size} against {size}"
    scenario = Scenario.objects.create(
        digest=f"{size:064x}",
        name=name,
        slug=name.replace(" ", "-"),
        config={},
        num_cameras=4,
        num_targets=8,
        num_obstacles=9,
    )
    fields = [
        [
            Agent(
                team=team,
                kind=AgentKind.BUILTIN,
                name=f"{team} {n}",
                slug=f"{size}-{team}-{n}",
                digest=f"{size}-{team}-{n}",
                spec={},
            )
            for n in range(size)
        ]
        for team in ("camera", "target")
    ]
    for field in fields:
        Agent.objects.bulk_create(field)
    pairings = [
        Pairing(scenario=scenario, camera=camera, target=target) for camera in fields[0] for target in fields[1]
    ]
    Pairing.objects.bulk_create(pairings)
    generator = np.random.default_rng(0)
    strengths = generator.normal(0, 0.1, (2, size))
    for index, pairing in enumerate(pairings):
        mean = 0.3 - strengths[0, index // size] + strengths[1, index % size]
        rewards = generator.normal(mean, 0.1, episodes)
        Episode.objects.bulk_create(
            [
                Episode(
                    pairing=pairing,
                    engine=leaderboards.engine_version(),
                    device=leaderboards.DEVICE,
                    seed=seed,
                    steps=1000,
                    completed=True,
                    target_reward=1000 * reward,
                    normalised_reward=reward,
                    coverage=0.5,
                    real_coverage=0.5,
                    transport=0.5,
                    delivered=32,
                    digest=f"{seed:016x}",
                )
                for seed, reward in enumerate(rewards.tolist())
            ],
            batch_size=ROWS_AT_ONCE,
        )
    return scenario


if __name__ == "__main__":
    sys.exit(main())
