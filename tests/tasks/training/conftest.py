"""Fixtures of trainings under a trainer, whose process is a quick stand-in."""

import threading
from pathlib import Path

import pytest
from django.db import connections

from tasks import training, workers
from tests.tasks.stand_in import BEHAVIOURS, COMMAND
from tournament import trainings


@pytest.fixture(autouse=True)
def stand_in(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ARENA_TRAINING_COMMAND = COMMAND
    settings.ARENA_TRAINING_FREE_BYTES = 0
    settings.ARENA_TRAINING_NICE = 0


@pytest.fixture
def ask(scenario, builtins):
    """Ask for a training of so many iterations of the stand-in."""

    def ask(behaviour="steady", iterations=5, **more):
        more.setdefault("evaluation_episodes", 2)
        return trainings.create_training(trainings.TrainingRequest(
            "Learner", scenario, "camera", "mappo", builtins["target", "greedy"],
            steps=100 * iterations, seed=BEHAVIOURS[behaviour], **more,
        ))  # fmt: skip

    return ask


def train(run):
    """Look after the training until it has ended in any way."""
    assert training.train_next()
    run.refresh_from_db()
    return run


@pytest.fixture
def trainer():
    """Looks after a training in a thread, as a trainer's process would."""
    threads = []

    def start():
        def look_after():
            training.train_next()
            connections.close_all()

        threads.append(threading.Thread(target=look_after))
        threads[-1].start()
        return threads[-1]

    yield start
    workers.State.is_stopping = True
    for thread in threads:
        thread.join(60)
    workers.State.is_stopping = False


def folder_of(run):
    return Path(training.folder_of(run))
