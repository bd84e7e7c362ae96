"""Check that a PSRO run survives the kill of any process: ``python -m benchmarks.psro_faults --meta-solver nash``.

The benchmark starts a portal with its own data folder. A user signs in with a browser and starts a PSRO run on
MATE-2v4-0 with small budgets. During the run, the benchmark kills (SIGKILL) a worker, a trainer and Redis in turn, and
restarts each after a moment. The kills occur at random moments, alternately during matches and trainings. At the end,
the benchmark recomputes every figure of the final table from the rows of its episodes (`benchmarks.psro_table`). The
table on the run's page must have the same number of cells. The exit status is 0 if the run is complete and consistent.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import browsing, psro_kills
from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from benchmarks.psro_table import find_faults
from mate import Team
from portal.launcher import broker, commands
from portal.launcher.installation import CHECKOUT, LocalInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

HYPERPARAMETERS = {
    "hidden_sizes": "32", "memory": "none", "episodes_at_once": "16", "fragment_length": "20", "minibatch_size": "80",
    "passes": "2",
    "milestones": "2", "horizon": "200",
}  # fmt: skip
"""Values of the form's fields."""
SETTINGS = {
    "ARENA_LEASE_SECONDS": "5", "ARENA_BLOCK_SIZE": "4", "ARENA_TRAINING_SLOTS": "2", "ARENA_TRAINING_CORES": "1",
    "ARENA_TRAINING_NICE": "0", "ARENA_TRAINING_FREE_BYTES": "0",
}  # fmt: skip
AWAY_SECONDS = 2.0
USER = "researcher"


def main() -> int:
    options = make_parser().parse_args()
    if options.child:
        return play(options)
    with private_installation(**SETTINGS) as environment:
        command = [sys.executable, "-m", "benchmarks.psro_faults", *sys.argv[1:], "--child"]
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.psro_faults", description=__doc__)
    parser.add_argument("--meta-solver", default="nash", help="one of tournament.meta_solvers.META_SOLVERS")
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--steps", type=int, default=6_000, help="environment steps of each training")
    parser.add_argument("--episodes", type=int, default=6, help="episodes of each pairing")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="random seed for the moments of the kills; with an even seed, the first kill is during matches",
    )
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


class Cast(Crew):
    """The processes of a small portal, each of which can be killed and is then restarted.

    A Redis of its own replaces that of the installation.
    """

    def begin(self, name: str) -> None:
        if name.startswith("worker"):
            self.start(commands.worker(name), name)
        elif name.startswith("trainer"):
            self.start(commands.trainer(name), name)
        elif name == "redis":
            self.start(broker.plan(LocalInstallation(data=Path(os.environ["ARENA_DATA"]))).command, name)
        else:
            self.start(commands.manage("sweep", "--every", "0.5"), name)

    def kill(self, name: str) -> None:
        """Kill a process and restart it after a moment."""
        self.processes[name].kill()
        self.processes[name].wait()
        time.sleep(AWAY_SECONDS)
        self.begin(name)


def play(options: argparse.Namespace) -> int:
    """In the child process: start the portal and the run, kill some processes, and check the results at the end."""
    set_up_django()
    crew = Cast()
    began = time.monotonic()
    try:
        address = open_portal(crew)
        run = ask_for_run(address, options)
        kills = psro_kills.carry_out(run, crew.kill, options.iterations, options.kills, options.seed)
        wait_for(lambda: psro_kills.is_over(run))
        shown = read_page(address, run)
    finally:
        crew.end()
    report = describe(run, kills, shown, time.monotonic() - began)
    print(json.dumps(report, indent=1, ensure_ascii=False))
    return 1 if report["faults"] else 0


def open_portal(crew: Cast) -> str:
    """Start all processes of a portal with a user and the built-in agents; return its address."""
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from tournament import entries

    call_command("collectstatic", interactive=False, verbosity=0)
    entries.register_builtin_agents()
    entries.register_scenario("MATE-2v4-0")
    User.objects.create_user(USER, password=browsing.PASSWORD)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    crew.start(commands.web(LocalInstallation(data=Path(os.environ["ARENA_DATA"]), port=port)), "web")
    for name in ("redis", "sweep", *psro_kills.WORKERS, *psro_kills.TRAINERS):
        crew.begin(name)
    wait_for(lambda: answers(port))
    return f"http://127.0.0.1:{port}"


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask_for_run(address: str, options: argparse.Namespace) -> Any:
    """Sign in and send the form of a new run; return its row."""
    with browsing.open_page() as page:
        browsing.sign_in(page, address, USER)
        url = send_form(page, f"{address}/psro/new/", options)
    from tournament.models import PsroRun

    return PsroRun.objects.get(pk=int(url.rstrip("/").rpartition("/")[2]))


def send_form(page: Page, address: str, options: argparse.Namespace) -> str:
    """Send the form with its default random initial agents, MAPPO, and trainings that take seconds."""
    values = {
        "name": f"Faults, {options.meta_solver}", "meta_solver": options.meta_solver,
        "iterations": str(options.iterations), "episodes_per_pairing": str(options.episodes),
    }  # fmt: skip
    for team in Team:
        values |= {f"{team}_steps": str(options.steps), f"{team}_evaluation_episodes": "0"}
        values |= {f"{team}_hyperparameter_{name}": value for name, value in HYPERPARAMETERS.items()}
    return browsing.send_form(page, address, {"camera_algorithm": "mappo"}, values, "Start the run")


def read_page(address: str, run: Any) -> dict[str, Any]:
    """Return the figures on the run's public page at the end."""
    with browsing.open_page() as page:
        page.goto(f"{address}/psro/{run.pk}/")
        cells = page.locator("table.matrix td").count()
        return {"progress": page.locator(".progress-text").inner_text(), "cells": cells}


def describe(run: Any, kills: list[dict[str, Any]], shown: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the findings and the problems among them."""
    from tournament.models import Block, Episode, TrainingRun

    solved = list(run.iterations.all())
    cells = sum(len(row) for row in solved[-1].table.get("payoff", []))
    faults = find_faults(run)
    if shown["cells"] != cells:
        faults.append(f"its page shows {shown['cells']} cells of {cells}")
    trainings = TrainingRun.objects.order_by("pk")
    return {
        "meta_solver": run.meta_solver,
        "seconds": round(seconds),
        "reason": run.reason,
        "kills": kills,
        "iterations": [describe_iteration(row) for row in solved],
        "cells": cells,
        "episodes": Episode.objects.count(),
        "blocks": Block.objects.count(),
        "blocks_begun_again": Block.objects.filter(attempts__gt=1).count(),
        "page": shown,
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
