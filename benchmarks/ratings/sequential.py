"""``python -m benchmarks.ratings sequential``: does the sequential test hold its error rates, and how long is it?

The study plays the real format of `tournament.formats` many times between two agents with a known difference. True
differences lie at the test's bounds, between and beyond them, and there are several kinds of noise. The fixed-size test
with the same error probabilities is shown for comparison. For the estimates after stopping, the study shows how often
they are too low (one half means median-unbiased) and how often the interval contains the truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.ratings.league import CHUNK, League, Noise, play
from tournament.formats import FORMATS
from tournament.formats.likelihood import ELO

Array = NDArray[np.float64]


def _ties(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw noise that is zero in seven of ten episodes, and a large step up or down in the others."""
    return generator.choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=shape) / sqrt(0.3)


def _skewed(generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Draw noise that is mostly a little above the mean, and sometimes far below it."""
    return 1.0 - generator.exponential(1.0, shape)


KINDS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Array]] = {
    "normal": lambda generator, shape: generator.normal(size=shape),
    "ties": _ties,
    "skewed": _skewed,
}
"""Distributions of an agent's own part of an episode's noise, with mean 0 and variance 1."""


@dataclass
class Duel(League):
    """Two cameras. If the noise is skewed, the second camera's own noise is still normal, so differences are skewed."""

    kind: str = "normal"

    def _noise(self, generator: np.random.Generator, by_target: bool) -> Array:
        """Draw noise (2, n, CHUNK): that of the seed, which cancels, and each camera's own."""
        shape = (*self.true.shape, CHUNK)
        seed = generator.normal(0, self.noise.deviations[0], (1, *shape[1:]))
        own = KINDS[self.kind](generator, shape)
        if self.kind == "skewed":
            own[1] = generator.normal(size=shape[1:])
        return seed + own * self.noise.deviation * sqrt(1 - self.noise.seed)


@dataclass(frozen=True)
class Summary:
    """The results of many tests at one true difference: shares of verdicts, episodes, and quality of estimates."""

    better: float
    not_better: float
    mean: float
    ninetieth: float
    too_low: float
    covered: float


def add_sequential_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tests", type=int, default=1000, help="number of tests at each true difference")
    parser.add_argument("--opponents", type=int, default=8)
    parser.add_argument("--lower", type=float, default=0.0)
    parser.add_argument("--upper", type=float, default=50.0)
    parser.add_argument("--error", type=float, default=5.0, help="error rate of the test, in per cent")
    parser.add_argument("--round-size", type=int, default=128)
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument("--seed", type=int, default=0)


def run_sequential(arguments: argparse.Namespace) -> int:
    """Print the table; return 1 if a share is out of its allowed range, or the test is not shorter; else 0.

    The error probability may be as wanted, 45 to 55 % of estimates may be too low, and 93 to 97 % of intervals may
    contain the truth. Three simulation errors are tolerated beyond these ranges.
    """
    fixed = 2 * ceil(_fixed_size(arguments))
    allowed = arguments.error / 100
    limit = allowed + _simulation_error(allowed, arguments.tests)
    print(f"A fixed-size test with the same error probabilities needs {fixed:,} episodes.\n")
    print("| noise | true nElo | better | not better | mean episodes | 90 % need at most | too low | interval holds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    is_good = is_calibrated = True
    span = arguments.upper - arguments.lower
    for kind in arguments.kinds:
        for elo in (arguments.lower + share * span for share in (-0.5, 0.0, 0.5, 1.0, 1.5)):
            summary = study(arguments, kind, elo)
            print(
                f"| {kind} | {elo:.0f} | {summary.better:.1%} | {summary.not_better:.1%} | {summary.mean:,.0f} "
                f"| {summary.ninetieth:,.0f} | {summary.too_low:.1%} | {summary.covered:.1%} |",
                flush=True,
            )
            wrong = summary.better if elo <= arguments.lower else summary.not_better if elo >= arguments.upper else 0.0
            is_good &= wrong <= limit and summary.mean < fixed
            is_calibrated &= _is_calibrated(summary, arguments.tests)
    print(
        f"\nWrong verdicts are at most {limit:.1%} (as wanted, and three simulation errors), tests shorter: {is_good}."
    )
    print(f"Estimates and their intervals after stopping are calibrated: {is_calibrated}.")
    return int(not (is_good and is_calibrated))


def _simulation_error(share: float, tests: int) -> float:
    """Return three standard errors of a share among this number of tests."""
    return 3 * sqrt(share * (1 - share) / tests)


def _is_calibrated(summary: Summary, tests: int) -> bool:
    is_centred = abs(summary.too_low - 0.5) <= 0.05 + _simulation_error(0.5, tests)
    return is_centred and abs(summary.covered - 0.95) <= 0.02 + _simulation_error(0.95, tests)


def _fixed_size(arguments: argparse.Namespace) -> float:
    """Return the number of paired differences of the fixed-size test with both error probabilities as wanted.

    Its threshold lies in the middle of the bounds.
    """
    quantile = NormalDist().inv_cdf(1 - arguments.error / 100)
    return (2 * quantile / ((arguments.upper - arguments.lower) / ELO)) ** 2


def study(arguments: argparse.Namespace, kind: str, elo: float) -> Summary:
    """Run many tests at one true difference; return their summary."""
    noise = Noise(0.056, seed=0.55, camera_by_seed=0.0, target_by_seed=0.0)
    difference = elo / ELO * noise.deviation * sqrt(2 * (1 - noise.seed))
    opponents = np.random.default_rng(arguments.seed).normal(0, 0.1, arguments.opponents)
    true = np.stack([opponents + difference, opponents])
    settings = {name: getattr(arguments, name) for name in ("lower", "upper", "error", "round_size")}
    verdicts, episodes, estimates = [], [], []
    for number in range(arguments.tests):
        duel = Duel(true, noise, arguments.seed * 1_000_003 + number, kind=kind)
        format: Any = FORMATS["sequential"].make(settings, duel.cameras, duel.targets)
        trial = format.judge(play(duel, format))
        verdicts.append(trial.verdict)
        episodes.append(2 * trial.looks[-1].count)
        estimates.append(trial.estimate)
    t = elo / ELO
    return Summary(
        better=float(np.mean([verdict == "better" for verdict in verdicts])),
        not_better=float(np.mean([verdict == "not-better" for verdict in verdicts])),
        mean=float(np.mean(episodes)),
        ninetieth=float(np.quantile(episodes, 0.9)),
        too_low=float(np.mean([found.value < t for found in estimates])),
        covered=float(np.mean([found.lower <= t <= found.upper for found in estimates])),
    )
