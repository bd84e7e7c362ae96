"""Head to head: a sequential test of whether one agent is better than another of its team.

Both play the same opponents from the same seeds; what counts are the differences. The test ends as soon as these say enough: early where
the agents differ much, late where they do not. Errors of either kind have the chosen probability, however often one looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, isfinite

import numpy as np

from tournament.formats.evidence import Array, Choice, Evidence
from tournament.formats.format import Figure, Finding, FormatInfo
from tournament.formats.gaps import LEAST_FREEDOM, Side
from tournament.formats.likelihood import (
    ELO,
    Bounds,
    Estimate,
    bend,
    estimate,
    expect_left,
    log_likelihood_ratio,
    straighten,
)
from tournament.formats.numbers import write
from tournament.formats.settings import ROUND_SIZE, TEAM, Setting, SettingsRefused, most

VERDICTS = {
    "better": "The first agent is better than the second",
    "not-better": "The first agent is not better than the second",
    "undecided": "It could not be decided which agent is better",
    "open": "It is open which agent is better",
}


@dataclass(frozen=True)
class Look:
    """What the paired differences say after some of them: their number, mean, variance and skewness, and the log-likelihood ratio."""

    count: int
    mean: float
    variance: float
    skewness: float
    ratio: float


@dataclass(frozen=True)
class Trial:
    """A test so far. `looks` are those up to the one at which it ended; `verdict` is a key of VERDICTS."""

    bounds: Bounds
    looks: tuple[Look, ...]
    num_opponents: int
    level: int
    verdict: str

    @cached_property
    def straight(self) -> Estimate | None:
        """`estimate` as the log-likelihood ratio sees it: straightened."""
        if not self.looks:
            return None
        return estimate(self.bounds, [look.count for look in self.looks], self.looks[-1].ratio)

    @cached_property
    def estimate(self) -> Estimate | None:
        """t, the mean difference in units of its deviation; median-unbiased. None before the first look."""
        if self.straight is None:
            return None
        skewness, low, high = self.looks[-1].skewness, self.bounds.low, self.bounds.high
        numbers = (self.straight.value, self.straight.lower, self.straight.upper)
        return Estimate(*(bend(number, skewness, low, high) for number in numbers))


@dataclass(frozen=True)
class Sequential:
    """Tests t <= `lower` against t >= `upper` (normalised Elo) for the first agent of a team's field against the second.

    A look is taken after every round; rounds have the same number of shared episodes against every opponent, so looks are known in advance.
    """

    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    team: str
    lower: float
    upper: float
    error: float
    most: int
    round_size: int

    def __post_init__(self) -> None:
        if self.lower >= self.upper:
            text = f"The lower bound ({write(self.lower)}) must be below the upper bound ({write(self.upper)})."
            raise SettingsRefused([("settings.lower", text)])
        if len(self.field) != 2:
            text = f"A head-to-head test compares two agents: the {self.team} field has {len(self.field)}. Choose exactly two."
            raise SettingsRefused([(f"{self.team}s", text)])

    @property
    def field(self) -> tuple[str, ...]:
        return self.cameras if self.team == "camera" else self.targets

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most

    def levels(self, num_opponents: int) -> list[int]:
        """Shared episodes an opponent at which the test is looked at."""
        step = max(1, ceil(self.round_size / (2 * max(num_opponents, 1))))
        first = max(step, 1 + ceil(LEAST_FREEDOM / max(num_opponents, 1)))
        return [*range(min(first, self.most), self.most, step), self.most]

    def judge(self, evidence: Evidence) -> Trial:
        """The test of the episodes so far, look by look."""
        side = Side.of(evidence.seen_by(self.team))
        both = len(side.agents) == 2 and len(side.opponents) > 0
        opponents = len(side.opponents) if both else 0
        level = int(side.level.min()) if both else 0
        levels = self.levels(opponents)
        step = (levels[1] - levels[0] if len(levels) > 1 else levels[0]) * max(opponents, 1)
        bounds = Bounds.of(self.lower / ELO, self.upper / ELO, self.error / 100, step)
        looks: list[Look] = []
        verdict = "open" if both else "undecided"
        for held in levels if both else []:
            if held > level:
                break
            looks.append(_look(side.payoff[0, :, :held] - side.payoff[1, :, :held], bounds))
            verdict = _decide(bounds, looks[-1].ratio, is_last=held == self.most)
            if verdict != "open":
                break
        return Trial(bounds, tuple(looks), opponents, level, verdict)

    def choose(self, evidence: Evidence, round: int) -> list[Choice]:
        """Both agents' episodes up to the next look."""
        trial = self.judge(evidence)
        if trial.verdict != "open":
            return []
        view = evidence.seen_by(self.team)
        opponents = Side.of(view).opponents
        wanted = next(level for level in self.levels(trial.num_opponents) if level > trial.level)
        reason = _explain(trial)
        return [
            view.choice(agent, int(other), int(held), int(wanted - held), reason)
            for agent in (0, 1)
            for other, held in zip(opponents, view.count[agent, opponents], strict=True)
            if wanted > held
        ]

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """The verdict, or how the test stands. The trace is that of the test itself: a point a look."""
        trial = self.judge(evidence)
        trace = tuple(
            {
                "episodes": 2.0 * look.count,
                "ratio": look.ratio,
                "reject": trial.bounds.reject,
                "accept": trial.bounds.accept,
                "difference": look.mean,
            }
            for look in trial.looks
        )
        return Finding(
            headline=self._summarise(trial),
            figures=self._figures(trial),
            trace=trace,
            is_decided=trial.verdict in ("better", "not-better"),
            expected_left=self._expect(trial),
            details={"verdict": trial.verdict, "first": self.field[0], "second": self.field[1]},
        )

    def _summarise(self, trial: Trial) -> str:
        if not trial.looks:
            return f"{VERDICTS[trial.verdict]}: too few episodes are played."
        upper, lower, episodes = write(self.upper), write(self.lower), 2 * trial.looks[-1].count
        ratio, reject, accept = _write_standing(trial)
        return (
            f"{VERDICTS[trial.verdict]} (normalised Elo of {upper} or more against {lower} or less): after {episodes:,} episodes "
            f"the log-likelihood ratio is {ratio}, bounds {reject} and {accept}."
        )

    def _figures(self, trial: Trial) -> tuple[Figure, ...]:
        found = trial.estimate
        if found is None:
            return (
                Figure("Normalised Elo of the first over the second", None),
                Figure("Difference", None, unit="payoff"),
            )
        deviation = float(np.sqrt(trial.looks[-1].variance))
        return (
            _scale("Normalised Elo of the first over the second", found, ELO, ""),
            _scale("Difference", found, deviation, "payoff"),
            Figure("Log-likelihood ratio", trial.looks[-1].ratio),
            Figure("Paired differences", float(trial.looks[-1].count)),
        )

    def _expect(self, trial: Trial) -> int | None:
        if trial.verdict != "open":
            return 0
        if trial.straight is None:
            middle = expect_left(trial.bounds, 0.0, trial.bounds.middle)
            return min(int(2 * middle), self.limit)
        left = 2 * expect_left(trial.bounds, trial.looks[-1].ratio, trial.straight.value)
        return min(ceil(left), 2 * trial.num_opponents * (self.most - trial.level))


def _look(differences: Array, bounds: Bounds) -> Look:
    """`differences` (opponents, episodes); each opponent's mean is its own, their spread is no noise."""
    opponents, held = differences.shape
    count, mean, freedom = differences.size, float(differences.mean()), opponents * (held - 1)
    deviations = differences - differences.mean(axis=1, keepdims=True)
    variance = float((deviations**2).sum() / freedom) if freedom else 0.0
    skewness = 0.0
    if held > 2 and variance > 0:
        # Third powers of deviations from a mean of few are too small by this factor.
        shrinkage = (held - 1) * (held - 2) / held**2
        skewness = float((deviations**3).mean() / shrinkage / variance**1.5)
    ratio = _weigh(count, mean, variance, skewness, bounds)
    return Look(count, mean, variance, skewness, ratio)


def _weigh(count: int, mean: float, variance: float, skewness: float, bounds: Bounds) -> float:
    """The log-likelihood ratio of differences that are this skewed."""
    low, high = bounds.low, bounds.high
    if variance > 0:
        deviation = float(np.sqrt(variance))
        mean = deviation * (straighten(mean / deviation, skewness, low, high) + skewness / (6 * count))
    return log_likelihood_ratio(count, mean, variance, low, high)


def _decide(bounds: Bounds, ratio: float, is_last: bool) -> str:
    if ratio >= bounds.accept:
        return "better"
    if ratio <= bounds.reject:
        return "not-better"
    return "undecided" if is_last else "open"


def _explain(trial: Trial) -> str:
    if not trial.looks:
        return "Both agents play the same opponents from the same seeds until the first look."
    ratio, reject, accept = _write_standing(trial)
    return f"The log-likelihood ratio is {ratio}, between {reject} and {accept}."


def _write_standing(trial: Trial) -> list[str]:
    """The log-likelihood ratio at the last look, and its bounds."""
    return [write(number, "z.2f") for number in (trial.looks[-1].ratio, trial.bounds.reject, trial.bounds.accept)]


def _scale(title: str, found: Estimate, unit: float, name: str) -> Figure:
    """An estimate in other units; a limit that does not exist is left out."""
    value, lower, upper = (
        number * unit if isfinite(number) else None for number in (found.value, found.lower, found.upper)
    )
    return Figure(title, value, lower, upper, name)


SEQUENTIAL = FormatInfo(
    "sequential",
    "Head to head",
    "Two agents of a team play the same opponents from the same seeds until it is clear whether the first is better (GSPRT).",
    (
        TEAM,
        Setting(
            "lower",
            "Lower bound",
            "At or below this, the first agent counts as not better.",
            "number",
            0.0,
            -500.0,
            500.0,
            unit="normalised Elo",
        ),
        Setting(
            "upper",
            "Upper bound",
            "At or above this, the first agent counts as better. The closer the bounds, the longer the test.",
            "number",
            50.0,
            -500.0,
            500.0,
            unit="normalised Elo",
        ),
        Setting("error", "Error probability", "Of either wrong verdict.", "number", 5.0, 0.1, 20.0, unit="%"),
        most(2000),
        ROUND_SIZE,
    ),
    Sequential,
)
