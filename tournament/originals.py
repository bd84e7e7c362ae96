"""Originals: uploaded files as they were received. Each is stored once, by its digest, and kept for a time.

They are needed until the upload has been checked. Afterwards the agent's own checkpoint plays, and the original only
serves to examine the import.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction

from tournament.clock import ago
from tournament.models import Upload, UploadState

AT_ONCE = 20
DAY = 24 * 3600.0


def name_of(upload: Upload) -> str:
    """Return the name of an upload's original: its content's address."""
    return f"uploads/{upload.sha256}"


def keep(upload: Upload, file: Any) -> None:
    """Store the original of an upload that is about to be saved, unless the same content is there already."""
    name = name_of(upload)
    _store(name, file)
    upload.file.name = name
    # Another upload of the same content may have been refused, and its file removed, before this one's row was there.
    transaction.on_commit(partial(_store, name, file))


def _store(name: str, file: Any) -> None:
    if not default_storage.exists(name):
        file.seek(0)
        stored = default_storage.save(name, file)
        if stored != name:  # Another process stored it in the meantime.
            default_storage.delete(stored)


def let_go(upload: Upload) -> None:
    """Forget the original of a checked upload, and remove it if no other upload has it."""
    name = upload.file.name
    if not name:
        return
    Upload.objects.filter(pk=upload.pk).update(file="")
    upload.file.name = ""
    if not Upload.objects.filter(file=name).exists():
        default_storage.delete(name)


def expire() -> int:
    """Forget originals that were kept for long enough, some at a time; return the number of their uploads."""
    if not settings.ARENA_KEEP_ORIGINALS_DAYS:
        return 0
    over = Upload.objects.filter(finished__lt=ago(settings.ARENA_KEEP_ORIGINALS_DAYS * DAY)).exclude(file="")
    old = list(over.filter(state__in=(UploadState.ACCEPTED, UploadState.FAILED)).order_by("finished")[:AT_ONCE])
    for upload in old:
        let_go(upload)
    return len(old)
