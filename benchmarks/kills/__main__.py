"""Check that a kill at any instant loses and corrupts no data: ``python -m benchmarks.kills --kills 200``.

The benchmark starts a portal with its own data folder. It runs these operations in turn: upload a file, check a file,
publish a tournament's leaderboard, train an agent, advance a PSRO run, write a backup. At a random instant it kills
(SIGKILL) the process that writes the data, and starts it again. After each kill, the portal must show no incomplete
data: files and checkpoints match their digests, published fits have their episodes, and backups are complete. In the
end, all operations must have finished. The exit status is 0 if all of this holds. `--quick` trains with a stand-in for
RLlib.

A run may be divided: `--record FILE` keeps the outcomes of each call in a file, and the table has those of all calls.
With `--seconds`, no kill follows after so many seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from benchmarks.kills import outcomes
from benchmarks.kills.sound import find_halves
from benchmarks.kills.subjects import SUBJECTS, Operation, Portal
from benchmarks.psro_table import find_faults
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT, LocalInstallation
from tests.tasks import stand_in

SETTINGS = {
    "ARENA_LEASE_SECONDS": "4", "ARENA_BLOCK_SIZE": "8", "ARENA_TRAINING_SLOTS": "1", "ARENA_TRAINING_CORES": "1",
    "ARENA_TRAINING_NICE": "0", "ARENA_TRAINING_FREE_BYTES": "0", "ARENA_FREE_BYTES": "0", "ARENA_LIMITS": "off",
    "ARENA_QUOTAS": "off", "ARENA_OPEN_UPLOADS": "1000",
}  # fmt: skip


def main() -> int:
    """Run the command. Return its exit status."""
    options = make_parser().parse_args()
    if options.child:
        return hurt(options)
    quick = {"ARENA_TRAINING_COMMAND": " ".join(stand_in.COMMAND)} if options.quick else {}
    with private_installation(**SETTINGS, **quick) as environment:
        command = [sys.executable, "-m", "benchmarks.kills", *sys.argv[1:], "--child"]
        return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, help="of the random instants (default: the number of recorded kills)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="time after which no more kills are made")
    parser.add_argument("--record", type=Path, help="file that keeps the outcomes; those in it are added to the table")
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    return parser


class Cast(Crew):
    """The processes of the portal, each in a process group with its children."""

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal = portal
        data = Path(os.environ["ARENA_DATA"])
        self.commands = {
            "web": commands.web(LocalInstallation(data=data, port=portal.port)),
            "worker-0": commands.worker("worker-0"),
            "trainer-0": commands.trainer("trainer-0"),
            "sweep": commands.manage("sweep", "--every", "0.5"),
        }
        for name in self.commands:
            self.begin(name)

    def begin(self, name: str) -> None:
        log = Path(os.environ["ARENA_DATA"]) / f"{name}.log"
        with open(log, "ab") as file:
            self.processes[name] = subprocess.Popen(
                self.commands[name], cwd=CHECKOUT, stdout=file, stderr=file, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """Kill a process with its children and restart it. A backup is not restarted."""
        if name == "backup":
            assert self.portal.backup is not None
            self.portal.backup.kill()
            self.portal.backup.wait()
            return
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()
        self.begin(name)

    def end(self) -> None:
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGKILL)
        super().end()


def hurt(options: argparse.Namespace) -> int:
    """In the child process: kill, check after each kill, wait for the end, and print the table."""
    set_up_django()
    portal = open_portal()
    earlier = outcomes.read(options.record)
    draws = random.Random(len(earlier) if options.seed is None else options.seed)
    began = time.monotonic()
    crew = Cast(portal)
    try:
        kills: list[outcomes.Pending] = []
        while len(kills) < options.kills and time.monotonic() - began < options.seconds:
            name = options.subjects[(len(earlier) + len(kills)) % len(options.subjects)]
            kills.append(kill(name, portal, crew, draws, len(kills) + 1))
        unfinished = wait_for_the_end(portal)
        halves = list(find_halves(portal.backups))
    finally:
        crew.end()
    found = [*earlier, *(outcome.conclude() for outcome in kills)]
    outcomes.keep(options.record, found)
    print(machine.sentence())
    print(f"{len(kills)} kills in {time.monotonic() - began:.0f} s; rows at the end: {json.dumps(count_rows(portal))}")
    return outcomes.report(found, unfinished, halves)


def kill(name: str, portal: Portal, crew: Cast, draws: random.Random, number: int) -> outcomes.Pending:
    """Start an operation, kill its process at a random instant, and look for incomplete data."""
    subject = SUBJECTS[name]
    operation: Operation = subject.begin(portal)
    wait_for(operation.has_begun)
    seconds = draws.uniform(0.0, subject.latest)
    time.sleep(seconds)
    was_over = bool(operation.find_end())
    crew.kill(subject.victim)
    halves = find_halves(portal.backups)
    print(f"{number}: {name} after {seconds:.2f} s{', too late' if was_over else ''}", file=sys.stderr, flush=True)
    return outcomes.Pending(name, seconds, was_over, halves, operation)


def open_portal() -> Portal:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from portal.management.commands.prepare import Command
    from portal.models import ApiToken

    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    Command().mark_storage()
    user = User.objects.create_user("kills")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    backups = Path(os.environ["ARENA_DATA"]) / "backups"
    backups.mkdir()
    return Portal(port, ApiToken.issue(user, "kills")[1], backups)


def wait_for_the_end(portal: Portal) -> list[str]:
    """Wait until everything that was started is over; return what did not end well."""
    from portal import backups
    from tournament.models import PsroRun, PsroState, Tournament, TrainingRun, TrainingState, Upload

    for thread in portal.threads:
        thread.join(300)
    wait_for(lambda: not Upload.objects.filter(state__in=("waiting", "checking")).exists())
    wait_for(lambda: not PsroRun.objects.filter(state=PsroState.RUNNING).exists())
    over = (TrainingState.FINISHED, TrainingState.FAILED)
    wait_for(lambda: not TrainingRun.objects.exclude(state__in=over).exists())
    wait_for(lambda: not Tournament.objects.filter(state="playing").exists())
    backups.verify(backups.back_up(portal.backups))
    found = [f"upload {row.pk} is {row.state}: {row.reason}" for row in Upload.objects.exclude(state="accepted")]
    found += [f"{row.name} is {row.state}" for row in Tournament.objects.exclude(state="finished")]
    return found + [f"{run.name}: {fault}" for run in PsroRun.objects.all() for fault in find_faults(run)]


def count_rows(portal: Portal) -> dict[str, int]:
    """Return the numbers of rows at the end."""
    from tournament.models import Episode, PsroRun, RatingSnapshot, TrainingRun, Upload

    models: tuple[Any, ...] = (Upload, Episode, RatingSnapshot, TrainingRun, PsroRun)
    found = {str(model._meta.model_name): model.objects.count() for model in models}
    return found | {"backups": len(list(portal.backups.glob("[0-9]*")))}


if __name__ == "__main__":
    sys.exit(main())
