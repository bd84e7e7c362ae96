"""Play the leaderboards of the built-in agents on a portal: ``python -m benchmarks.baselines``.

The benchmark starts a portal with its own website, workers and broker. It starts round robins of all built-in agents
through the REST API. Then it reads the leaderboards from the API, takes screenshots of their pages, and writes both to
``docs/baselines.md`` (``benchmarks.baselines_page``). With ``--data``, the data folder is kept, and the next run reuses
the episodes in it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.installation import CHECKOUT, Crew, set_up_django, wait_for
from benchmarks.rest import Portal
from mate.agents.batched import BUILTIN_NAMES
from portal.launcher import broker, commands
from portal.launcher.installation import LocalInstallation

SCENARIOS = ("MATE-4v8-9", "MATE-2v4-0", "MATE-8v8-9")

POLL_SECONDS = 5.0


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder of the portal (default: a temporary folder)")
    parser.add_argument("--scenarios", nargs="+", default=list(SCENARIOS), metavar="NAME")
    parser.add_argument("--episodes", type=int, default=400, metavar="N", help="episodes of each pairing")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--port", type=int, default=8790, metavar="N")
    parser.add_argument("--no-page", action="store_true", help="play the episodes and do not write the page")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return work(options)
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baselines-")))
        environment = stack.enter_context(running_broker(folder.resolve(), options.port))
        command = [sys.executable, "-m", "benchmarks.baselines", "--child", *sys.argv[1:]]
        return subprocess.run(command, cwd=CHECKOUT, env=environment).returncode


@contextmanager
def running_broker(folder: Path, port: int) -> Iterator[dict[str, str]]:
    """Run a Redis for a portal in this folder; yield the portal's environment."""
    installation = LocalInstallation(data=folder, port=port)
    installation.make_folders()
    names = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    private = broker.plan(installation)
    redis = subprocess.Popen(private.command, stdout=subprocess.DEVNULL)
    try:
        yield commands.child_environment(replace(installation, redis_url=private.url), names)
    finally:
        redis.terminate()
        redis.wait()


def work(options: argparse.Namespace) -> int:
    """In the child process: start the portal, play, and write the page."""
    from django.core.management import call_command

    set_up_django()
    call_command("collectstatic", interactive=False, verbosity=0)
    crew = Crew()
    try:
        crew.start(commands.web(LocalInstallation(Path(os.environ["ARENA_DATA"]), port=options.port)), "web")
        crew.start(commands.sweep(), "sweep")
        for number in range(options.workers):
            crew.start_worker(number)
        portal = Portal(f"http://127.0.0.1:{options.port}", make_token())
        wait_for(portal.is_up)
        played = {name: play(portal, name, options.episodes) for name in options.scenarios}
        if not options.no_page:
            from benchmarks import baselines_page

            baselines_page.write(portal, played)
    finally:
        crew.end()
    return 0


def make_token() -> str:
    """Register the built-in agents and scenarios; return a token of the user who starts the tournaments."""
    from django.contrib.auth.models import User

    from portal.models import ApiToken
    from tournament import entries

    entries.register_builtin_agents()
    for name in SCENARIOS:
        entries.register_scenario(name)
    user, _ = User.objects.get_or_create(username="baselines")
    return ApiToken.issue(user, "baselines")[1]


def play(portal: Portal, scenario: str, episodes: int) -> dict[str, Any]:
    """Play a round robin of all built-in agents through the API; return the finished tournament."""
    wanted = {
        "name": f"Baselines on {scenario}",
        "scenario": scenario.lower(),
        "cameras": [f"{name}-camera" for name in BUILTIN_NAMES],
        "targets": [f"{name}-target" for name in BUILTIN_NAMES],
        "episodes_per_pairing": episodes,
    }
    tournament = portal.post("tournaments", wanted)
    while not tournament["is_over"]:
        time.sleep(POLL_SECONDS)
        tournament = portal.get(f"tournaments/{tournament['id']}")
        progress = tournament["progress"]
        print(f"{scenario}: {progress['done']:,} of {progress['total']:,} episodes", file=sys.stderr, flush=True)
    if tournament["state"] != "finished":
        raise SystemExit(f"{scenario} ended as {tournament['state']}: {tournament['failures'][:3]}")
    return tournament


if __name__ == "__main__":
    sys.exit(main())
