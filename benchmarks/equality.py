"""Check that a tournament's results do not depend on the workers that play it: ``python -m benchmarks.equality``.

The same tournament is played three times. Each time uses a fresh data folder and its own processes: one worker with
blocks of one episode, two workers with blocks of 64 episodes, and two workers of which one is killed (SIGKILL) three
times while it plays. The episode tables, ordered by pairing and seed and without keys and times, must be identical byte
for byte. The logs of the format's choices must be identical too. The exit status is 0 if they are.
``--format ranking --settings '{"resolution": 0.05}'`` plays a format that chooses its pairings round by round.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT


@dataclass(frozen=True)
class Plan:
    """The tournament and the workers of one run."""

    name: str
    workers: int
    block_size: int
    kills: int
    scenario: str
    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    episodes: int
    checkpoints: tuple[str, ...]
    format: str
    settings: dict[str, Any]


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
        "format": options.format,
        "settings": json.loads(options.settings),
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
                "{name:<40} {episodes:>6} episodes {rounds:>3} rounds {seconds:>8.1f} s  {kills} kills  sha256 "
                "{sha256}".format(**result)
            )
    is_same = len({result["sha256"] for result in results}) == 1
    print("the tables are the same bytes" if is_same else "THE TABLES DIFFER", file=sys.stderr)
    return 0 if is_same else 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.equality", description=__doc__)
    parser.add_argument("--scenario", default="MATE-4v8-9")
    parser.add_argument(
        "--cameras", nargs="+", default=["greedy", "heuristic", "random"], help="built-in camera agents"
    )
    parser.add_argument("--targets", nargs="+", default=["greedy", "naive", "random"], help="built-in target agents")
    parser.add_argument(
        "--checkpoints",
        nargs="*",
        default=[],
        help="checkpoint files to upload; their agents take part in the tournament",
    )
    parser.add_argument("--episodes", type=int, default=40, help="episodes of each pairing in a round robin")
    parser.add_argument("--format", default="round-robin", help="one of tournament.formats.FORMATS")
    parser.add_argument("--settings", default="{}", help="settings of the format, as JSON")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser


def run(plan: Plan) -> dict[str, Any]:
    """Carry out a plan in a separate process and data folder."""
    with private_installation(ARENA_BLOCK_SIZE=str(plan.block_size), ARENA_LEASE_SECONDS="3") as environment:
        table = Path(environment["ARENA_DATA"]) / "episodes.csv"
        began = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.equality", "--child", json.dumps(asdict(plan)), str(table)]
        subprocess.run(command, cwd=CHECKOUT, env=environment, check=True)
        content, choices = table.read_bytes(), log_beside(table).read_bytes()
    return {
        "name": plan.name,
        "episodes": content.count(b"\n") - 1,
        "rounds": int(choices.splitlines()[-1].split(b",")[0]),
        "seconds": time.monotonic() - began,
        "kills": plan.kills,
        "sha256": hashlib.sha256(content + choices).hexdigest(),
    }


def log_beside(table: Path) -> Path:
    """Return the path of the log of the format's choices."""
    return table.with_name("choices.csv")


def play(plan: Plan, table: Path) -> int:
    """In the child process: create the tournament, start workers, kill some, wait for the end, and write the table."""
    set_up_django()
    from tournament import exports, logs, tables
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
        table.write_bytes(b"".join(tables.write(exports.episodes_of_tournament(tournament), "csv")))
        log_beside(table).write_bytes(b"".join(tables.write(logs.choices_of_tournament(tournament), "csv")))
    finally:
        crew.end()
    return 0


def make_tournament(plan: Plan) -> Any:
    """Create the plan's tournament, with built-in agents and those uploaded ones that fit the scenario."""
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
    tournament = organising.create_tournament(
        organising.TournamentRequest(
            "Equality",
            scenario,
            fields["camera"],
            fields["target"],
            plan.episodes,
            format=plan.format,
            settings=plan.settings,
        )
    )
    hints.send()
    return tournament


def upload(path: Path) -> Sequence[Any]:
    """Upload a file as the website does, and wait until a worker has accepted its agents; return these."""
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


if __name__ == "__main__":
    sys.exit(main())
