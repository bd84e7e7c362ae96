"""A process whose storage lacks the portal's files takes no work, reports it, and resumes once the storage is right."""

import math

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tasks import admission, playing, turns, workers
from tests.policies.checkpoints import make_checkpoint
from tournament import entries, storages
from tournament.models import Block, BlockState, Episode, Installation, Upload, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "files"
    entries.open_checkpoint.cache_clear()
    monkeypatch.setattr(admission, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(admission.LastAdmission, "problem", "")
    monkeypatch.setattr(admission.LastAdmission, "looked", -math.inf)


@pytest.fixture
def installation():
    installation = Installation.objects.create()
    default_storage.save(storages.MARKER, ContentFile(installation.identity.encode()))
    return installation


def test_a_host_without_the_portals_files_takes_nothing_and_says_so(make_tournament, installation, django_user_model):
    make_tournament(episodes=2)
    owner = django_user_model.objects.create_user("ada")
    Upload.objects.create(owner=owner, filename="x.zip", size=1, sha256="0" * 64)
    default_storage.delete(storages.MARKER)
    assert not turns.do_next()
    assert Block.objects.get().attempts == Upload.objects.get().attempts == 0
    assert "does not have the portal's files" in Worker.objects.get(name=workers.State.name).trouble
    default_storage.save(storages.MARKER, ContentFile(installation.identity.encode()))
    assert turns.do_next()
    assert Worker.objects.get(name=workers.State.name).trouble == ""


def test_a_host_that_loses_its_files_while_it_plays_fails_no_block(make_tournament, installation, builtins):
    """The block has already been claimed when the file turns out to be missing."""
    tournament = make_tournament(episodes=2)
    checkpoint = make_checkpoint()
    spec = {"kind": "checkpoint", "team": "camera", "checkpoint": checkpoint.digest, "deterministic": False}
    tournament.cameras.update(spec=spec)
    block = playing.claim_block()
    default_storage.delete(storages.MARKER)
    playing.play(block)
    block = tournament.blocks.get()
    assert (block.state, block.attempts) == (BlockState.WAITING, 0)
    assert "does not have the portal's files" in block.error and "/" not in block.error.split("ARENA_DATA")[0]


def test_a_quarantined_worker_takes_nothing(make_tournament, installation):
    make_tournament(episodes=2)
    workers.beat()
    Worker.objects.filter(name=workers.State.name).update(quarantine="Its results were wrong.")
    assert not turns.do_next()
    assert not Episode.objects.exists()
    Worker.objects.all().delete()
    assert turns.do_next()


def test_without_a_prepared_installation_nothing_is_asked_of_the_storage(make_tournament):
    make_tournament(episodes=2)
    assert turns.do_next()
