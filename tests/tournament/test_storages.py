"""Files are whole or absent, and lie where the settings say: in a folder, or in a bucket with copies on each
machine.
"""

import errno
import hashlib
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from tests.object_storage import serve_bucket
from tests.policies.checkpoints import make_checkpoint
from tournament import entries, originals, storages
from tournament.models import Upload, UploadState


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    entries.open_checkpoint.cache_clear()
    return tmp_path


@pytest.fixture
def bucket(settings, monkeypatch):
    """The portal's files lie in a bucket of a real server."""
    with serve_bucket() as bucket:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        place = {"bucket_name": bucket.name, "location": "arena"}
        backend = {"BACKEND": "tournament.object_storage.ObjectStorage", "OPTIONS": place}
        settings.STORAGES = settings.STORAGES | {"default": backend}
        yield bucket


def stored(checkpoint):
    name = entries.store_checkpoint(checkpoint)
    entries.open_checkpoint.cache_clear()
    return name


class Interrupted(ContentFile):
    """A file that cannot be written to its end, because the disk is full."""

    def chunks(self, chunk_size=None):
        yield b"the beginning"
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_could_not_be_written_to_its_end_leaves_nothing(folder):
    with pytest.raises(OSError, match="No space left"):
        default_storage.save("uploads/big", Interrupted(b""))
    assert not [path for path in (folder / "files").rglob("*") if path.is_file()]
    assert default_storage.save("uploads/big", ContentFile(b"all of it")) == "uploads/big"
    assert [path.read_bytes() for path in (folder / "files" / "uploads").iterdir()] == [b"all of it"]


def test_two_files_of_one_name_are_both_kept(folder):
    names = {default_storage.save("a/b.zip", ContentFile(content)) for content in (b"1", b"2")}
    assert {default_storage.open(name).read() for name in names} == {b"1", b"2"}


def test_a_checkpoint_in_a_bucket_is_copied_once_and_opened(bucket, folder):
    checkpoint = make_checkpoint()
    name = stored(checkpoint)
    assert bucket.names() == {name}
    assert entries.open_checkpoint(checkpoint.digest) == checkpoint
    bucket.client.delete_object(Bucket=bucket.name, Key=f"arena/{name}")
    entries.open_checkpoint.cache_clear()
    assert entries.open_checkpoint(checkpoint.digest) == checkpoint
    assert (folder / "cache" / name).is_file()


def test_a_damaged_copy_is_fetched_again_and_a_damaged_original_refused(bucket, folder):
    checkpoint, other = make_checkpoint(1), make_checkpoint(2)
    name = stored(checkpoint)
    copy = storages.local_path(name)
    copy.write_bytes(other.to_bytes())
    assert entries.open_checkpoint(checkpoint.digest) == checkpoint
    entries.open_checkpoint.cache_clear()
    bucket.put(name, other.to_bytes())
    copy.unlink()
    with pytest.raises(entries.CheckpointDamaged, match="another digest"):
        entries.open_checkpoint(checkpoint.digest)


def test_a_missing_file_is_named_without_a_path_of_the_server(bucket, folder):
    for _ in ("in a bucket", "in a folder"):
        with pytest.raises(FileNotFoundError, match=r"^checkpoints/0+\.zip is not in the portal's files\.$"):
            entries.open_checkpoint("0" * 64)
        storages.default_storage._wrapped = storages.LocalStorage()


def test_copies_take_no_more_than_the_set_number_of_bytes(bucket, folder, settings):
    settings.ARENA_CACHE_BYTES = 2500
    for number in range(4):
        bucket.put(f"checkpoints/{number}.zip", bytes(1000))
        storages.local_path(f"checkpoints/{number}.zip")
    kept = sorted(path.name for path in (folder / "cache" / "checkpoints").iterdir())
    assert kept == ["2.zip", "3.zip"]


def test_storage_without_the_installations_mark_is_told_from_its_own(bucket):
    assert "does not have the portal's files" in storages.find_problem("ours")
    default_storage.save(storages.MARKER, ContentFile(b"ours"))
    assert storages.find_problem("ours") == ""
    assert "another installation" in storages.find_problem("theirs")


@pytest.fixture
def offer(django_user_model):
    def offer(name, content):
        owner, _ = django_user_model.objects.get_or_create(username=name)
        upload = Upload(owner=owner, filename="a.zip", size=len(content), sha256=hashlib.sha256(content).hexdigest())
        originals.keep(upload, ContentFile(content))
        upload.save()
        return upload

    return offer


@pytest.mark.django_db(transaction=True)
def test_the_same_original_is_stored_once_and_removed_with_its_last_upload(offer):
    first, second = offer("ada", b"one"), offer("bob", b"one")
    offer("ada", b"two")
    assert len(default_storage.listdir("uploads")[1]) == 2
    originals.let_go(first)
    assert default_storage.open(second.file.name).read() == b"one"
    originals.let_go(second)
    assert len(default_storage.listdir("uploads")[1]) == 1
    assert not Upload.objects.get(pk=first.pk).file


@pytest.mark.django_db(transaction=True)
def test_originals_of_checked_uploads_are_kept_for_a_time(offer, settings):
    settings.ARENA_KEEP_ORIGINALS_DAYS = 30
    old, new, waiting = offer("ada", b"old"), offer("ada", b"new"), offer("ada", b"waiting")
    for upload, days in ((old, 31), (new, 29)):
        ended = timezone.now() - timedelta(days=days)
        Upload.objects.filter(pk=upload.pk).update(state=UploadState.ACCEPTED, finished=ended)
    assert originals.expire() == 1
    assert not default_storage.exists(old.file.name)
    assert default_storage.exists(new.file.name) and default_storage.exists(waiting.file.name)
    settings.ARENA_KEEP_ORIGINALS_DAYS = 0
    assert originals.expire() == 0
