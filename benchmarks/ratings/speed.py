"""``python -m benchmarks.ratings speed``: how long does a large fit take, and a refit after a block?

From arrays, on one core, the study measures three things: boards with intervals, Nash, deviation ratings and cyclicity;
the support frequencies of Nash alone; and a new rating after a block is added to the evidence. Times are processor
time, so that other programs matter less. The first fit, which loads libraries, is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import table
from benchmarks.clock import measure
from benchmarks.ratings.league import MEASURED, League
from tournament import meta_solvers
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import BoardEvidence, rate
from tournament.strips import PairingRows, split

BLOCK = 64


def add_speed_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument(
        "--agents", type=int, default=100, help="number of cameras, which is also the number of targets"
    )
    parser.add_argument("--episodes", type=int, default=100, help="episodes of each pairing")
    parser.add_argument("--repeats", type=int, default=5)
    table.add_options(parser)


def run_speed(arguments: argparse.Namespace) -> int:
    """Print a table; return 1 if a time is longer than wanted, else 0."""
    league = League.draw(arguments.agents, arguments.agents, MEASURED["MATE-4v8-9"], 0)
    camera, target, seed, reward = invent(league, arguments.episodes)

    def gather() -> MetaGame:
        return MetaGame.from_episodes(league.cameras, league.targets, Episodes(camera, target, seed, reward))

    game = gather()
    rate(game, replicates=0)
    cells = split(Episodes(camera, target, seed, reward))
    evidence = BoardEvidence(league.cameras, league.targets, cells)
    fresh = iter(range(10**9))

    def refit() -> Any:
        for place, block in split(invent_block(league, next(fresh))).items():
            known = cells[place]
            cells[place] = PairingRows(np.append(known.seed, block.seed), np.append(known.reward, block.reward))
        evidence.update(cells)
        return rate(evidence)

    refit()
    what = f"{arguments.agents} x {arguments.agents} agents, {len(seed):,} episodes"
    steps: list[tuple[str, Callable[[], Any], float | None]] = [
        (f"{what}: all boards, from arrays", lambda: rate(gather()), 1.0),
        (f"{what}: a block of {BLOCK} more, rated anew", refit, 0.5),
        ("of the first: sorting and comparing", lambda: BoardEvidence.of(game), None),
        ("of the first: Nash", lambda: meta_solvers.nash(game.payoff), None),
        ("of the first: deviation ratings", lambda: meta_solvers.deviation_ratings(game.payoff), None),
        ("of the first: cyclicity", lambda: meta_solvers.cyclicity(game, replicates=100), None),
    ]
    figures = [table.Figure(name, *seconds(work, arguments.repeats), wanted=wanted) for name, work, wanted in steps]
    table.report(figures, arguments.json)
    return int(any(figure.is_met is False for figure in figures))


def seconds(work: Callable[[], Any], repeats: int) -> tuple[float, str, float]:
    """Return the processor seconds of one call, their unit, and the wall seconds."""

    def once() -> float:
        work()
        return 1.0

    timing = measure(once, repeats, seconds=0.0)
    return 1.0 / timing.by_processor, "s", 1.0 / timing.by_wall


def invent(league: League, episodes: int) -> tuple[Any, Any, Any, Any]:
    """Return the columns of a synthetic round robin in random order, with widely spread seeds as in the arena."""
    m, n = league.true.shape
    camera, target, number = (axis.ravel() for axis in np.indices((m, n, episodes)))
    payoff = league.payoff(camera, target, number)
    keyed = np.where(number % 2 == 0, target, n + camera) * episodes + number
    generator = np.random.default_rng(0)
    seeds, order = generator.integers(0, 2**62, keyed.max() + 1), generator.permutation(len(keyed))
    return camera[order], target[order], seeds[keyed][order], -payoff[order]


def invent_block(league: League, number: int) -> Episodes:
    """Return further synthetic episodes of one pairing."""
    generator = np.random.default_rng([1, number])
    camera, target = (np.full(BLOCK, generator.integers(size)) for size in league.true.shape)
    reward = generator.normal(-league.true[camera, target], league.noise.deviation)
    return Episodes(camera, target, generator.integers(0, 2**62, BLOCK), reward)
