"""How long trainings take: those that are asked for, by what others took, and those that are under way, by what they took so far."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from tournament.forecasts import Span
from tournament.models import Scenario, TrainingRun, TrainingState

SAME, OTHER = 1.5, 4.0
"""Factors by which a training may be faster or slower than the last one: in the same scenario, and in another."""
START_SECONDS = 60.0
"""Seconds that Ray and the networks take to load, at most."""


@dataclass(frozen=True)
class Pace:
    """How fast the last training of a kind was here, in environment steps a second, and how many steps an iteration of it made.

    `factor` is by how much another one may be faster or slower: more where the last one was in another scenario.
    """

    rate: float
    steps_each: float
    factor: float

    def forecast(self, steps: int) -> Span:
        """What so many steps take, in whole iterations."""
        whole = ceil(steps / self.steps_each) * self.steps_each / self.rate
        return Span(whole / self.factor, whole * self.factor + START_SECONDS, whole)


def pace_of(scenario: Scenario, team: str, algorithm: str, preset: str) -> Pace | None:
    """The pace of the last such training, in this scenario if there was one there; None where there was none."""
    alike = TrainingRun.objects.filter(team=team, algorithm=algorithm, preset=preset, steps_done__gt=0)
    for runs, factor in ((alike.filter(scenario=scenario), SAME), (alike, OTHER)):
        for steps, progress in runs.order_by("-pk").values_list("steps_done", "progress")[:5]:
            if seconds := progress.get("seconds"):
                return Pace(steps / seconds, steps / max(progress.get("iteration") or 1, 1), factor)
    return None


def steps_expected(run: TrainingRun) -> int:
    """The steps that a training makes in the end: it makes whole iterations, so some more than were asked for."""
    iterations = run.progress.get("iteration")
    if not iterations or not run.steps_done:
        return max(run.steps_wanted, run.steps_done)
    each = run.steps_done / iterations
    return max(round(ceil(run.steps_wanted / each - 1e-9) * each), run.steps_done)


def forecast_rest(run: TrainingRun) -> Span | None:
    """How long a training that is under way takes for its steps that are left; None before its first iteration."""
    if run.state != TrainingState.TRAINING or not run.steps_done:
        return None
    expected = run.progress.get("remaining_seconds")
    if seconds := run.progress.get("seconds"):
        expected = (steps_expected(run) - run.steps_done) * seconds / run.steps_done
    if expected is None:
        return None
    return Span(expected / SAME, expected * SAME, expected)
