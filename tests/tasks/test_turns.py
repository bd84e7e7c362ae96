"""Neither uploads nor matches delay the other: workers agree on turns without a coordinator."""

import itertools
from types import SimpleNamespace

import pytest
from django.utils import timezone

from tasks import checking, playing, turns, workers
from tournament.models import Upload, UploadState, Worker
from tournament.queries import WORKER_IS_LIVE_FOR

pytestmark = pytest.mark.django_db(transaction=True)

CHECK, PLAY = checking.check_next, playing.play_next


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(turns.LastTurn, "was_upload", False)
    monkeypatch.setattr(turns.LastTurn, "owed_to_play", 0.0)


@pytest.fixture
def upload(django_user_model):
    owner = django_user_model.objects.create_user("ada")
    return Upload.objects.create(owner=owner, filename="x.zip", size=1, sha256="0" * 64)


def kinds_of(monkeypatch, name):
    monkeypatch.setattr(workers.State, "name", name)
    return turns.choose_kinds()


def live(*names, seen=None, trains=False):
    for name in names:
        Worker.objects.create(name=name, seen=seen or timezone.now(), trains=trains)


@pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "c"], ["worker-10", "worker-2", "worker-9"]])
def test_of_several_workers_exactly_one_never_checks_uploads(monkeypatch, upload, names):
    live(*names)
    kinds = {name: kinds_of(monkeypatch, name) for name in names}
    assert [name for name in names if CHECK not in kinds[name]] == [min(names)]
    assert all(PLAY in each for each in kinds.values())
    assert all(kinds[name][0] is CHECK for name in names if name != min(names)), "uploads wait no longer than a block"


def test_a_worker_that_has_not_been_heard_of_yet_counts_itself(monkeypatch, upload):
    live("b")
    assert kinds_of(monkeypatch, "a") == (PLAY,)
    assert kinds_of(monkeypatch, "c") == (CHECK, PLAY)


def test_trainers_and_workers_that_are_gone_do_not_count(monkeypatch, upload):
    live("a", seen=timezone.now() - 2 * WORKER_IS_LIVE_FOR)
    live("b", trains=True)
    live("c")
    assert kinds_of(monkeypatch, "c") == (CHECK, PLAY)


def test_a_worker_that_is_alone_takes_uploads_and_blocks_in_turn(monkeypatch, upload):
    live("a")
    monkeypatch.setattr(workers.State, "name", "a")
    done = []
    monkeypatch.setattr(checking, "check_next", lambda: not done.append("upload"))
    monkeypatch.setattr(playing, "play_next", lambda: not done.append("block"))
    for _ in range(6):
        assert turns.do_next()
    assert done == ["upload", "block"] * 3


@pytest.mark.parametrize("missing", ["upload", "block"])
def test_a_worker_that_is_alone_goes_on_with_the_other_kind(monkeypatch, upload, missing):
    monkeypatch.setattr(workers.State, "name", "a")
    done = itertools.count()
    monkeypatch.setattr(checking, "check_next", lambda: missing != "upload" and next(done) >= 0)
    monkeypatch.setattr(playing, "play_next", lambda: missing != "block" and next(done) >= 0)
    assert all(turns.do_next() for _ in range(3))
    assert next(done) == 3


@pytest.mark.parametrize("seconds", [{"upload": 8.0, "block": 2.0}, {"upload": 1.0, "block": 5.0}])
def test_uploads_that_never_end_slow_play_by_no_more_than_a_half(monkeypatch, upload, seconds):
    """On a clock that the work itself moves."""
    live("a", "b")
    monkeypatch.setattr(workers.State, "name", "b")
    spent = dict.fromkeys(seconds, 0.0)
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: sum(spent.values())))

    def work(kind):
        spent[kind] += seconds[kind]
        return True

    monkeypatch.setattr(checking, "check_next", lambda: work("upload"))
    monkeypatch.setattr(playing, "play_next", lambda: work("block"))
    monkeypatch.setattr(turns.admission, "may_play", lambda: True)
    for _ in range(60):
        assert turns.do_next()
    assert 0 < spent["upload"] <= spent["block"] + seconds["upload"] + turns.TOLERANCE_SECONDS


def test_no_upload_means_play_alone(monkeypatch, upload):
    Upload.objects.update(state=UploadState.CHECKING)
    live("a", "b")
    assert kinds_of(monkeypatch, "b") == (PLAY,)


def test_there_is_nothing_to_do(monkeypatch, db):
    monkeypatch.setattr(playing, "play_next", lambda: False)
    assert not turns.do_next()
