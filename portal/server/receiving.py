"""Uploads on their way in: hashed while they are written to disk, and refused once they are too large."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpRequest

from mate.errors import UserError
from tasks import hints
from tournament import originals
from tournament.models import Lab, Scenario, Upload, UploadState

FORM_ALLOWANCE = 256 * 1024  # Bytes that a form's other fields and boundaries may take beside the file.

OPEN = (UploadState.WAITING, UploadState.CHECKING)


def describe_limit() -> str:
    return f"{settings.ARENA_UPLOAD_LIMIT / 1024**2:,.0f} MiB"


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Writes a file to a temporary place and gives it `sha256`; stops, marking it `too_large`, at the limit."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.hash = hashlib.sha256()
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.ARENA_UPLOAD_LIMIT:
            # The rest of the request is read and thrown away, so that the browser gets to see the refusal.
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        self.hash.update(raw_data)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        file: Any = super().file_complete(file_size)
        file.sha256 = self.hash.hexdigest()
        return file


def was_too_large(request: HttpRequest) -> bool:
    """Return whether a file of this request was cut off at the limit."""
    return bool(getattr(request, "upload_was_too_large", False))


class TooManyUploads(UserError):
    """The user has as many open uploads as one may have."""


def check_open_uploads(owner: Any, num_incoming: int = 0) -> None:
    """Raises TooManyUploads where the user has as many open uploads as one may have, those that are still coming in
    included.
    """
    num_open = num_incoming + Upload.objects.filter(owner=owner, state__in=OPEN).order_by().count()
    if num_open >= settings.ARENA_OPEN_UPLOADS:
        raise TooManyUploads(
            f"{num_open} of your uploads wait or are being checked, as many as one user may have at a time. "
            "Wait until one of them is done, then upload this file again."
        )


def store_upload(
    owner: Any,
    file: Any,
    name: str,
    team: str,
    is_deterministic: bool,
    key: UUID | None = None,
    place_in: Scenario | None = None,
    lab: Lab | None = None,
    is_private: bool = False,
) -> Upload:
    """Keep a received file and have it checked; its agents are placed in a scenario, and belong to a lab, if given.

    The stored name says nothing of the user's; the user's is kept as text.

    Raises TooManyUploads, keeping nothing.
    """
    upload = Upload(
        id=key or uuid4(),
        owner=owner,
        filename=(file.name or "unnamed")[:255],
        size=file.size or 0,
        sha256=file.sha256,
        name=name.strip(),
        team=team,
        deterministic=is_deterministic,
        place_in=place_in,
        lab=lab,
        is_private=is_private,
    )
    with transaction.atomic():
        get_user_model().objects.select_for_update().get(pk=owner.pk)  # Of two at a time, the second counts the first.
        check_open_uploads(owner)
        originals.keep(upload, file)
        upload.save()
        hints.send()
    return upload
