"""The worker of these tests does not leave a test waiting when it dies."""

import threading

import pytest

from tasks import playing


def die() -> bool:
    raise ZeroDivisionError("a block that cannot be played")


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_fails_the_test_that_waits_for_it(monkeypatch, request) -> None:
    monkeypatch.setattr(playing, "play_next", die)
    with pytest.raises(pytest.fail.Exception, match=r"(?s)The worker died.*def die|in die.*cannot be played"):
        request.getfixturevalue("worker")
        threading.Event().wait()
