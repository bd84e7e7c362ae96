"""Measure whole matches with all statistics: ``python -m benchmarks.matches``.

In each step, both teams decide, the actions are rounded, the game advances, both teams observe, and every statistic of
an episode is recorded. A new episode replaces each finished one. ``--soak N`` plays N short episodes instead, in blocks
like those of a worker and with ten networks in memory, and prints the memory that the process uses.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from benchmarks import machine, table, upstream
from benchmarks.entrants import builtin, network, random_checkpoint
from mate import Team
from mate.episodes import BATCH_SIZE, AgentFactory, play
from mate.scenario import Scenario
from policies import Checkpoint, Dimensions

UPSTREAM_AGENTS = ("greedy", "heuristic", "naive")
WANTED = {"greedy": 165_000.0, "heuristic": 70_000.0, "mappo": 10_000.0, "hrl-mappo": 10_000.0}
SOAK_BLOCK, SOAK_STEPS, SOAK_NETWORKS = 64, 100, 10


@dataclass(frozen=True)
class Entry:
    """A pairing to time; episodes end after ``max_steps``, so that a repeat takes some seconds."""

    name: str
    camera: AgentFactory
    target: AgentFactory
    max_steps: int


def entries() -> list[Entry]:
    """Return the pairings to time."""
    rules = [Entry(name, builtin(name, "camera"), builtin(name, "target"), 2000) for name in batched_names()]
    mappo = network("mappo", "target")
    return [
        *rules,
        Entry("mappo", network("mappo", "camera"), mappo, 300),
        Entry("hrl-mappo", network("hrl-mappo", "camera"), mappo, 300),
    ]


def batched_names() -> tuple[str, ...]:
    """Return the names of the rule-based agents, those with a reference first."""
    return ("greedy", "heuristic", "naive", "random")


def play_entry(entry: Entry, scenario: Scenario, size: int, episodes: int) -> Callable[[], float]:
    """Return a function that plays the episodes of a pairing; its units are environment steps."""

    def work() -> float:
        results = play(scenario, entry.camera, entry.target, range(episodes), size, entry.max_steps)
        return float(sum(result.steps for result in results))

    return work


def figures_of(name: str, options: argparse.Namespace, loop: upstream.Loop | None) -> Iterator[table.Figure]:
    """Yield the figures of all pairings of one scenario, at all batch sizes."""
    scenario = Scenario.load(name)
    is_reference = name == "MATE-4v8-9"
    for entry in entries():
        if entry.name not in options.only:
            continue
        for size in options.sizes:
            work = play_entry(entry, scenario, size, max(size, options.episodes))
            peer = loop if entry.name in UPSTREAM_AGENTS and size == BATCH_SIZE else None
            timing, beside = upstream.measure_beside(work, options.repeats, peer, name, entry.name)
            rival = "mappo" if "mappo" in entry.name else entry.name
            wanted = WANTED.get(entry.name) if is_reference and size == BATCH_SIZE else None
            yield table.rate(f"{name}, {entry.name} vs {rival}, batch of {size}", "steps/s", timing, beside, wanted)
    if loop is not None and "greedy" in options.only:
        yield own_loop(name, options.repeats, loop)


def own_loop(name: str, repeats: int, loop: upstream.Loop) -> table.Figure:
    """Measure upstream's loop with one object per agent, with our `mate` and with the original one."""
    ours = upstream.open_ours()
    try:
        timing, beside = upstream.compare(
            lambda: ours.measure(name, "greedy"), lambda: loop.measure(name, "greedy"), repeats
        )
    finally:
        ours.end()
    return table.rate(f"{name}, greedy vs greedy, mate.make and agent objects", "steps/s", timing, beside, wanted=None)


def soak(episodes: int) -> list[table.Figure]:
    """Play many short episodes in blocks, in a process that holds the same as a worker and ten networks."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        os.environ |= {"ARENA_DATA": folder, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        import django

        django.setup()
        import tasks.work  # noqa: F401  all that a worker imports

        return _soak(episodes)


def _soak(episodes: int) -> list[table.Figure]:
    from tournament import agents, matches

    scenario = Scenario.load("MATE-4v8-9")
    greedy = {team: agents.Builtin(team, "greedy") for team in Team}
    for number in range(SOAK_NETWORKS):
        checkpoint = random_checkpoint("mappo", "camera", Dimensions(4, 8, 9), number)
        camera = agents.LearnedAgent("camera", checkpoint.digest, deterministic=False)
        matches.play(scenario, camera, greedy[Team.TARGET], range(64), partial(_give, checkpoint), max_steps=10)
    blocks, early = -(-episodes // SOAK_BLOCK), 0.0
    for block in range(blocks):
        seeds = range(block * SOAK_BLOCK, (block + 1) * SOAK_BLOCK)
        matches.play(scenario, greedy[Team.CAMERA], greedy[Team.TARGET], seeds, max_steps=SOAK_STEPS)
        if block == blocks // 20:
            early = machine.resident_mebibytes()
    late = machine.resident_mebibytes()
    count = f"{blocks * SOAK_BLOCK:,}"
    return [
        table.Figure(
            f"a worker's memory, {SOAK_NETWORKS} networks loaded, after {count} episodes", late, "MiB", wanted=700
        ),
        table.Figure(f"growth over the last 95 % of {count} episodes", late - early, "MiB", wanted=5),
    ]


def _give(checkpoint: Checkpoint, digest: str) -> Checkpoint:
    assert checkpoint.digest == digest
    return checkpoint


def main() -> int:
    """Run the command. Return its exit status."""
    names = [entry.name for entry in entries()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matches", description=__doc__)
    parser.add_argument("--scenarios", nargs="+", default=["MATE-4v8-9"], metavar="NAME")
    parser.add_argument("--sizes", nargs="+", type=int, default=[BATCH_SIZE], metavar="B", help="batch sizes")
    parser.add_argument(
        "--episodes", type=int, default=128, metavar="N", help="episodes of each repeat, at least one batch"
    )
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="measure only these pairings")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument(
        "--soak", type=int, metavar="N", help="play this many short episodes and print the memory that the process uses"
    )
    table.add_options(parser)
    upstream.add_options(parser)
    options = parser.parse_args()
    if options.soak is not None:
        found = soak(options.soak)
    else:
        loop = upstream.open_loop(options)
        found = [figure for name in options.scenarios for figure in figures_of(name, options, loop)]
        if loop is not None:
            loop.end()
    table.report(found, options.json)
    return 1 if any(figure.is_met is False for figure in found) else 0


if __name__ == "__main__":
    sys.exit(main())
