"""Head to head: a sequential test of whether one agent is better than another of its team.

Both agents play the same opponents from the same seeds, and the test uses the paired differences. It stops as soon as
these are conclusive: early if the agents differ much, late if they do not. Either error has the chosen probability, for
any number of looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, isfinite

import numpy as np

from mate import Team
from tournament.formats.evidence import Array, ChosenEpisodes, Evidence
from tournament.formats.format import Chart, Figure, Finding, FormatInfo
from tournament.formats.gaps import LEAST_FREEDOM, Side
from tournament.formats.likelihood import (
    ELO,
    Bounds,
    MedianUnbiasedEstimate,
    cornish_fisher,
    estimate,
    expect_left,
    invert_cornish_fisher,
    log_likelihood_ratio,
)
from tournament.formats.numbers import write
from tournament.formats.settings import ROUND_SIZE, Rule, SettingsRefused, TeamName, at_most, setting

VERDICTS = {
    "better": "The first agent is better than the second",
    "not-better": "The first agent is not better than the second",
    "undecided": "The test ended undecided",
    "open": "The test is not decided yet",
}


@dataclass(frozen=True)
class Look:
    """The moments of the paired differences at one look, and their log-likelihood ratio (LLR)."""

    count: int
    mean: float
    variance: float
    skewness: float
    llr: float


@dataclass(frozen=True)
class SequentialTest:
    """A test so far. `looks` are those up to the one at which it stopped; `verdict` is a key of VERDICTS."""

    bounds: Bounds
    looks: tuple[Look, ...]
    num_opponents: int
    level: int
    verdict: str

    @cached_property
    def corrected_estimate(self) -> MedianUnbiasedEstimate | None:
        """`estimate` after the Cornish-Fisher correction, on the scale of the LLR."""
        if not self.looks:
            return None
        return estimate(self.bounds, [look.count for look in self.looks], self.looks[-1].llr)

    @cached_property
    def estimate(self) -> MedianUnbiasedEstimate | None:
        """The median-unbiased estimate of t, the mean difference over its deviation; None before the first look."""
        if self.corrected_estimate is None:
            return None
        skewness, low, high = self.looks[-1].skewness, self.bounds.low, self.bounds.high
        numbers = (self.corrected_estimate.value, self.corrected_estimate.lower, self.corrected_estimate.upper)
        return MedianUnbiasedEstimate(*(invert_cornish_fisher(number, skewness, low, high) for number in numbers))


class Sequential(Rule):
    """Tests t <= `lower` against t >= `upper` (normalised Elo) for the first and the second agent of a team's field.

    A look is taken after every round. Rounds have equally many shared episodes against every opponent, so that the
    looks are known in advance.
    """

    team: TeamName = setting(
        "camera", "Team", "Team whose agents are compared; the other team's agents are their opponents."
    )
    lower: float = setting(
        0.0,
        "Lower bound",
        "At or below this, the first agent counts as not better.",
        *(-500.0, 500.0, "normalised Elo"),
    )
    upper: float = setting(
        50.0,
        "Upper bound",
        "At or above this, the first agent counts as better. The closer the bounds, the longer the test.",
        *(-500.0, 500.0, "normalised Elo"),
    )
    error: float = setting(5.0, "Error probability", "Probability of either error.", 0.1, 20.0, "%")
    most: int = at_most(2000)
    round_size: int = ROUND_SIZE

    def check_fields(self) -> None:
        if self.lower >= self.upper:
            text = f"The lower bound ({write(self.lower)}) must be below the upper bound ({write(self.upper)})."
            raise SettingsRefused([("settings.lower", text)])
        if len(self.field) != 2:
            text = (
                f"A head-to-head test compares two agents: the {self.team} field has {len(self.field)}. Choose "
                f"exactly two."
            )
            raise SettingsRefused([(f"{self.team}s", text)])

    @property
    def field(self) -> tuple[str, ...]:
        return self.cameras if Team(self.team) == Team.CAMERA else self.targets

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most

    def levels(self, num_opponents: int) -> list[int]:
        """Return the numbers of shared episodes against each opponent at which a look is taken."""
        step = max(1, ceil(self.round_size / (2 * max(num_opponents, 1))))
        first = max(step, 1 + ceil(LEAST_FREEDOM / max(num_opponents, 1)))
        return [*range(min(first, self.most), self.most, step), self.most]

    def judge(self, evidence: Evidence) -> SequentialTest:
        """Return the test of the episodes so far, look by look."""
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
            verdict = _decide(bounds, looks[-1].llr, is_last=held == self.most)
            if verdict != "open":
                break
        return SequentialTest(bounds, tuple(looks), opponents, level, verdict)

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return both agents' episodes up to the next look."""
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
        """Return the verdict or the state of the test. The trace has a point for each look."""
        trial = self.judge(evidence)
        trace = tuple(
            {
                "episodes": 2.0 * look.count,
                "ratio": look.llr,
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

    def _summarise(self, trial: SequentialTest) -> str:
        if not trial.looks:
            return f"{VERDICTS[trial.verdict]}: too few episodes have been played."
        upper, lower, episodes = write(self.upper), write(self.lower), 2 * trial.looks[-1].count
        llr, reject, accept = _write_llr(trial)
        return (
            f"{VERDICTS[trial.verdict]} (normalised Elo of {upper} or more against {lower} or less): after "
            f"{episodes:,} episodes "
            f"the log-likelihood ratio is {llr}, bounds {reject} and {accept}."
        )

    def _figures(self, trial: SequentialTest) -> tuple[Figure, ...]:
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
            Figure("Log-likelihood ratio", trial.looks[-1].llr),
            Figure("Paired differences", float(trial.looks[-1].count)),
        )

    def _expect(self, trial: SequentialTest) -> int | None:
        if trial.verdict != "open":
            return 0
        if trial.corrected_estimate is None:
            middle = expect_left(trial.bounds, 0.0, trial.bounds.middle)
            return min(int(2 * middle), self.limit)
        left = 2 * expect_left(trial.bounds, trial.looks[-1].llr, trial.corrected_estimate.value)
        return min(ceil(left), 2 * trial.num_opponents * (self.most - trial.level))


def _look(differences: Array, bounds: Bounds) -> Look:
    """Summarise `differences` (opponents, episodes), where each opponent has its own mean."""
    opponents, held = differences.shape
    count, mean, freedom = differences.size, float(differences.mean()), opponents * (held - 1)
    deviations = differences - differences.mean(axis=1, keepdims=True)
    variance = float((deviations**2).sum() / freedom) if freedom else 0.0
    skewness = 0.0
    if held > 2 and variance > 0:
        # Third central moments of small samples are biased by this factor.
        shrinkage = (held - 1) * (held - 2) / held**2
        skewness = float((deviations**3).mean() / shrinkage / variance**1.5)
    llr = _corrected_llr(count, mean, variance, skewness, bounds)
    return Look(count, mean, variance, skewness, llr)


def _corrected_llr(count: int, mean: float, variance: float, skewness: float, bounds: Bounds) -> float:
    """Return the LLR of differences, corrected for their skewness."""
    low, high = bounds.low, bounds.high
    if variance > 0:
        deviation = float(np.sqrt(variance))
        mean = deviation * (cornish_fisher(mean / deviation, skewness, low, high) + skewness / (6 * count))
    return log_likelihood_ratio(count, mean, variance, low, high)


def _decide(bounds: Bounds, llr: float, is_last: bool) -> str:
    if llr >= bounds.accept:
        return "better"
    if llr <= bounds.reject:
        return "not-better"
    return "undecided" if is_last else "open"


def _explain(trial: SequentialTest) -> str:
    if not trial.looks:
        return "Both agents play the same opponents from the same seeds until the first look."
    llr, reject, accept = _write_llr(trial)
    return f"The log-likelihood ratio is {llr}, between {reject} and {accept}."


def _write_llr(trial: SequentialTest) -> list[str]:
    """Return the LLR at the last look and its bounds, formatted."""
    return [write(number, "z.2f") for number in (trial.looks[-1].llr, trial.bounds.reject, trial.bounds.accept)]


def _scale(title: str, found: MedianUnbiasedEstimate, unit: float, name: str) -> Figure:
    """Return an estimate in other units; an infinite limit is left out."""
    value, lower, upper = (
        number * unit if isfinite(number) else None for number in (found.value, found.lower, found.upper)
    )
    return Figure(title, value, lower, upper, name)


SEQUENTIAL = FormatInfo(
    "sequential",
    "Head to head",
    "Is A better than B?",
    "Two agents of a team play the same opponents from the same seeds until it is clear whether the first is "
    "better (GSPRT).",
    Sequential,
    Chart(
        "Log-likelihood ratio",
        {"ratio": "log-likelihood ratio"},
        bounds={"accept": "above: the first is better", "reject": "below: it is not better"},
    ),
    compares_two=True,
)
