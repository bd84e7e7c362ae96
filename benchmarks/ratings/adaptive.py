"""``python -m benchmarks.ratings ranking`` and ``nash``: how many episodes do the adaptive formats need?

Both studies play the real formats of `tournament.formats` in synthetic leagues and compare them with uniform schedules.
The same rule, which knows the true payoffs, stops both schedules. A ranking stops when every pair of cameras that
differ by at least the resolution is separated. A Nash tournament stops when the NashConv of its equilibrium in the true
game is at most epsilon.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings.league import MEASURED, League, play
from tournament import meta_solvers
from tournament.formats import FORMATS, ChosenEpisodes, Evidence
from tournament.formats.gaps import Side, measure

Array = NDArray[np.float64]


def add_common_arguments(parser: argparse.ArgumentParser, spread: float, interaction: float) -> None:
    """Add the options of both studies."""
    parser.add_argument("--leagues", type=int, default=20)
    parser.add_argument("--cameras", type=int, default=40)
    parser.add_argument("--targets", type=int, default=40)
    parser.add_argument("--noise", choices=sorted(MEASURED), default="MATE-4v8-9")
    parser.add_argument("--spread", type=float, default=spread, help="standard deviation of the agents' mean payoffs")
    parser.add_argument(
        "--interaction",
        type=float,
        default=interaction,
        help="standard deviation of the interaction effect of a pairing",
    )
    parser.add_argument("--seed", type=int, default=0)


def draw_leagues(arguments: argparse.Namespace) -> Iterator[League]:
    """Yield the leagues of a study."""
    for number in range(arguments.leagues):
        yield League.draw(
            arguments.cameras,
            arguments.targets,
            MEASURED[arguments.noise],
            arguments.seed + number,
            arguments.spread,
            arguments.interaction,
        )


def add_ranking_arguments(parser: argparse.ArgumentParser) -> None:
    add_common_arguments(parser, spread=0.1, interaction=0.02)
    parser.add_argument("--resolution", type=float, default=0.01)


def add_nash_arguments(parser: argparse.ArgumentParser) -> None:
    add_common_arguments(parser, spread=0.06, interaction=0.05)
    parser.add_argument("--epsilon", type=float, default=0.01)
    parser.add_argument(
        "--most", type=int, default=300, help="maximum number of episodes of each pairing in uniform schedules"
    )


@dataclass(frozen=True)
class RankingResult:
    """The numbers of episodes that schedules needed in one league, and the adaptive one's verdicts at its own end.

    `adaptive` is None if the format ended before it had separated all pairs that differ by at least the resolution.
    `wrong` counts separated pairs in the wrong order, `missed` pairs that should have been separated and were not.
    """

    independent: int
    shared: int
    adaptive: int | None
    ended: int
    wrong: int
    missed: int
    pairs: int


def run_ranking(arguments: argparse.Namespace) -> int:
    """Print the table of the ranking study; 1 if the adaptive schedule needs more than a third of the uniform one's
    episodes.
    """
    results = []
    print(
        "| league | uniform, independent seeds | uniform, shared seeds | adaptive | adaptive, own end | wrong | "
        "missed |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, league in enumerate(draw_leagues(arguments)):
        result = study_ranking(league, arguments.resolution)
        results.append(result)
        print(
            f"| {number} | {result.independent:,} | {result.shared:,} | {_tell(result.adaptive)} | {result.ended:,} "
            f"| {result.wrong} | {result.missed} |",
            flush=True,
        )
    columns = ("independent", "shared", "adaptive", "ended", "wrong", "missed")
    medians = [
        median(inf if (count := getattr(result, column)) is None else count for result in results) for column in columns
    ]
    print("| median | " + " | ".join(f"{value:,.0f}" for value in medians) + " |")
    share = medians[2] / medians[0]
    pairs = sum(result.pairs for result in results)
    print(f"\nAdaptive against uniform with independent seeds: {share:.3f} of the episodes (medians).")
    print(f"Of {pairs:,} pairs, {sum(result.wrong for result in results)} ended in the wrong order.")
    return int(share > 1 / 3)


def study_ranking(league: League, resolution: float) -> RankingResult:
    """Rank one league's cameras by three schedules."""
    means = league.true.mean(axis=1)
    true = means[:, None] - means[None, :]
    matters = np.triu(np.abs(true) >= resolution, 1)
    format: Any = FORMATS["ranking"].make({"team": "camera", "resolution": resolution}, league.cameras, league.targets)
    confidence = format.confidence / 100

    def is_separated(evidence: Evidence) -> bool:
        gaps = measure(Side.of(evidence.seen_by("camera")), confidence)
        return bool((gaps.separated & (gaps.gap * true > 0))[matters].all())

    reached: list[int] = []

    def note(evidence: Evidence) -> bool:
        if not reached and is_separated(evidence):
            reached.append(len(evidence))
        return False

    ended = play(league, format, note)
    gaps = measure(Side.of(ended.seen_by("camera")), confidence)
    upper = np.triu(np.ones_like(matters), 1)
    return RankingResult(
        independent=_rank_uniformly(league, matters, true, confidence),
        shared=_share_uniformly(league, is_separated),
        adaptive=reached[0] if reached else None,
        ended=len(ended),
        wrong=int((gaps.separated & (gaps.gap * true < 0) & upper).sum()),
        missed=int((~gaps.separated & matters).sum()),
        pairs=int(upper.sum()),
    )


def _rank_uniformly(league: League, matters: NDArray[np.bool_], true: Array, confidence: float) -> int:
    """Return the episodes until all pairs that matter are separated, if every episode has a seed of its own."""
    from scipy.stats import t as student

    generator = np.random.default_rng([league.generator_seed, 3])
    rows, columns = league.true.shape
    sums, squares = np.zeros(league.true.shape), np.zeros(league.true.shape)
    for held in range(1, 100_000):
        payoff = generator.normal(league.true, league.noise.deviation)
        sums += payoff
        squares += payoff**2
        if held < 2:
            continue
        means = sums / held
        variance = (squares - held * means**2).sum(axis=1) / (columns * (held - 1))
        error = np.sqrt((variance[:, None] + variance[None, :]) / (columns * held))
        gap = means.mean(axis=1)[:, None] - means.mean(axis=1)[None, :]
        quantile = student.ppf(0.5 + confidence / 2, 2 * columns * (held - 1))
        if ((np.abs(gap) > quantile * error) & (gap * true > 0))[matters].all():
            return held * rows * columns
    raise RuntimeError("The uniform schedule does not separate the cameras: is their noise finite?")


def _share_uniformly(league: League, is_enough: Callable[[Evidence], bool]) -> int:
    """Return the episodes until `is_enough`, if all cameras always play the same seeds."""
    rows, columns = league.true.shape
    evidence = Evidence.of(league.cameras, league.targets)
    for held in range(100_000):
        choices = [ChosenEpisodes(row, column, 2 * held, 1, 2) for row in range(rows) for column in range(columns)]
        evidence = league.answer(evidence, choices)
        if is_enough(evidence):
            return len(evidence)
    raise RuntimeError("The shared schedule does not separate the cameras: is their noise finite?")


@dataclass(frozen=True)
class NashResult:
    """The episodes until the true NashConv of the solved table was at most epsilon: for the first time, and for good.

    They are `None` if that did not happen within the study. `ended` is the number of episodes at the adaptive format's
    own end, `bound` its reported upper bound of the NashConv, and `true` the true NashConv.
    """

    uniform: int | None
    uniform_for_good: int | None
    adaptive: int | None
    adaptive_for_good: int | None
    ended: int
    bound: float
    true: float


def run_nash(arguments: argparse.Namespace) -> int:
    """Print the table of the Nash study; 1 if the adaptive schedule needs more than a quarter of the uniform one's
    episodes.
    """
    results = []
    print("| league | uniform | uniform, for good | adaptive | adaptive, for good | own end | vouched for | true |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, league in enumerate(draw_leagues(arguments)):
        result = study_nash(league, arguments.epsilon, arguments.most)
        results.append(result)
        counts = (result.uniform, result.uniform_for_good, result.adaptive, result.adaptive_for_good, result.ended)
        print(
            f"| {number} | {' | '.join(_tell(count) for count in counts)} | {result.bound:.4f} | {result.true:.4f} |",
            flush=True,
        )
    columns = ("uniform", "uniform_for_good", "adaptive", "adaptive_for_good", "ended")
    medians = [
        median(inf if (count := getattr(result, column)) is None else count for result in results) for column in columns
    ]
    print("| median | " + " | ".join(f"{value:,.0f}" for value in medians) + " | | |")
    print(f"\nAdaptive against uniform: {medians[2] / medians[0]:.3f} of the episodes (medians).")
    kept = sum(result.true <= result.bound for result in results)
    print(f"For good, {medians[3] / medians[1]:.3f}. The bound was kept in {kept} of {len(results)} leagues.")
    return int(medians[2] / medians[0] > 1 / 4)


def _tell(count: int | None) -> str:
    return "not reached" if count is None else f"{count:,}"


def study_nash(league: League, epsilon: float, most: int) -> NashResult:
    """Look for one league's equilibrium by two schedules."""
    format: Any = FORMATS["nash"].make({"epsilon": epsilon}, league.cameras, league.targets)
    seen: list[tuple[int, float]] = []

    def note(evidence: Evidence) -> bool:
        solution = format.solve(evidence)
        seen.append((len(evidence), true_nash_conv(league.true, solution.camera, solution.target)))
        return False

    ended = play(league, format, note)
    uniform = _solve_uniformly(league, most)
    return NashResult(
        _first(uniform, epsilon),
        _for_good(uniform, epsilon),
        _first(seen, epsilon),
        _for_good(seen, epsilon),
        len(ended),
        format.solve(ended).nash_conv,
        seen[-1][1],
    )


def true_nash_conv(true: Array, camera: Array, target: Array) -> float:
    """Return the NashConv of two strategies in the true game: the sum of both teams' gains from best responses."""
    return float((true @ target).max() - (camera @ true).min())


def _solve_uniformly(league: League, most: int) -> list[tuple[int, float]]:
    """Return the episodes and the true NashConv of a uniform schedule, after each further episode of all pairings."""
    generator = np.random.default_rng([league.generator_seed, 3])
    sums, seen = np.zeros(league.true.shape), []
    for held in range(1, most + 1):
        sums += generator.normal(league.true, league.noise.deviation)
        solved = meta_solvers.nash(sums / held)
        seen.append((held * league.true.size, true_nash_conv(league.true, solved.camera, solved.target)))
    return seen


def _first(seen: Sequence[tuple[int, float]], epsilon: float) -> int | None:
    return next((episodes for episodes, nash_conv in seen if nash_conv <= epsilon), None)


def _for_good(seen: Sequence[tuple[int, float]], epsilon: float) -> int | None:
    """Return the number of episodes after which the NashConv never exceeded epsilon again; None if there is none."""
    last = max((place for place, (_, nash_conv) in enumerate(seen) if nash_conv > epsilon), default=-1)
    return seen[last + 1][0] if last + 1 < len(seen) else None
