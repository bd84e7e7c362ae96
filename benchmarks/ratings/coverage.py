"""``python -m benchmarks.ratings coverage``: how often do intervals of ratings and ranks contain the truth?

A league's true ratings are those that the same schedule would give with infinitely many seeds in place of each episode.
For duplicate Elo they are the strengths of a Bradley-Terry model. It is fitted without a prior to the probabilities
that one agent does better than another against each opponent, weighted by the numbers of comparisons. For the margin
they come from the model fitted to the pairings' exact mean shares. Neither model has to hold exactly, because pairings
interact. In an uneven schedule, agents play between a fifth and all of the episodes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings.league import MEASURED, League
from mate import Team
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import AgentRating, BoardEvidence, Ratings, bradley_terry, margin, outcome, rate
from tournament.ratings.comparisons import Comparisons
from tournament.ratings.fitting import SCALE

Array = NDArray[np.float64]

WANTED = (0.93, 0.97)


def add_coverage_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the study's options."""
    parser.add_argument("--leagues", type=int, default=1000)
    parser.add_argument("--agents", type=int, default=12, help="number of cameras, which is also the number of targets")
    parser.add_argument("--episodes", type=int, nargs="+", default=[10, 50, 200], help="episodes of each pairing")
    parser.add_argument("--uneven", action="store_true", help="give the agents different numbers of episodes")
    parser.add_argument("--anchored", action="store_true", help="rate relative to an anchor agent instead of the mean")
    parser.add_argument("--noise", nargs="+", choices=sorted(MEASURED), default=sorted(MEASURED))
    parser.add_argument("--spread", type=float, default=0.06, help="standard deviation of the agents' mean payoffs")
    parser.add_argument(
        "--interaction", type=float, default=0.02, help="standard deviation of the interaction effect of a pairing"
    )
    parser.add_argument("--seed", type=int, default=0)


def run_coverage(arguments: argparse.Namespace) -> int:
    """Print a table; return 1 if the coverage of an interval is not as wanted, else 0."""
    print(
        "| scenario | episodes a pairing | Elo | margin | rank | all ranks of a board | first: said / was | Brier "
        "score |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    is_met = True
    for noise in arguments.noise:
        for episodes in arguments.episodes:
            tally = Tally()
            for number in range(arguments.leagues):
                size = arguments.agents, arguments.agents
                league = League.draw(
                    *size, MEASURED[noise], arguments.seed + number, arguments.spread, arguments.interaction
                )
                game = play_all(league, episodes, arguments.uneven)
                anchors = {"camera": "c0", "target": "t0"} if arguments.anchored else {}
                tally.add(league, game, rate(game, anchors, is_game_solved=False))
            print(f"| {noise} | {episodes} | {tally.row()} |", flush=True)
            is_met &= tally.is_met
    return int(not is_met)


def play_all(league: League, episodes: int, is_uneven: bool = False) -> MetaGame:
    """Play a round robin with `episodes` (if uneven, at most) per pairing; seeds are shared as in the arena."""
    m, n = league.true.shape
    camera, target, number = (axis.ravel() for axis in np.indices((m, n, episodes)))
    if is_uneven:
        random = np.random.default_rng([league.generator_seed, 4])
        most = [np.maximum(2, random.uniform(0.2, 1.0, size) * episodes) for size in (m, n)]
        kept = number < np.minimum(most[0][camera], most[1][target])
        camera, target, number = camera[kept], target[kept], number[kept]
    keyed = np.where(number % 2 == 0, target, n + camera)
    payoff = league.payoff(camera, target, number)
    return MetaGame.from_episodes(
        league.cameras, league.targets, Episodes(camera, target, keyed * episodes + number, -payoff)
    )


def true_strengths(league: League, team: str, comparisons: Comparisons) -> Array:
    """Return a team's true Bradley-Terry strengths (k,), in logits of mean 0: the limit of infinite comparisons."""
    from scipy.special import ndtr

    payoff = league.true if team == Team.CAMERA else -league.true.T
    _, camera, target, rest = league.noise.deviations
    own = camera if team == Team.CAMERA else target
    wins, total = np.zeros((len(payoff), len(payoff))), np.zeros((len(payoff), len(payoff)))
    for opponent, scores in enumerate(payoff.T):
        _, count = comparisons.wins_against(opponent)
        wins += count * ndtr(np.subtract.outer(scores, scores) / np.sqrt(2 * (own**2 + rest**2)))
        total += count
    return bradley_terry.fit(wins, total, prior=0.0).values


def true_margins(league: League, count: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return true skills (m,) and (n,) of the margin model: its limit for ever larger multiples of `count` (m, n)."""
    exact = margin.Observations.from_means(outcome(-league.true), np.zeros(count.shape), 10**6 * count)
    boards = margin.fit(exact, np.ones(count.shape[0], dtype=bool), np.ones(count.shape[1], dtype=bool))
    return boards[0].skills, boards[1].skills


@dataclass(frozen=True)
class Case:
    """One agent's line of a board, with the true values."""

    line: AgentRating
    strength: float
    margin: float
    rank: int


class Tally:
    """Counts, over many leagues, of how often intervals contained the truth."""

    def __init__(self) -> None:
        self._hits: dict[str, list[float]] = defaultdict(list)

    def add(self, league: League, game: MetaGame, ratings: Ratings) -> None:
        """Add a league's boards to the counts."""
        counted = BoardEvidence.of(game).comparisons
        for team, margins in zip(Team, true_margins(league, game.count), strict=True):
            strengths = true_strengths(league, team, counted[team])
            cases = list(match(ratings.board(team), strengths, margins))
            for case in cases:
                if not case.line.is_anchor:
                    self._note("elo", case.line.lower, case.strength, case.line.upper)
                    self._note("margin", case.line.margin_lower, case.margin, case.line.margin_upper)
                self._note("rank", case.line.best_rank, case.rank, case.line.worst_rank)
                chance, was = float(case.line.first_probability or 0.0), float(case.rank == 1)
                self._hits["brier"].append((chance - was) ** 2)
            self._hits["ranks"].append(float(np.mean(self._hits["rank"][-len(cases) :]) == 1.0))
            favourite = max(cases, key=lambda case: case.line.first_probability or 0.0)
            self._hits["said"].append(float(favourite.line.first_probability or 0.0))
            self._hits["was"].append(float(favourite.rank == 1))

    def _note(self, name: str, lower: float | None, truth: float, upper: float | None) -> None:
        self._hits[name].append(float(lower is None or upper is None or lower <= truth <= upper))

    def share(self, name: str) -> float:
        """Return the mean of the values that were recorded under a name."""
        return float(np.mean(self._hits[name]))

    @property
    def is_met(self) -> bool:
        """Whether intervals of ratings have the wanted coverage, and those of ranks at least that coverage."""
        inside = all(WANTED[0] <= self.share(name) <= WANTED[1] for name in ("elo", "margin"))
        return inside and self.share("rank") >= 0.95

    def row(self) -> str:
        """Return the cells of a table's row."""
        names = ("elo", "margin", "rank", "ranks")
        shares = " | ".join(f"{100 * self.share(name):.1f} %" for name in names)
        return f"{shares} | {self.share('said'):.3f} / {self.share('was'):.3f} | {self.share('brier'):.4f}"


def match(lines: Sequence[AgentRating], strengths: Array, margins: Array) -> Iterator[Case]:
    """Yield a board's lines with the true strengths and skills; agents are named c0, c1, ... or t0, t1, ..."""
    is_anchored = any(line.is_anchor for line in lines)
    zeros = (strengths[0], margins[0]) if is_anchored else (strengths.mean(), margins.mean())
    ranks = 1 + (strengths[None, :] > strengths[:, None]).sum(axis=1)
    for line in lines:
        number = int(line.digest[1:])
        yield Case(
            line,
            float(1000 + SCALE * (strengths[number] - zeros[0])),
            float(1000 + SCALE * (margins[number] - zeros[1])),
            int(ranks[number]),
        )
