"""A worker is known to live by its heartbeats."""

import threading

import pytest
from django.utils import timezone

from tasks import workers
from tests.tasks.conftest import wait_for
from tournament.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def heart(monkeypatch):
    """A worker of this process that says ten times a second that it lives."""
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
    wait_for(lambda: Worker.objects.filter(name="one@test", seen__gt=began).exists(), "a heartbeat", patience=10)


def test_a_worker_that_lives_says_so_again_and_again(heart):
    beats_again()
    beats_again()


def test_a_heart_beats_on_where_the_databases_server_is_started_again(heart, lose_connections):
    beats_again()
    lose_connections()
    beats_again()
