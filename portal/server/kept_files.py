"""Responses that never change, kept as files: the tables of published fits.

The first request creates the file while the response is sent. Later requests get it from the disk. Text is stored
compressed. The least recently used files are deleted first.
"""

from __future__ import annotations

import gzip
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from portal.server.streaming import begin, drip

logger = logging.getLogger("django.arena")

TEXT = ("text/", "application/json")
LEVEL = 4
"""Level of gzip compression. Level 6 takes twice as long for files that are 5 % smaller."""
PIECE = 256 * 1024
PART = ".part"
PART_SECONDS = 3600.0
"""Seconds after which an incomplete file counts as abandoned by its process."""


def answer(request: HttpRequest, name: str, content_type: str, make: Callable[[], Iterator[bytes]]) -> HttpResponseBase:
    """Return the kept file with a name, or create it from the chunks of ``make``.

    A name must always mean the same content.
    """
    is_text = content_type.startswith(TEXT)
    path = Path(settings.MEDIA_ROOT) / "exports" / (f"{name}.gz" if is_text else name)
    try:
        os.utime(path)
    except OSError:
        response: HttpResponseBase = stream(request, keep(path, begin(make()), is_text), content_type)
    else:
        response = send(request, path, is_text, content_type)
    response["ETag"] = f'W/"{name}"'
    return response


def send(request: HttpRequest, path: Path, is_text: bool, content_type: str) -> HttpResponseBase:
    """Send a kept file. It is decompressed for clients that do not accept gzip."""
    if is_text and "gzip" not in request.headers.get("Accept-Encoding", ""):
        return stream(request, read(path), content_type)
    response = FileResponse(path.open("rb"), content_type=content_type)
    if is_text:
        response["Content-Encoding"], response["Vary"] = "gzip", "Accept-Encoding"
    del response["Content-Disposition"]
    return response


def read(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as file:
        while piece := file.read(PIECE):
            yield piece


def stream(request: HttpRequest, pieces: Iterator[bytes], content_type: str) -> StreamingHttpResponse:
    body = drip(pieces) if isinstance(request, ASGIRequest) else pieces
    return StreamingHttpResponse(body, content_type=content_type)


def keep(path: Path, pieces: Iterator[bytes], is_text: bool) -> Iterator[bytes]:
    """Yield the chunks and keep them as a file, if the client takes all of them and the disk has room."""
    part = path.with_name(f"{path.name}.{uuid4().hex}{PART}")
    file = create(part, is_text)
    try:
        for piece in pieces:
            yield piece
            if file is not None and not write(file, piece):
                file = None
        if file is not None:
            file.close()
            part.replace(path)
            make_room(path.parent)
    except OSError:
        logger.warning("A file could not be kept: %s", path, exc_info=True)
    finally:
        part.unlink(missing_ok=True)


def create(part: Path, is_text: bool) -> IO[bytes] | None:
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        return gzip.open(part, "wb", LEVEL) if is_text else part.open("wb")  # type: ignore[return-value]
    except OSError:
        return None


def write(file: IO[bytes], piece: bytes) -> bool:
    """Write a chunk; return False if that fails, as on a full disk. The response itself needs no disk space."""
    try:
        file.write(piece)
    except OSError:
        with suppress(OSError):
            file.close()
        return False
    return True


def make_room(folder: Path) -> None:
    """Delete abandoned files, and the least recently used ones until the rest fits into ARENA_EXPORT_BYTES."""
    found = []
    for path in folder.iterdir():
        with suppress(OSError):  # Another process has just deleted it.
            status = path.stat()
            if path.name.endswith(PART):
                if time.time() - status.st_mtime > PART_SECONDS:
                    path.unlink()
            else:
                found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= settings.ARENA_EXPORT_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
