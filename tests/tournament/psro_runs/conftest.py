"""A small run, and somebody who does the work that it waits for."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.tournament.psro_runs.driving import TRAINING
from tournament import organising, psro_runs
from tournament.models import PsroPhase, PsroRun, TrainingState


@pytest.fixture
def make_run(scenario, builtins) -> Callable[..., PsroRun]:
    """Ask for a run that begins with the random agents."""

    def make(**changes: Any) -> PsroRun:
        asked: dict[str, Any] = {
            "name": "Trial", "scenario": scenario, "cameras": [builtins["camera", "random"]],
            "targets": [builtins["target", "random"]], "camera_training": TRAINING, "target_training": TRAINING,
            "iterations": 2, "episodes_per_pairing": 4, "is_warm": False,
            "num_attackers": 0,
        }  # fmt: skip
        return psro_runs.create_run(psro_runs.PsroRequest(**asked | changes))

    return make


@pytest.fixture
def work(builtins, pretend_to_play) -> Callable[[PsroRun], None]:
    """Do the work that a run waits for: its tournament is played, and its trainings bring built-in agents, better
    ones each time.
    """
    better = ["naive", "greedy", "heuristic"]

    def act(run: PsroRun) -> None:
        newest = run.iterations.last()
        if newest.phase == PsroPhase.TRAINING:
            for training in psro_runs.trainings_of(run):
                training.state, training.agent = (
                    TrainingState.FINISHED,
                    builtins[training.team, better[newest.number - 1]],
                )
                training.save()
        elif newest.tournament is not None:
            pretend_to_play(newest.tournament)
            organising.finish_if_complete(newest.tournament)

    return act
