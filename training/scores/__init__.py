"""Scores of several runs: aggregates over seeds, scenarios and episodes, with intervals.

The statistics follow Agarwal et al. (2021), Deep reinforcement learning at the edge of the statistical precipice. This
package loads no network library.
"""

from training.scores.estimates import (
    MIN_RUNS,
    MIN_RUNS_PER_SCENARIO,
    Estimate,
    RunScores,
    compare_means,
    interquartile_mean,
    iqm_of,
    mean_of,
    probability_of_improvement,
    profile_of,
)
from training.scores.summary import Ablation, ScoreSummary, SummaryRow, summarise

__all__ = [
    "MIN_RUNS",
    "MIN_RUNS_PER_SCENARIO",
    "Ablation",
    "Estimate",
    "RunScores",
    "ScoreSummary",
    "SummaryRow",
    "compare_means",
    "interquartile_mean",
    "iqm_of",
    "mean_of",
    "probability_of_improvement",
    "profile_of",
    "summarise",
]
