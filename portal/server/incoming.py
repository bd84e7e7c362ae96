"""Files that are sent in several requests. They are stored under their id, and checked when they are complete."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files import File
from django.db.models import F, Sum
from django.utils import timezone

from portal.models import IncomingFile
from portal.server.receiving import store_upload
from tournament.models import Upload

KEPT_FOR = timedelta(days=1)
"""Time after its creation for which an unfinished file is kept."""
PIECE = 256 * 1024


def path_of(row: IncomingFile) -> Path:
    return Path(settings.MEDIA_ROOT) / "incoming" / str(row.pk)


def create(owner: Any, **fields: Any) -> IncomingFile:
    """Create an empty file, to which `append` adds bytes."""
    row = IncomingFile.objects.create(owner=owner, **fields)
    path_of(row).parent.mkdir(parents=True, exist_ok=True)
    path_of(row).touch()
    return row


def append(row: IncomingFile, body: IO[bytes]) -> int:
    """Append bytes to a file; return their number. At most one byte more than is missing is read."""
    received = 0
    with path_of(row).open("r+b") as file:
        file.seek(row.offset)
        file.truncate()  # Bytes that an earlier request wrote but did not record.
        while received <= row.missing and (piece := body.read(min(PIECE, row.missing + 1 - received))):
            file.write(piece)
            received += len(piece)
        file.flush()
        os.fsync(file.fileno())
    return received


def finish(row: IncomingFile) -> None:
    """Turn a complete file into an upload with the same id, which is then checked. Raises TooManyUploads."""
    with path_of(row).open("rb") as opened:
        file: Any = File(opened, name=row.filename)
        file.sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        store_upload(
            row.owner, file, row.name, row.team, row.deterministic, row.pk, lab=row.lab, is_private=row.is_private
        )


def discard(row: IncomingFile) -> None:
    path_of(row).unlink(missing_ok=True)
    row.delete()


def discard_old() -> None:
    """Delete old unfinished files, and old records of files that have become uploads."""
    for row in IncomingFile.objects.filter(created__lt=timezone.now() - KEPT_FOR):
        discard(row)


def unfinished_of(owner: Any) -> Any:
    return IncomingFile.objects.filter(owner=owner, offset__lt=F("length"))


def bytes_of(user: Any) -> int:
    """Return the bytes of a user's uploads, including the received bytes of unfinished ones."""
    stored = Upload.objects.filter(owner=user.pk).aggregate(total=Sum("size"))["total"] or 0
    coming = unfinished_of(user.pk).aggregate(total=Sum("offset"))["total"] or 0
    return int(stored + coming)
