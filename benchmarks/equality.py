"""Does it matter who plays a tournament? ``python -m benchmarks.equality``.

The same tournament is played three times, each time in a fresh data folder with processes of its own: by one worker in blocks of one
episode, by two workers in blocks of 64, and by two workers of which one is killed (SIGKILL) three times while it plays. The episode
tables, ordered by pairing and seed and without keys or times, must be the same bytes. The exit status is 0 if they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from portal.launcher import broker, commands
from portal.launcher.installation import CHECKOUT, Installation

PATIENCE = 3600.0  # seconds


@dataclass(frozen=True)
class Plan:
    """What is played, and by whom."""

    name: str
    workers: int
    block_size: int
    kills: int
    scenario: str
    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    episodes: int
    checkpoints: tuple[str, ...]


def main() -> int:
    options = make_parser().parse_args()
    if options.child:
        return play(Plan(**json.loads(options.child[0])), Path(options.child[1]))
    what: dict[str, Any] = {
        "scenario": options.scenario,
        "cameras": tuple(options.cameras),
        "targets": tuple(options.targets),
        "episodes": options.episodes,
        "checkpoints": tuple(str(Path(path).resolve()) for path in options.checkpoints),
    }
    plans = [
        Plan("one worker, blocks of 1", 1, 1, 0, **what),
        Plan("two workers, blocks of 64", 2, 64, 0, **what),
        Plan("two workers, blocks of 4, three killed", 2, 4, 3, **what),
    ]
    results = [run(plan) for plan in plans]
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        for result in results:
            print(
                "{name:<40} {episodes:>6} episodes {seconds:>8.1f} s  {kills} kills  sha256 {sha256}".format(**result)
            )
    is_same = len({result["sha256"] for result in results}) == 1
    print("the tables are the same bytes" if is_same else "THE TABLES DIFFER", file=sys.stderr)
    return 0 if is_same else 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.equality", description=__doc__)
    parser.add_argument("--scenario", default="MATE-4v8-9")
    parser.add_argument("--cameras", nargs="+", default=["greedy", "heuristic", "random"], help="built-in agents")
    parser.add_argument("--targets", nargs="+", default=["greedy", "naive", "random"], help="built-in agents")
    parser.add_argument("--checkpoints", nargs="*", default=[], help="files to upload; their agents play along")
    parser.add_argument("--episodes", type=int, default=10, help="for each pairing")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser


def run(plan: Plan) -> dict[str, Any]:
    """Carry out a plan in a process and a data folder of its own."""
    with tempfile.TemporaryDirectory(prefix="equal-") as folder:
        table = Path(folder) / "episodes.csv"
        environment = os.environ | {
            "ARENA_DATA": folder,
            "ARENA_BLOCK_SIZE": str(plan.block_size),
            "ARENA_LEASE_SECONDS": "3",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }
        environment.pop("DATABASE_URL", None)
        installation = Installation(data=Path(folder))
        private = broker.plan(installation)
        environment = commands.child_environment(installation, environment) | {"REDIS_URL": private.url}
        redis = subprocess.Popen(private.command, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        try:
            command = [sys.executable, "-m", "benchmarks.equality", "--child", json.dumps(asdict(plan)), str(table)]
            subprocess.run(command, cwd=CHECKOUT, env=environment, check=True)
        finally:
            redis.kill()
            redis.wait()
        content = table.read_bytes()
    return {
        "name": plan.name,
        "episodes": content.count(b"\n") - 1,
        "seconds": time.monotonic() - began,
        "kills": plan.kills,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def play(plan: Plan, table: Path) -> int:
    """In the child: make the tournament, start the workers, kill some, wait for the end and write the table."""
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from tournament import exports
    from tournament.models import TournamentState

    crew = Crew()
    try:
        crew.start(commands.manage("sweep", "--every", "0.5"), "sweep")
        for number in range(plan.workers):
            crew.start_worker(number)
        tournament = make_tournament(plan)
        for _ in range(plan.kills):
            crew.kill_a_busy_worker()
        wait_for(lambda: type(tournament).objects.get(pk=tournament.pk).state != TournamentState.PLAYING)
        tournament.refresh_from_db()
        if tournament.state != TournamentState.FINISHED:
            errors = tournament.blocks.exclude(error="").values_list("error", flat=True)
            raise SystemExit(f"The tournament ended as {tournament.state}: {list(errors)[:3]}")
        table.write_text("".join(exports.episodes_of_tournament(tournament)))
    finally:
        crew.end()
    return 0


def make_tournament(plan: Plan) -> Any:
    """The plan's tournament: built-in agents, and those of the uploaded checkpoints that fit."""
    from tasks import hints
    from tournament import entries, organising

    entries.register_builtin_agents()
    scenario = entries.register_scenario(plan.scenario)
    learned = [agent for path in plan.checkpoints for agent in upload(Path(path))]
    fitting = [agent for agent in learned if not entries.check_fitness(agent, scenario).problems]
    from tournament.models import Agent

    fields = {
        team: [Agent.objects.get(slug=f"{name}-{team}") for name in names]
        + [agent for agent in fitting if agent.team == team]
        for team, names in (("camera", plan.cameras), ("target", plan.targets))
    }
    tournament = organising.create_tournament("Equality", scenario, fields["camera"], fields["target"], plan.episodes)
    hints.send()
    return tournament


def upload(path: Path) -> Sequence[Any]:
    """Hand a file in, as the website does, and wait until a worker has made agents of it."""
    from django.contrib.auth import get_user_model
    from django.core.files.base import ContentFile

    from tasks import hints
    from tournament.models import Upload, UploadState

    owner, _ = get_user_model().objects.get_or_create(username="equality")
    content = path.read_bytes()
    row = Upload(owner=owner, filename=path.name, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    row.file.save(path.name, ContentFile(content), save=False)
    row.save()
    hints.send()
    wait_for(lambda: Upload.objects.get(pk=row.pk).state not in (UploadState.WAITING, UploadState.CHECKING))
    row.refresh_from_db()
    if row.state != UploadState.ACCEPTED:
        raise SystemExit(f"{path.name} was not accepted: {row.reason}")
    return list(row.agents.all())


class Crew:
    """The processes of one run."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, command: list[str], name: str) -> None:
        log = Path(os.environ["ARENA_DATA"]) / f"{name}.log"
        with open(log, "ab") as file:
            self.processes[name] = subprocess.Popen(command, cwd=CHECKOUT, stdout=file, stderr=file)

    def start_worker(self, number: int) -> None:
        self.start(commands.worker(f"worker-{number}"), f"worker-{number}")

    def kill_a_busy_worker(self) -> None:
        """Kill a worker that holds a block, and start it again."""
        from tournament.models import Block, BlockState

        def find() -> str:
            block = Block.objects.filter(state=BlockState.LEASED).order_by("?").first()
            return block.worker.split("@")[0] if block else ""

        name = wait_for(find)
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.start_worker(int(name.split("-")[1]))
        time.sleep(3)  # Let it come up and hold something before the next is killed.

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait()


def wait_for(condition: Callable[[], Any]) -> Any:
    """What the condition gives once that is true."""
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise SystemExit("The run did not end in time.")
        time.sleep(0.02)
    return found


if __name__ == "__main__":
    sys.exit(main())
