"""Additional logs of a user's trainings: chosen once, kept by each training, downloaded."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tasks.processes import describe_logs, logging_mode
from tournament import trainings
from tournament.models import Agent, Scenario, TrainingRun

Visit = Callable[..., Client]


def start(owner: User, scenario: Scenario, agents: dict[str, Agent]) -> TrainingRun:
    return trainings.create_training(
        trainings.TrainingRequest("Learner", scenario, "camera", "mappo", agents["greedy-target"], owner=owner)
    )


def test_trainings_started_later_keep_what_their_owner_chose(
    visit: Visit, alice: User, bob: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    before = start(alice, scenario, agents)
    wanted = {"tensorboard": "on", "wandb_project": "mate", "wandb_is_offline": "on"}
    assert visit(alice).post(reverse("training_logs"), wanted).status_code == 302
    assert start(alice, scenario, agents).logs == {"tensorboard": True, "wandb": "mate", "is_offline": True}
    assert before.logs == start(bob, scenario, agents).logs == {}


def test_a_process_is_told_of_the_logs_and_sends_nothing_unless_that_is_wanted() -> None:
    assert describe_logs({}) == [] and describe_logs({"tensorboard": True}) == ["--tensorboard"]
    assert logging_mode({"wandb": "mate"}) == {"WANDB_MODE": "offline"}
    assert logging_mode({"wandb": "mate", "is_offline": False}) == {}


def test_a_missing_library_keeps_no_training_from_running(monkeypatch: Any) -> None:
    monkeypatch.setattr("tasks.processes.find_spec", lambda name: None)
    assert describe_logs({"tensorboard": True, "wandb": "mate"}) == ["--tensorboard"]
    monkeypatch.setattr("tasks.processes.find_spec", lambda name: name)
    assert describe_logs({"wandb": "mate"}) == ["--wandb", "mate"]


def test_an_owner_downloads_the_logs_of_a_training(
    visit: Visit, alice: User, bob: User, scenario: Scenario, agents: dict[str, Agent], settings: Any
) -> None:
    run = start(alice, scenario, agents)
    address = reverse("training_logs_file", args=[run.pk])
    assert visit(alice).get(address).status_code == 404
    folder = Path(settings.MEDIA_ROOT) / "trainings" / str(run.pk) / "tensorboard"
    folder.mkdir(parents=True)
    (folder / "events").write_text("figures")
    answer = visit(alice).get(address)
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["tensorboard/events"]
    assert visit(bob).get(address).status_code == 403
