"""Measure the website under many simultaneous readers: ``python -m benchmarks.load``.

The benchmark fills an installation with a played tournament, on SQLite and on its own PostgreSQL server. ``wrk``
requests its pages over 1, 10, 50 and 200 connections. Each line shows the answers per second, the 50th, 95th and 99th
percentiles of the response time, the number of errors, and the processor time of the web server and its database per
answer. Other programs on the machine affect the processor time least. The exit status is 1 if any answer was an error.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks import load_figures, replays, wrk
from benchmarks.installation import private_installation, set_up_django
from benchmarks.load_figures import Rate
from mate import Team
from portal.launcher import commands
from portal.launcher.broker import find_free_port
from portal.launcher.installation import CHECKOUT, LocalInstallation
from tests import postgres

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
READY_SECONDS = 60.0


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 10, 50, 200], metavar="N")
    parser.add_argument(
        "--pages", nargs="+", metavar="NAME", help="some of: home, board, agent, pairing, replay, API board"
    )
    parser.add_argument(
        "--seconds", type=float, default=5, help="seconds to request each page with each number of connections"
    )
    parser.add_argument("--agents", type=int, default=12, metavar="N", help="number of agents in each field")
    parser.add_argument("--episodes", type=int, default=100, metavar="N", help="episodes of each pairing")
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--playing", action="store_true", help="measure while a worker plays a tournament")
    parser.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    parser.add_argument(
        "--before", metavar="FILE", help="file with the figures of an earlier run, to print side by side"
    )
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill:
        print(json.dumps(fill(options)))
        return 0
    wrk.require()
    found = [rate for database in options.databases for rate in measure(database, options)]
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(rate) for rate in found], indent=1))
    load_figures.report(found, load_figures.read(options.before))
    return 1 if any(rate.errors for rate in found) else 0


def fill(options: argparse.Namespace) -> dict[str, str]:
    """In a child process: insert a synthetic tournament; return the addresses of the pages by name."""
    from django.core.management import call_command
    from django.urls import reverse

    set_up_django()
    from benchmarks import history
    from tournament import entries, leaderboards, organising

    call_command("collectstatic", interactive=False, verbosity=0)
    tournament = history.make_tournament(options.agents, options.episodes)
    history.play(tournament)
    organising.finish_if_complete(tournament)
    scenario = tournament.scenario
    for _ in range(5):
        leaderboards.refit(scenario)
    if options.playing:
        rows = entries.register_builtin_agents()
        cameras, targets = ([row for row in rows if row.team == team] for team in Team)
        organising.create_tournament(organising.TournamentRequest("Being played", scenario, cameras, targets, 5000))
    pairing = tournament.pairings.first()
    (episode,) = replays.play_episodes(1)
    return {
        "home": reverse("home"),
        "board": reverse("leaderboard", args=[scenario.slug]),
        "agent": reverse("agent", args=[pairing.camera.slug]),
        "pairing": reverse("pairing", args=[pairing.pk]),
        "replay": reverse("replay", args=[episode]),
        "API board": reverse("api:leaderboard", args=[scenario.slug]),
    }


def measure(database: str, options: argparse.Namespace) -> Iterator[Rate]:
    """Yield the figures of one database."""
    if database == "postgresql" and postgres.find_binaries() is None:
        print("PostgreSQL is left out, for want of a server.", file=sys.stderr)
        return
    with ExitStack() as stack:
        more = {"DATABASE_URL": stack.enter_context(postgres.cluster())} if database == "postgresql" else {}
        environment = stack.enter_context(private_installation()) | more
        addresses = json.loads(run_here("--fill", options, environment).splitlines()[-1])
        if options.playing:
            stack.enter_context(process(commands.worker("worker-1"), environment, "worker"))
        port = find_free_port()
        web = LocalInstallation(data=Path(environment["ARENA_DATA"]), port=port)
        server = stack.enter_context(process(commands.web(web), environment, "web"))
        stack.enter_context(process(commands.player(web), environment, "player"))
        site = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{site}/help/")
        for name in options.pages or addresses:
            for connections in options.connections:
                yield press(site + addresses[name], connections, options.seconds, server.pid, environment).named(
                    DATABASES[database], name
                )


def run_here(flag: str, options: argparse.Namespace, environment: dict[str, str]) -> str:
    command = [sys.executable, "-m", "benchmarks.load", flag, f"--agents={options.agents}"]
    command += [f"--episodes={options.episodes}", *(["--playing"] if options.playing else [])]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextmanager
def process(command: list[str], environment: dict[str, str], name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process of the portal while the block runs; then end it and all processes that it started."""
    with open(Path(environment["ARENA_DATA"]) / f"{name}.log", "wb") as log:
        started = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield started
    finally:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def wait_until_ready(address: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise SystemExit("The web server did not come up.") from None
            time.sleep(0.2)


def press(address: str, connections: int, seconds: float, pid: int, environment: dict[str, str]) -> Rate:
    """Request an address over several connections, each again as soon as it has an answer."""
    settle(pid, environment)
    before = processor_seconds(pid, environment)
    told = wrk.press(address, connections, seconds)
    spent = processor_seconds(pid, environment) - before
    rate = told["requests"] / told["seconds"]
    each = 1000 * spent / max(told["requests"], 1)
    return Rate("", "", connections, rate, told["p50"], told["p95"], told["p99"], told["failed"], each)


def settle(pid: int, environment: dict[str, str]) -> None:
    """Wait until the server is idle: some servers go on with requests of clients that have disconnected."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        before = processor_seconds(pid, environment)
        time.sleep(0.5)
        if processor_seconds(pid, environment) - before < 0.05:
            return


def processor_seconds(pid: int, environment: dict[str, str]) -> float:
    """Return the processor seconds of the web server's processes and of its PostgreSQL."""
    ticks = 0
    database = environment.get("DATABASE_URL", "").split("@")[-1]
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rsplit(")", 1)[1].split()
            command = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(words[3]) == pid or (database and command.startswith("postgres: arena ")):
            ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
