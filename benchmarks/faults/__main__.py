"""Check that machine failures do not change the results of a tournament: ``python -m benchmarks.faults``.

Four workers on three hosts play the tournament. The hosts share PostgreSQL, Redis or Valkey, and S3 storage over a
network, and they share no folder. The first run has no faults. In the second run, workers are killed, the database is
restarted, crashes and finds its disk full, Redis loses all its data, a host loses its network, the disk of a host is
full, and a worker is suspended until its lease has expired. Five hosts with a wrong set-up run as well and must do no
harm: one without the storage, two with wrong clocks, one with another engine version, and one that returns wrong
results. The episode tables of both runs must be identical byte for byte. No block may fail. The status page must name
the problem of each host with a wrong set-up. The exit status is 0 if all of this holds. The benchmark needs root, to
create network namespaces.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.faults import faults, hosts, playing, servers, strangers
from benchmarks.faults.crew import Worker
from portal.launcher import commands
from portal.launcher.commands import ONE_THREAD

HOSTS = ("first", "second", "third")
WORKERS = (0, 1, 1, 2)
"""The host of each worker."""
WARMING = 200
"""Episodes that are played first, so that nothing is loaded or compiled during the measurement."""


def main() -> int:
    """Run the command. Return its exit status."""
    options = make_parser().parse_args()
    hosts.check_machine()
    strangers.check_machine()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        folder.chmod(0o755)
        found = Run(folder, stack, options).carry_out()
    print(json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--cut", type=float, default=60.0, metavar="SECONDS", help="how long a host is cut off from the network"
    )
    parser.add_argument("--lease", type=float, default=15.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0, help="random seed for the choice of the workers that are killed")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep the logs of all processes in this folder")
    return parser


@dataclass
class Told:
    """Observations during the second run."""

    faults: list[str] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)
    troubles: set[str] = field(default_factory=set)
    threads: list[threading.Thread] = field(default_factory=list)
    seconds: float = 0.0


class Run:
    """Servers, hosts and workers, and the tournament that they play twice."""

    def __init__(self, folder: Path, stack: ExitStack, options: argparse.Namespace) -> None:
        self.folder, self.stack, self.options = folder, stack, options
        self.logs = options.logs or folder
        self.logs.mkdir(exist_ok=True)
        shared = dict.fromkeys(ONE_THREAD, "1") | servers.ENVIRONMENT
        self.environment = os.environ | shared | {
            "ARENA_LEASE_SECONDS": str(options.lease), "SECRET_KEY": "faults", "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
        }  # fmt: skip
        os.environ.update(self.environment)

    def carry_out(self) -> dict[str, Any]:
        """Play the tournament twice; return the findings and the problems."""
        self.start_servers()
        playing.open_portal(self.folder)
        self.start_sweep()
        self.workers = [self.start_worker(host) for host in self.start_hosts(HOSTS, 1)]
        calm = self.play_calmly()
        playing.forget_tournament()
        told, course = self.play_amid_faults()
        return self.judge(calm, told, course)

    def start_servers(self) -> None:
        hosts.lay_servers_address()
        self.stack.callback(hosts.remove_servers_address)
        self.database = servers.Database(self.folder)
        self.stack.callback(self.database.end)
        self.redis = servers.start_redis(self.logs)
        self.stack.callback(self.redis.end)
        self.stack.callback(servers.start_storage(self.logs).end)

    def start_sweep(self) -> None:
        with open(self.logs / "sweep.log", "ab") as log:
            sweep = subprocess.Popen(commands.sweep(), stdout=log, stderr=log)
        self.stack.callback(sweep.wait)
        self.stack.callback(sweep.kill)

    def start_hosts(self, names: tuple[str, ...], first: int) -> list[hosts.Host]:
        """Start hosts with these names; return the host of each worker that is to run on them."""
        made = [hosts.Host(name, first + number) for number, name in enumerate(names)]
        for host in made:
            self.stack.callback(host.end)
        return [made[number] for number in WORKERS] if names == HOSTS else made

    def start_worker(self, host: hosts.Host, stranger: strangers.Stranger | None = None) -> Worker:
        environment = self.environment | dict(stranger.environment if stranger else {})
        command = list(stranger.command) if stranger else []
        worker = Worker(host, environment, self.logs / f"{host.name}.log", command or None)
        self.stack.callback(worker.end)
        return worker

    def play_calmly(self) -> dict[str, Any]:
        """Play the tournament without faults; return its duration and results."""
        self.wait_for_workers(len(WORKERS))
        self.play_to_the_end(WARMING, seed=1)
        course = self.play_to_the_end(self.options.episodes)
        return {"seconds": course.seconds, "table": course.table()}

    def play_to_the_end(self, episodes: int, seed: int = 0) -> playing.Course:
        course = playing.Course(playing.make_tournament(episodes, seed))
        while not course.is_over():
            time.sleep(0.2)
        return course

    def wait_for_workers(self, count: int) -> None:
        from tournament import queries

        while queries.live_workers().count() < count:
            time.sleep(0.2)

    def play_amid_faults(self) -> tuple[Told, playing.Course]:
        """Play the tournament with all faults."""
        names = tuple(one.name for one in strangers.STRANGERS)
        for host, stranger in zip(self.start_hosts(names, 10), strangers.STRANGERS, strict=True):
            self.start_worker(host, stranger)
        self.wait_for_workers(len(WORKERS) + len(names))
        options = self.options
        stage = faults.Stage(
            self.workers, self.database, self.redis, random.Random(options.seed), options.lease, options.cut
        )
        told, left = Told(), faults.plan(options.kills)
        ended: float | None = None
        course = playing.Course(playing.make_tournament(options.episodes))
        looked = 0.0
        while ended is None or any(thread.is_alive() for thread in told.threads):
            if left and left[0][0] <= course.share():
                told.threads.append(self.begin(left.pop(0)[1], stage, course, told))
            ended = (ended or course.seconds) if course.is_over() else None
            if time.monotonic() - looked > 2.0:
                looked = time.monotonic()
                self.listen(told)
            time.sleep(0.2)
        told.faults += [f"{fault.__name__} had no time: ask for more --episodes" for _, fault in left]
        told.seconds = ended
        return told, course

    def begin(self, fault: faults.Fault, stage: faults.Stage, course: playing.Course, told: Told) -> threading.Thread:
        """Start a fault in a thread of its own."""

        def happen() -> None:
            began = course.seconds
            told.faults.append(f"{began:6.1f} s: {fault(stage)}")

        thread = threading.Thread(target=happen, daemon=True)
        thread.start()
        return thread

    def listen(self, told: Told) -> None:
        """Record the status page's messages about strangers, and the problems that workers wait for."""
        from tournament.models import Worker

        told.troubles |= set(
            playing.ask(lambda: list(Worker.objects.exclude(trouble="").values_list("trouble", flat=True)))
        )
        rows = strangers.read_rows(playing.ask(playing.read_status_page))
        for stranger in strangers.STRANGERS:
            if found := re.search(f"[^.]*{stranger.said}", rows.get(stranger.name, "")):
                told.said.setdefault(stranger.name, found[0].strip()[-160:])

    def judge(self, calm: dict[str, Any], told: Told, course: playing.Course) -> dict[str, Any]:
        """Return the findings and the problems among them."""
        from tournament.models import Block, Tally

        blocks = course.tournament.blocks
        table = course.table()
        wrong = [text for text in told.faults if "had no time" in text]
        if table != calm["table"]:
            wrong.append("the tables of episodes differ")
        if course.tournament.state != "finished":
            wrong.append(f"the tournament ended as {course.tournament.state}")
        for stranger in strangers.STRANGERS:
            if stranger.name not in told.said:
                wrong.append(f"the status page did not say of {stranger.name} what is wrong")
            took = Block.objects.filter(worker__contains=f"@{stranger.name}/").count()
            if took and not stranger.may_play:
                wrong.append(f"{stranger.name} took {took} blocks")
            log = (self.logs / f"{stranger.name}.log").read_text(errors="replace")
            if "clock" in stranger.name and (lost := log.count("is no longer ours")):
                wrong.append(f"{stranger.name} lost {lost} leases")
        return {
            "machine": machine.sentence(),
            "episodes": course.tournament.num_episodes,
            "blocks": blocks.count(),
            "seconds undisturbed": round(calm["seconds"], 1),
            "seconds amid faults": round(told.seconds, 1),
            "sha256 of the table": table,
            "faults": sorted(told.faults),
            "starts of workers": sum(worker.starts for worker in self.workers),
            "blocks begun again": blocks.filter(attempts__gt=1).count(),
            "played by": {
                stranger.name: blocks.filter(worker__contains=f"@{stranger.name}/").count()
                for stranger in strangers.STRANGERS
            },
            "tallies": dict(Tally.objects.values_list("name", "count")),
            "said": told.said,
            "waited for": sorted(told.troubles),
            "wrong": wrong,
        }


if __name__ == "__main__":
    sys.exit(main())
