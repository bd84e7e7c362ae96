"""``python -m benchmarks.ratings psro``: how often do intervals of gains and of NashConv contain the truth?

Each league is one iteration of PSRO. `agents` of each team play each other, and a meta-solver turns their payoffs into
strategies. Then one more agent of each team joins, whose true gain is zero. As in the portal's runs, seeds follow the
arena's plan, and the same episodes choose the strategies and evaluate the new agents. The true gains and NashConv are
those of the chosen strategies in the true game.

In an *even* game all true payoffs are equal, so that only chance chooses the strategies. In a *cyclic* game every agent
is in the support of the equilibrium.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings.coverage import WANTED, play_all
from benchmarks.ratings.league import MEASURED, League
from tournament.meta_solvers import META_SOLVERS, Noise, nash
from tournament.psro import accounts

Array = NDArray[np.float64]

LEAST = 0.93
"""Minimum coverage of a one-sided bound."""
GAMES = ("even", "cyclic")
SWING = 0.3
"""Payoff of a cyclic game's agents against their own opponent; payoffs against the others balance it."""


def add_psro_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument("--leagues", type=int, default=1000)
    parser.add_argument(
        "--agents", type=int, nargs="+", default=[1, 2, 4, 8], help="number of agents in each team's strategy"
    )
    parser.add_argument(
        "--targets", type=int, help="number of targets in their strategy (default: the number of cameras)"
    )
    parser.add_argument("--episodes", type=int, default=20, help="episodes of each pairing")
    parser.add_argument("--solvers", nargs="+", choices=sorted(META_SOLVERS), default=["nash", "uniform"])
    parser.add_argument("--games", nargs="+", choices=GAMES, default=GAMES)
    parser.add_argument("--noise", choices=sorted(MEASURED), default="MATE-2v4-0")
    parser.add_argument("--without-seeds", action="store_true", help="treat the cells as independent")
    parser.add_argument("--seed", type=int, default=0)


def run_psro(arguments: argparse.Namespace) -> int:
    """Print a table; return 1 if the coverage of gains or of NashConv's bounds is not as wanted, else 0."""
    print("| game | meta-solver | agents | gain: covered | its lower limit | NashConv: lower limit holds | upper |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    is_met = True
    for game in arguments.games:
        for solver in arguments.solvers:
            for agents in arguments.agents:
                if game == "cyclic" and (agents == 1 or arguments.targets):
                    continue
                tally = study(arguments, game, solver, agents)
                print(f"| {game} | {solver} | {agents} | {tally.row()} |", flush=True)
                is_met &= tally.is_met
    return int(not is_met)


@dataclass
class Tally:
    """Counts of how often limits of intervals held."""

    held: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, low: float | None, truth: float, high: float | None) -> None:
        """Record whether an interval's limits hold; a limit of None always holds."""
        self.held[f"{name} low"].append(low is None or low <= truth)
        self.held[f"{name} high"].append(high is None or truth <= high)
        self.held[name].append(self.held[f"{name} low"][-1] and self.held[f"{name} high"][-1])

    def share(self, name: str) -> float:
        """Return how often a limit held."""
        return float(np.mean(self.held[name]))

    @property
    def is_met(self) -> bool:
        limits = ("nash_conv low", "nash_conv high")
        return WANTED[0] <= self.share("gain") <= WANTED[1] and all(self.share(name) >= LEAST for name in limits)

    def row(self) -> str:
        """Return the cells of a table's row."""
        names = ("gain", "gain low", "nash_conv low", "nash_conv high")
        return " | ".join(f"{100 * self.share(name):.1f} %" for name in names)


def study(arguments: argparse.Namespace, game: str, solver: str, agents: int) -> Tally:
    """Play and evaluate an iteration in each league."""
    tally = Tally()
    true = draw_game(game, agents, arguments.targets or agents)
    for number in range(arguments.leagues):
        league = League(true, MEASURED[arguments.noise], arguments.seed + number)
        judge(league, solver, arguments.episodes, tally, has_seeds=not arguments.without_seeds)
    return tally


def draw_game(game: str, cameras: int, targets: int) -> Array:
    """Return true payoffs (cameras + 1, targets + 1) of a game of value 0, with a new agent per team without gain."""
    true = np.zeros((cameras + 1, targets + 1))
    if game == "cyclic":
        true[:-1, :-1] = SWING * (cameras * np.eye(cameras) - 1) / (cameras - 1)
    return true


def judge(league: League, solver: str, episodes: int, tally: Tally, has_seeds: bool = True) -> None:
    """Solve the game without the new agents, add these, and check the intervals of their gains against the truth."""
    played = play_all(league, episodes)
    size = [number - 1 for number in league.true.shape]
    earlier = META_SOLVERS[solver](played.payoff[: size[0], : size[1]])
    game = played if has_seeds else replace(played, episodes=None)
    camera, target = (np.append(strategy, 0.0) for strategy in earlier)
    said = accounts.judge_responses(game, earlier, Noise.of(game), nash(game))
    value = float(camera @ league.true @ target)
    truths = {"camera": float(league.true[-1] @ target) - value, "target": value - float(camera @ league.true[:, -1])}
    for team, truth in truths.items():
        gain = said[f"{team}_gain"]
        tally.add("gain", gain["low"], truth, gain["high"])
    nash_conv = float((league.true @ target).max() - (camera @ league.true).min())
    low, high = said["nash_conv_interval"] or (None, None)
    tally.add("nash_conv", low, nash_conv + accounts.NEGLIGIBLE, high)
