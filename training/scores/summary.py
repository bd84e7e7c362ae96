"""The summary of a study's configurations: aggregates, comparisons with the first one, and performance profiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.scores.estimates import (
    Estimate,
    RunScores,
    compare_means,
    iqm_of,
    mean_of,
    probability_of_improvement,
    profile_of,
)

NUM_THRESHOLDS = 60


@dataclass(frozen=True)
class SummaryRow:
    """The aggregates of a configuration; None until one of its runs has ended."""

    name: str
    num_runs: int
    mean: Estimate | None
    iqm: Estimate | None
    scenarios: dict[str, Estimate]


@dataclass(frozen=True)
class Ablation:
    """A configuration compared with the first: the difference of means, and the probability of improvement."""

    name: str
    difference: Estimate
    improvement: Estimate


@dataclass(frozen=True)
class ScoreSummary:
    """The summary of several configurations' runs; `profiles` has a curve over `thresholds` for each with runs."""

    rows: list[SummaryRow]
    ablations: list[Ablation]
    thresholds: list[float]
    profiles: dict[str, list[Estimate]]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values."""

        def write(one: Estimate | None) -> Any:
            return None if one is None else one.to_json()

        return {
            "rows": [
                {
                    "name": row.name,
                    "num_runs": row.num_runs,
                    "mean": write(row.mean),
                    "iqm": write(row.iqm),
                    "scenarios": {name: write(one) for name, one in row.scenarios.items()},
                }
                for row in self.rows
            ],
            "ablations": [
                {"name": one.name, "difference": write(one.difference), "improvement": write(one.improvement)}
                for one in self.ablations
            ],
            "thresholds": self.thresholds,
            "profiles": {name: [write(one) for one in curve] for name, curve in self.profiles.items()},
        }


def summarise(configurations: Sequence[RunScores]) -> ScoreSummary:
    """Return the summary of configurations, of which the first is the reference for comparisons."""
    known = [one for one in configurations if one.num_runs]
    thresholds = choose_thresholds(known)
    return ScoreSummary(
        [_summarise(one) for one in configurations],
        _compare(configurations),
        thresholds,
        {one.name: profile_of(one, thresholds) for one in known},
    )


def _summarise(scores: RunScores) -> SummaryRow:
    if not scores.num_runs:
        return SummaryRow(scores.name, 0, None, None, {})
    each = {scenario: mean_of(scores.only([scenario])) for scenario in scores.means}
    return SummaryRow(scores.name, scores.num_runs, mean_of(scores), iqm_of(scores), each)


def _compare(configurations: Sequence[RunScores]) -> list[Ablation]:
    if not configurations or not configurations[0].num_runs:
        return []
    reference = configurations[0]
    return [
        Ablation(one.name, compare_means(one, reference), probability_of_improvement(one, reference))
        for one in configurations[1:]
        if set(one.means) & set(reference.means)
    ]


def choose_thresholds(configurations: Sequence[RunScores]) -> list[float]:
    """Return round thresholds from below the lowest score of a run to above the highest."""
    scores = [score for one in configurations for means in one.means.values() for score in means]
    if not scores:
        return []
    low, high = min(scores), max(scores)
    slack = 0.05 * (high - low) or 0.05 * max(abs(low), 1e-3)
    step = (high - low + 2 * slack) / NUM_THRESHOLDS
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(float(one), digits) for one in np.linspace(low - slack, high + slack, NUM_THRESHOLDS)]
