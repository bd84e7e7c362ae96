"""``python -m benchmarks.ratings support``: are support frequencies calibrated?

The true equilibrium is that of a league's true payoffs. Frequencies are pooled over leagues and both teams. Of the
agents with frequencies around 30 %, 30 % should be in the true support.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings.coverage import play_all
from benchmarks.ratings.league import MEASURED, League
from tournament import meta_solvers
from tournament.ratings import rate

EDGES = np.array([0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0])
PLAYED = 1e-4
"""Minimum weight with which an agent counts as in the support."""
TOLERANCE = 0.05
"""Maximum mean absolute difference between predicted and actual frequencies."""


def add_support_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument("--leagues", type=int, default=300)
    parser.add_argument("--agents", type=int, default=12, help="number of cameras, which is also the number of targets")
    parser.add_argument("--episodes", type=int, nargs="+", default=[10, 50, 200], help="episodes of each pairing")
    parser.add_argument("--noise", choices=sorted(MEASURED), default="MATE-4v8-9")
    parser.add_argument("--spread", type=float, default=0.06, help="standard deviation of the agents' mean payoffs")
    parser.add_argument(
        "--interaction", type=float, default=0.02, help="standard deviation of the interaction effect of a pairing"
    )
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)


def run_support(arguments: argparse.Namespace) -> int:
    """Print a table for each number of episodes; return 1 if a mean difference exceeds ``TOLERANCE``, else 0."""
    worst = 0.0
    for episodes in arguments.episodes:
        said, was, values = collect(arguments, episodes)
        error = show(episodes, said, was)
        print(
            f"\nMean difference of a row, weighed by agents: {error:.3f}. Intervals of the value held it in "
            f"{values:.1%}.\n"
        )
        worst = max(worst, error)
    return int(worst > TOLERANCE)


def collect(arguments: argparse.Namespace, episodes: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], float]:
    """Return, for all agents of all leagues, their support frequency and whether they are in the true support.

    The third result is how often the interval of the game's value contained the true value.
    """
    said: list[float] = []
    was: list[bool] = []
    held: list[bool] = []
    size = arguments.agents
    for number in range(arguments.leagues):
        league = League.draw(
            size, size, MEASURED[arguments.noise], arguments.seed + number, arguments.spread, arguments.interaction
        )
        true = meta_solvers.nash(league.true)
        ratings = rate(play_all(league, episodes), {}, replicates=arguments.replicates)
        for lines, strategy in ((ratings.cameras, true.camera), (ratings.targets, true.target)):
            said += [float(line.nash_support or 0.0) for line in lines]
            was += [bool(strategy[int(line.digest[1:])] > PLAYED) for line in lines]
        summary = ratings.nash
        assert summary is not None and summary.value_lower is not None and summary.value_upper is not None
        held.append(summary.value_lower <= true.value <= summary.value_upper)
    return np.array(said), np.array(was), float(np.mean(held))


def show(episodes: int, said: NDArray[np.float64], was: NDArray[np.bool_]) -> float:
    """Print a table and return the mean absolute difference of its rows, weighted by their numbers of agents."""
    print(f"{episodes} episodes a pairing:\n")
    print("| frequency | agents | said | was | standard error |")
    print("| --- | ---: | ---: | ---: | ---: |")
    bins = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
    total = 0.0
    for number in range(len(EDGES) - 1):
        mine = bins == number
        if mine.any():
            expected, observed = float(said[mine].mean()), float(was[mine].mean())
            error = float(np.sqrt(max(expected * (1 - expected), 1e-9) / mine.sum()))
            name = f"{EDGES[number]:.0%} to {EDGES[number + 1]:.0%}"
            print(f"| {name} | {mine.sum():,} | {expected:.3f} | {observed:.3f} | {error:.3f} |", flush=True)
            total += mine.sum() * abs(expected - observed)
    return total / len(said)
