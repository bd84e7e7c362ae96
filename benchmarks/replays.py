"""Measure how long a replay takes to open and how fast the viewer draws: ``python -m benchmarks.replays``.

The benchmark starts its own portal, which plays episodes of greedy agents in MATE-8v8-9. A browser then opens replays
that nobody has opened before, first one after the other and then five at a time. It plays one replay at two speeds and
counts the frames per second. Times run from the navigation to the first frame.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browsing import open_page
from benchmarks.installation import Crew, private_installation, set_up_django, wait_for
from benchmarks.rest import Portal
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT, LocalInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCENARIO = "MATE-8v8-9"
SPEEDS = (1, 64)
SECONDS = 5.0
"""Seconds during which frames are counted at each speed."""
AT_ONCE = 5
FIRST_FRAME = "performance.getEntriesByName('first-frame')[0].startTime"
PLAY = """async ([speed, seconds]) => {
  const viewer = document.querySelector("[data-stage]").viewer;
  viewer.dispatch({type: "seek", frame: 0});
  viewer.dispatch({type: "loop", on: true});
  viewer.dispatch({type: "speed", value: speed});
  const costs = [];
  const render = viewer.render.bind(viewer);
  viewer.render = () => { const before = performance.now(); render(); costs.push(performance.now() - before); };
  viewer.dispatch({type: "play"});
  const begin = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  viewer.dispatch({type: "pause"});
  costs.sort((a, b) => a - b);
  const rate = 1000 * costs.length / (performance.now() - begin);
  return {rate, middle: costs[costs.length >> 1], worst: costs.at(-1)};
}"""


def main() -> int:
    """Parse the command line; run in a child whose environment is an installation of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replays", description=__doc__)
    parser.add_argument(
        "--episodes", type=int, default=20, metavar="N", help="number of replays that are opened one after the other"
    )
    parser.add_argument("--port", type=int, default=8123)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return measure(options)
    with private_installation() as environment:
        command = [sys.executable, "-m", "benchmarks.replays", "--child", *sys.argv[1:]]
        return subprocess.run(command, cwd=CHECKOUT, env=environment).returncode


def measure(options: argparse.Namespace) -> int:
    from django.core.management import call_command

    set_up_django()
    call_command("collectstatic", interactive=False, verbosity=0)
    episodes = play_episodes(options.episodes + AT_ONCE + 1)
    installation = LocalInstallation(Path(os.environ["ARENA_DATA"]), port=options.port)
    crew = Crew()
    try:
        crew.start(commands.web(installation), "web")
        crew.start(commands.player(installation), "player")
        portal = Portal(f"http://127.0.0.1:{options.port}", "")
        wait_for(portal.is_up)
        wait_for((installation.data / "player.sock").exists)
        with open_page(viewport={"width": 1366, "height": 768}) as page:
            open_replays(page, portal.address, episodes[:1])  # It loads the scripts and styles of all pages.
            report("one after the other", open_replays(page, portal.address, episodes[1 : options.episodes + 1]))
            report(f"{AT_ONCE} at once", open_together(page, portal.address, episodes[-AT_ONCE:]))
            for speed in SPEEDS:
                found = page.evaluate(PLAY, [speed, SECONDS])
                rate, middle, worst = (found[name] for name in ("rate", "middle", "worst"))
                print(f"{speed:3d}x: {rate:.0f} frames a second; a frame costs {middle:.1f} ms, {worst:.1f} ms at most")
    finally:
        crew.end()
    return 0


def play_episodes(count: int) -> list[int]:
    """Play episodes, store them as a worker does, and return their keys."""
    from mate.scenario import Scenario
    from tournament import entries, leaderboards, matches
    from tournament.models import Agent, Episode, Pairing

    scenario = entries.register_scenario(SCENARIO)
    entries.register_builtin_agents()
    camera, target = (Agent.objects.get(slug=f"greedy-{team}") for team in ("camera", "target"))
    pairing = Pairing.objects.create(scenario=scenario, camera=camera, target=target)
    specs = entries.load_spec(camera), entries.load_spec(target)
    results = matches.play(Scenario.load(SCENARIO), *specs, list(range(count)))
    rows = [
        Episode(
            pairing=pairing, engine=leaderboards.engine_version(), seed=result.seed, steps=result.steps,
            completed=result.completed, target_reward=result.target_reward, normalised_reward=result.normalised_reward,
            coverage=result.mean_coverage_rate, real_coverage=result.mean_real_coverage_rate,
            transport=result.mean_transport_rate, delivered=result.delivered_cargoes, digest=f"{result.digest:016x}",
        )
        for result in results
    ]  # fmt: skip
    Episode.objects.bulk_create(rows)
    return list(Episode.objects.filter(pairing=pairing).order_by("pk").values_list("pk", flat=True))


def open_replays(page: Page, address: str, episodes: list[int]) -> list[float]:
    """Return the milliseconds from each navigation to the first frame."""
    times = []
    for key in episodes:
        page.goto(f"{address}/episodes/{key}/", wait_until="commit")
        page.wait_for_selector("[data-stage][data-ready]")
        times.append(float(page.evaluate(FIRST_FRAME)))
    return times


def open_together(page: Page, address: str, episodes: list[int]) -> list[float]:
    """Return the same for several users who open their replays at the same moment."""
    pages = [page.context.new_page() for _ in episodes]
    for one, key in zip(pages, episodes, strict=True):
        one.goto(f"{address}/episodes/{key}/", wait_until="commit")
    times = []
    for one in pages:
        one.wait_for_selector("[data-stage][data-ready]")
        times.append(float(one.evaluate(FIRST_FRAME)))
        one.close()
    return times


def report(what: str, times: list[float]) -> None:
    middle, worst = statistics.median(times), max(times)
    print(f"{what}: first frame of {len(times)} fresh replays after {middle:.0f} ms (worst {worst:.0f} ms)")


if __name__ == "__main__":
    sys.exit(main())
