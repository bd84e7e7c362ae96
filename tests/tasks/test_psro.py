"""A PSRO run with real trainings, workers, sweep and broker, of which each is killed on the way.

On PostgreSQL a stand-in trains: a training's process never sees the database.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from benchmarks.psro_table import find_faults
from mate import Team
from tasks import hints
from tests.tasks.stand_in import COMMAND
from tests.training.runs import TINY
from tests.waiting import wait_for
from tournament import psro_runs
from tournament.models import Block, BlockState, PsroPhase, PsroRun, PsroState, TrainingRun, TrainingState
from tournament.trainings import TrainingSettings

pytestmark = pytest.mark.django_db(transaction=True)
TRAINING = TrainingSettings(
    "mappo", steps=200, hyperparameters=TINY | {"memory": "none"}, evaluation_episodes=0, cores=1
)
PATIENCE = 600.0  # seconds: a training's process alone takes half a minute to begin on a busy machine


@pytest.fixture
def start(workers, settings) -> Callable[[str], Any]:
    """Start a process of the portal by its name; those that are killed are started again under the same name."""
    settings.MEDIA_ROOT = settings.DATA_DIR / "files"  # where other processes look
    more = {"ARENA_TRAINING_FREE_BYTES": "0", "ARENA_TRAINING_NICE": "0", "ARENA_BLOCK_SIZE": "2"}
    if connection.vendor == "postgresql":
        more["ARENA_TRAINING_COMMAND"] = " ".join(COMMAND)

    def start(name: str) -> Any:
        if name == "worker":
            return workers.start(name, **more)
        if name == "sweep":
            return workers.start_sweep()
        return workers.run([sys.executable, "manage.py", "train", "--name", name], name, more)

    return start


def kill(process: Any) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def is_in(phase: PsroPhase, number: int) -> bool:
    """Whether the run has come as far as this phase of an iteration, or further."""
    later = {PsroPhase.TRAINING: PsroPhase.values, PsroPhase.PLAYING: (PsroPhase.PLAYING, PsroPhase.SOLVED)}
    return PsroRun.objects.get().iterations.filter(number=number, phase__in=later[phase]).exists()


@pytest.mark.timeout(3 * PATIENCE)
def test_a_run_ends_complete_and_consistent_whoever_is_killed(scenario, builtins, broker, workers, start):
    run = psro_runs.create_run(psro_runs.PsroRequest(
        "Killed", scenario, [builtins["camera", "random"]], [builtins["target", "random"]], TRAINING, TRAINING,
        iterations=1, episodes_per_pairing=6,
    ))  # fmt: skip
    sweep, worker, trainers = start("sweep"), start("worker"), [start("camera-trainer"), start("target-trainer")]
    wait_for(lambda: Block.objects.filter(state=BlockState.LEASED).exists() or is_in(PsroPhase.TRAINING, 1), "a match")
    kill(worker)
    worker = start("worker")

    wait_for(lambda: TrainingRun.objects.filter(state=TrainingState.TRAINING).exists(), "a training", PATIENCE)
    kill(trainers[0])
    start("camera-trainer")
    kill(sweep)
    start("sweep")

    wait_for(lambda: is_in(PsroPhase.PLAYING, 1), "new pairings", PATIENCE)
    broker.kill()
    kill(worker)
    broker.start()
    start("worker")
    hints.send()

    wait_for(lambda: PsroRun.objects.get().state != PsroState.RUNNING, "the end of the run", PATIENCE)
    run.refresh_from_db()
    assert find_faults(run) == []
    for team in (Team.CAMERA, Team.TARGET):
        assert [agent.kind for agent in psro_runs.population(run, team, 1)] == ["builtin", "checkpoint"]
