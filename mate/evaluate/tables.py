"""Printed tables: a row for each step of the first episode, and the means of all episodes at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np

from mate.episodes import EpisodeResult
from mate.evaluate.steps import StepRow

_COLUMNS = (
    ("Step", 6),
    ("Cargo", 5),
    ("Reward", 8),
    ("Target Episode Reward", 21),
    ("Step / Cargo", 12),
    ("Mean Transport Rate", 19),
    ("Mean Coverage Rate", 18),
    ("Normalized Target Episode Reward", 32),
    ("FPS", 5),
)
_METRIC_WIDTH = max(len(name) for name, _ in _COLUMNS)


@dataclass(frozen=True, slots=True)
class EpisodeMean:
    """A mean over episodes with its standard error, and how many episodes had a value."""

    mean: float
    standard_error: float
    episodes: int


def step_header() -> str:
    """Return the header of the table of steps, with the line below it."""
    names = " | ".join(name.rjust(width) for name, width in _COLUMNS)
    return f"| {names} |\n|{'+'.join('-' * (width + 2) for _, width in _COLUMNS)}|"


def step_row(step: StepRow, frames_per_second: float) -> str:
    """Return one row of the table of steps."""
    cells = (
        f"{step.step:d}",
        f"{step.cargo:d}",
        f"{step.reward:+.2f}",
        f"{step.episode_reward:+.2f}",
        f"{step.steps_per_cargo:.1f}",
        f"{step.mean_transport_rate:.3%}",
        f"{step.mean_coverage_rate:.3%}",
        f"{step.normalised_reward:+.5f}",
        f"{frames_per_second:.1f}",
    )
    return "| " + " | ".join(cell.rjust(width) for cell, (_, width) in zip(cells, _COLUMNS, strict=True)) + " |"


def means(results: Sequence[EpisodeResult]) -> dict[str, EpisodeMean]:
    """The means over episodes, by the names of the final table.

    An episode without a delivery has no steps per cargo and is left out of that mean, which is NaN when none has (Q11).
    """
    columns = {
        "Step / Cargo": [r.steps / r.delivered_cargoes if r.delivered_cargoes else nan for r in results],
        "Target Episode Reward": [r.target_reward for r in results],
        "Mean Transport Rate": [r.mean_transport_rate for r in results],
        "Mean Coverage Rate": [r.mean_coverage_rate for r in results],
        "Normalized Target Episode Reward": [r.normalised_reward for r in results],
    }
    return {name: _mean([value for value in values if not isnan(value)]) for name, values in columns.items()}


def _mean(values: Sequence[float]) -> EpisodeMean:
    """Return the mean and its standard error, which needs two values."""
    count = len(values)
    mean = float(np.mean(values)) if count else nan
    error = float(np.std(values, ddof=1)) / sqrt(count) if count > 1 else nan
    return EpisodeMean(mean, error, count)


def summary(results: Sequence[EpisodeResult]) -> str:
    """Return the final table: metric and mean."""
    formats = {
        "Step / Cargo": ".1f",
        "Target Episode Reward": "+.2f",
        "Mean Transport Rate": ".3%",
        "Mean Coverage Rate": ".3%",
        "Normalized Target Episode Reward": "+.5f",
    }
    rows = [(name, format(mean.mean, formats[name])) for name, mean in means(results).items()]
    width = max(len("Mean"), *(len(cell) for _, cell in rows))
    lines = [f"| {name.ljust(_METRIC_WIDTH)} | {cell.rjust(width)} |" for name, cell in [("Metric", "Mean"), *rows]]
    lines.insert(1, f"|{'-' * (_METRIC_WIDTH + 2)}+{'-' * (width + 2)}|")
    return "\n".join(lines)


def progress(results: Sequence[EpisodeResult], episodes: int) -> str:
    """Return one line with the progress and running means; for a terminal, without a line break."""
    done = len(results)
    filled = round(20 * done / episodes)
    current = means(results)
    return (
        f"Episodes [{'#' * filled}{'.' * (20 - filled)}] {done}/{episodes}"
        f"  reward {current['Target Episode Reward'].mean:+.1f}"
        f"  transport {current['Mean Transport Rate'].mean:.1%}"
        f"  coverage {current['Mean Coverage Rate'].mean:.1%}"
    )
