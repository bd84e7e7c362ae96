"""Receiving of uploads: they are hashed while they are written to disk, and refused if they are too large."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.db import transaction
from django.http import HttpRequest

from mate.errors import UserError
from tasks import hints
from tournament import originals
from tournament.models import Lab, Scenario, Upload, UploadState

FORM_ALLOWANCE = 256 * 1024  # Maximum bytes of a form's other fields and boundaries.

OPEN = (UploadState.WAITING, UploadState.CHECKING)


def describe_limit() -> str:
    return f"{settings.ARENA_UPLOAD_LIMIT / 1024**2:,.0f} MiB"


class HashingUploadHandler(TemporaryFileUploadHandler):
    """Writes a file to a temporary folder and sets its `sha256`. At the size limit, it stops and marks the request."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.hash = hashlib.sha256()
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.received += len(raw_data)
        if self.received > settings.ARENA_UPLOAD_LIMIT:
            # The rest of the request is read and discarded, so that the browser shows the refusal.
            self.request.upload_was_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        self.hash.update(raw_data)
        super().receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        file: Any = super().file_complete(file_size)
        file.sha256 = self.hash.hexdigest()
        return file


def was_too_large(request: HttpRequest) -> bool:
    """Return whether a file in this request exceeded the size limit."""
    return bool(getattr(request, "upload_was_too_large", False))


class TooManyUploads(UserError):
    """The user has the maximum number of open uploads."""


def check_open_uploads(owner: Any, num_incoming: int = 0) -> None:
    """Raise TooManyUploads if the user has the maximum number of open uploads, including unfinished ones."""
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
    """Store a received file as an upload, which is then checked.

    Its agents are placed in the scenario `place_in` and belong to `lab`, if given. The file's path is independent of
    the user's file name, which is stored as text. Raises TooManyUploads without storing anything.
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
        # The lock makes simultaneous uploads of a user wait, so that each counts the one before.
        get_user_model().objects.select_for_update().get(pk=owner.pk)
        check_open_uploads(owner)
        originals.keep(upload, file)
        upload.save()
        hints.send()
    return upload
