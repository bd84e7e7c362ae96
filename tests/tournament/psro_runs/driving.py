"""Runs that go on as the sweep lets them, in one process."""

from collections.abc import Callable

from tournament import psro_runs
from tournament.models import PsroRun, PsroState
from tournament.trainings import TrainingSettings

TRAINING = TrainingSettings("mappo", steps=10_000, evaluation_episodes=0)


def drive(
    run: PsroRun, work: Callable[[PsroRun], None], until: Callable[[PsroRun], bool] = lambda run: False, most: int = 60
) -> PsroRun:
    """Let a run go on until nothing is left to do, or until something holds; work is done at most `most` times."""
    for _ in range(most):
        while psro_runs.advance(run):
            run.refresh_from_db()
            if until(run):
                return run
        run.refresh_from_db()
        if run.state != PsroState.RUNNING:
            return run
        work(run)
    raise AssertionError("The run goes on for ever.")


def is_training(run: PsroRun) -> bool:
    """Whether both trainings of the newest iteration are asked for."""
    return len(psro_runs.trainings_of(run)) == 2
