"""Does it matter who dies while populations grow? ``python -m benchmarks.psro_faults --meta-solver nash``.

A PSRO run on MATE-2v4-0 with small budgets, in a data folder with processes of its own. At random moments of its iterations a worker, a trainer and Redis
are killed (SIGKILL) in turn, and started again after a moment. At the end every figure of the final table is recomputed from the rows of its
episodes (`benchmarks.psro_table`); the exit status is 0 if it is complete and consistent.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from benchmarks.psro_table import find_faults
from portal.launcher import broker, commands
from portal.launcher.installation import CHECKOUT, Installation

HYPERPARAMETERS = {
    "hidden_sizes": [32], "memory": "none", "episodes_at_once": 16, "fragment_length": 20, "minibatch_size": 80, "passes": 2,
    "milestones": 2, "horizon": 200,
}  # fmt: skip
VICTIMS = ("worker", "trainer", "redis")
LATEST = 40.0
"""Seconds after the beginning of an iteration, up to which the moment of a kill is drawn: an iteration takes about a minute."""
AWAY_SECONDS = 2.0


def main() -> int:
    options = make_parser().parse_args()
    if options.child:
        return play(options)
    settings = {"ARENA_LEASE_SECONDS": "5", "ARENA_BLOCK_SIZE": "4", "ARENA_TRAINING_FREE_BYTES": "0"}
    with private_installation(**settings) as environment:
        command = [sys.executable, "-m", "benchmarks.psro_faults", *sys.argv[1:], "--child"]
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.psro_faults", description=__doc__)
    parser.add_argument("--meta-solver", default="nash", help="one of tournament.meta_solvers.META_SOLVERS")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40_000, help="environment steps of each training")
    parser.add_argument("--episodes", type=int, default=20, help="for each pairing")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


class Cast(Crew):
    """The processes of a small portal, with a Redis that takes the place of the installation's; each can be killed and is started again."""

    def begin(self, name: str) -> None:
        if name == "worker":
            self.start(commands.worker(name), name)
        elif name == "trainer":
            self.start(commands.trainer(name), name)
        elif name == "redis":
            self.start(broker.plan(Installation(data=Path(os.environ["ARENA_DATA"]))).command, name)
        else:
            self.start(commands.manage("sweep", "--every", "0.5"), name)

    def kill(self, name: str) -> None:
        """Kill a process and start it again after a moment."""
        self.processes[name].kill()
        self.processes[name].wait()
        time.sleep(AWAY_SECONDS)
        self.begin(name)


def play(options: argparse.Namespace) -> int:
    """In the child: start the run and the processes, kill some of them, and look at what there is in the end."""
    set_up_django()
    crew = Cast()
    began = time.monotonic()
    try:
        for name in ("redis", "sweep", "worker", "trainer"):
            crew.begin(name)
        run = make_run(options)
        kills = carry_out(run, crew, options)
        wait_for(lambda: is_over(run))
    finally:
        crew.end()
    report = describe(run, kills, time.monotonic() - began)
    print(json.dumps(report, indent=1))
    return 1 if report["faults"] else 0


def make_run(options: argparse.Namespace) -> Any:
    """Random agents to begin with, and trainings that take seconds."""
    from tournament import entries, psro_runs

    agents = {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}
    training = {
        "algorithm": "mappo", "steps": options.steps, "hyperparameters": HYPERPARAMETERS, "evaluation_episodes": 0, "cores": 1,
    }  # fmt: skip
    return psro_runs.create_run(
        f"Faults, {options.meta_solver}", entries.register_scenario("MATE-2v4-0"),
        [agents["camera", "random"]], [agents["target", "random"]],
        training, training, meta_solver=options.meta_solver, iterations=options.iterations, episodes_per_pairing=options.episodes,
    )  # fmt: skip


def is_over(run: Any) -> bool:
    run.refresh_from_db()
    return run.state != "running"


def has_begun(run: Any, number: int) -> bool:
    """Whether an iteration has begun, or nothing begins any more."""
    return is_over(run) or run.iterations.filter(number=number).exists()


def carry_out(run: Any, crew: Cast, options: argparse.Namespace) -> list[str]:
    """Kill somebody at so many random moments of the whole run; returns what it was doing then, in words."""
    draws = random.Random(options.seed)
    kills: list[str] = []
    began = time.monotonic()
    for number in range(options.kills):
        wanted = round((number + 1) * options.iterations / options.kills)
        wait_for(partial(has_begun, run, wanted))
        time.sleep(draws.uniform(0.0, LATEST))
        if is_over(run):
            break
        victim = VICTIMS[number % len(VICTIMS)]
        kills.append(f"{time.monotonic() - began:.0f} s: {victim}, {describe_moment(run)}")
        crew.kill(victim)
    return kills


def describe_moment(run: Any) -> str:
    """What a run is doing now."""
    from tournament import psro_runs

    newest = run.iterations.last()
    if newest is None:
        return "before it began"
    trainings = [f"{one.team} {one.state} at {one.steps_done} steps" for one in psro_runs.trainings_of(run)]
    doing = f" ({', '.join(trainings)})" if newest.phase == "training" and trainings else ""
    return f"iteration {newest.number} {newest.phase}{doing}"


def describe(run: Any, kills: list[str], seconds: float) -> dict[str, Any]:
    """What was seen, and what is wrong with it."""
    from tournament.models import Episode, TrainingRun

    faults = find_faults(run)
    solved = list(run.iterations.all())
    trainings = TrainingRun.objects.order_by("pk")
    return {
        "meta_solver": run.meta_solver,
        "seconds": round(seconds),
        "reason": run.reason,
        "kills": kills,
        "iterations": [describe_iteration(row) for row in solved],
        "cells": int(sum(len(row) for row in solved[-1].table.get("payoff", []))),
        "episodes": Episode.objects.count(),
        "trainings": [f"{one.team}: {one.steps_done} steps, {one.state}" for one in trainings],
        "final": [agent.name for agent in (run.camera_agent, run.target_agent) if agent],
        "faults": faults,
    }


def describe_iteration(row: Any) -> dict[str, Any]:
    figures = row.figures
    told = {name: figures[name] for name in ("value", "nash_conv", "nash_conv_interval") if name in figures}
    answers = {team: figures[f"{team}_gain"]["is_answer"] for team in ("camera", "target") if f"{team}_gain" in figures}
    return {
        "number": row.number,
        "cameras": [round(share, 3) for share in row.camera_strategy],
        "targets": [round(share, 3) for share in row.target_strategy],
        "is_better_answer": answers,
        **{name: round(value, 4) if isinstance(value, float) else value for name, value in told.items()},
    }


if __name__ == "__main__":
    sys.exit(main())
