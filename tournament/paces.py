"""Durations of trainings: new ones from earlier ones, running ones from their own progress."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from tournament.forecasts import Span
from tournament.models import Scenario, TrainingRun, TrainingState

SAME, OTHER = 1.5, 4.0
"""Factors of uncertainty of a training's speed, if the last training was in the same scenario or in another one."""
START_SECONDS = 60.0
"""Maximum seconds that Ray and the networks take to load."""


@dataclass(frozen=True)
class Pace:
    """The speed of the last training of a kind here: environment steps a second, and steps of an iteration.

    `factor` is the uncertainty of another one's speed; it is larger if the last one was in another scenario.
    """

    rate: float
    steps_each: float
    factor: float

    def forecast(self, steps: int) -> Span:
        """Return the time for so many steps, in whole iterations."""
        whole = ceil(steps / self.steps_each) * self.steps_each / self.rate
        return Span(whole / self.factor, whole * self.factor + START_SECONDS, whole)


def pace_of(scenario: Scenario, team: str, algorithm: str, preset: str) -> Pace | None:
    """Return the pace of the last such training, preferably in this scenario; None where there was none."""
    alike = TrainingRun.objects.filter(team=team, algorithm=algorithm, preset=preset, steps_done__gt=0)
    for runs, factor in ((alike.filter(scenario=scenario), SAME), (alike, OTHER)):
        for steps, progress in runs.order_by("-pk").values_list("steps_done", "progress")[:5]:
            if seconds := progress.get("seconds"):
                return Pace(steps / seconds, steps / max(progress.get("iteration") or 1, 1), factor)
    return None


def steps_expected(run: TrainingRun) -> int:
    """Return the final steps of a training: it makes whole iterations, and so a few more than requested."""
    iterations = run.progress.get("iteration")
    if not iterations or not run.steps_done:
        return max(run.steps_wanted, run.steps_done)
    each: float = run.steps_done / iterations
    return max(round(ceil(run.steps_wanted / each - 1e-9) * each), run.steps_done)


def forecast_rest(run: TrainingRun) -> Span | None:
    """Forecast the time for a running training's remaining steps; None before its first iteration."""
    if run.state != TrainingState.TRAINING or not run.steps_done:
        return None
    expected = run.progress.get("remaining_seconds")
    if seconds := run.progress.get("seconds"):
        expected = (steps_expected(run) - run.steps_done) * seconds / run.steps_done
    if expected is None:
        return None
    return Span(expected / SAME, expected * SAME, expected)
