"""Heartbeats show that a worker is alive."""

import os
import subprocess
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import identity, workers
from tests.waiting import wait_for
from tournament import leaderboards
from tournament.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heart(monkeypatch, settings):
    """A worker of this process that says ten times a second that it lives."""
    settings.ARENA_LABELS = ["lab-3"]
    monkeypatch.setattr(workers, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(workers.State, "name", "one@test")
    monkeypatch.setattr(workers.State, "stop", threading.Event())
    before = {thread.ident for thread in threading.enumerate()}
    workers.begin()
    yield
    workers.State.stop.set()
    for thread in threading.enumerate():
        if thread.name == "heartbeat" and thread.ident not in before:
            thread.join()


def beats_again():
    began = timezone.now()
    wait_for(lambda: Worker.objects.filter(name="one@test", seen__gt=began).exists(), "a heartbeat")


def test_a_worker_that_lives_says_so_again_and_again(heart):
    beats_again()
    beats_again()


def test_a_worker_says_what_it_is(heart):
    beats_again()
    worker = Worker.objects.get(name="one@test")
    assert (worker.engine, worker.device) == (leaderboards.engine_version(), leaderboards.DEVICE)
    assert worker.processor and worker.machine_cores == len(os.sched_getaffinity(0))
    assert worker.labels == ["lab-3"]
    assert not identity.has_ended(worker.process)


def test_a_worker_whose_clock_is_wrong_says_by_how_much(heart, monkeypatch):
    ahead = timezone.now
    monkeypatch.setattr(workers.timezone, "now", lambda: ahead() + timedelta(seconds=600))
    wait_for(lambda: Worker.objects.filter(name="one@test", clock_error__gt=590).exists(), "its clock")
    assert abs(Worker.objects.get(name="one@test").clock_error - 600) < 5


def test_a_process_is_known_to_have_ended_only_on_its_own_machine():
    child = subprocess.Popen(["sleep", "60"])
    process = identity.describe_process(child.pid)
    assert process and not identity.has_ended(process)
    child.kill()
    child.wait()
    assert identity.has_ended(process)
    boot, rest = process.split("/", 1)
    assert not identity.has_ended(f"another-{boot}/{rest}")


@pytest.mark.parametrize("quarantine", ["", "Its results were wrong."])
def test_a_quarantine_outlasts_the_end_of_a_worker(monkeypatch, quarantine):
    monkeypatch.setattr(workers.State, "name", "ray@test/1")
    monkeypatch.setattr(workers.State, "stop", threading.Event())
    Worker.objects.create(name="ray@test/1", seen=timezone.now(), quarantine=quarantine)
    workers.end()
    assert Worker.objects.filter(quarantine=quarantine).exists() == bool(quarantine)
    workers.beat()
    assert Worker.objects.get().quarantine == quarantine


def test_a_heart_beats_on_where_the_databases_server_is_started_again(heart, lose_connections):
    beats_again()
    lose_connections()
    beats_again()
