"""A study's results for papers and spreadsheets: rows of runs, and a table in LaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tournament.models import Study
from tournament.tables import write_lines

COLUMNS = (
    "configuration", "algorithm", "preset", "scenario", "seed", "state", "steps", "payoff", "gain", "episodes",
    "training", "agent",
)  # fmt: skip
_ESCAPED = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def write_csv(study: Study) -> str:
    """Return the runs as CSV, a line each; the scores of runs that have not ended are empty."""
    return "".join(write_lines(COLUMNS, _list_runs(study)))


def _list_runs(study: Study) -> Iterator[tuple[Any, ...]]:
    for run in study.runs.select_related("scenario", "training__agent"):
        chosen, training = study.configurations[run.configuration], run.training
        means = [float(np.mean(scores)) if scores else "" for scores in (run.payoffs, run.gains)]
        yield (
            chosen["name"], chosen["algorithm"], chosen["preset"], run.scenario.slug, run.seed, training.state,
            training.steps_done, *means, len(run.payoffs), training.pk, training.agent.slug if training.agent else "",
        )  # fmt: skip


def write_latex(study: Study, measure: str) -> str:
    """Return a table of the configurations: runs, mean, IQM and probability of improvement over the first."""
    figures = study.figures.get(measure, {"rows": [], "ablations": []})
    improvements = {one["name"]: one["improvement"] for one in figures["ablations"]}
    lines = [
        f"% Study {study.pk}: {' '.join(study.name.split())}. 95 % intervals in brackets; needs the package booktabs.",
        r"\begin{tabular}{lrlll}",
        r"\toprule",
        rf"Configuration & Runs & Mean {measure} & IQM & $P$(better than the first) \\",
        r"\midrule",
    ]
    for row in figures["rows"]:
        cells = [_escape(row["name"]), str(row["num_runs"]), *(_write(row[key], "+.3f") for key in ("mean", "iqm"))]
        lines.append(" & ".join([*cells, _write(improvements.get(row["name"]), ".2f")]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _write(estimate: dict[str, float | None] | None, form: str) -> str:
    if estimate is None:
        return "--"
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    if low is None or high is None:
        return f"${value:{form}}$"
    return f"${value:{form}}\\ [{low:{form}}, {high:{form}}]$"


def _escape(text: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in text)
