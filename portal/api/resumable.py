"""Resumable uploads by the protocol tus 1.0.0: its core and the extensions creation and termination.

https://tus.io/protocols/resumable-upload
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router

from portal.api.authentication import upload_token
from portal.api.errors import Refusal
from portal.api.schemas import answers
from portal.api.uploads import check_wishes
from portal.models import IncomingFile
from portal.server import disk, incoming, receiving
from tournament import labs

router = Router()
VERSION = "1.0.0"
PIECE_TYPE = "application/offset+octet-stream"
NAMES = ("filename", "name", "team", "mode", "private", "lab", "filetype")


def header(name: str, words: str, shape: dict[str, Any], is_required: bool = True) -> dict[str, Any]:
    return {"in": "header", "name": name, "required": is_required, "schema": shape, "description": words}


BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
PAIR = f"({'|'.join(NAMES)}) {BASE64}"
NUMBER = {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
TUS = header("Tus-Resumable", f"Version of the protocol: `{VERSION}`.", {"type": "string", "enum": [VERSION]})
LENGTH = header(
    "Upload-Length", "Bytes of the whole file.", NUMBER | {"minimum": 1, "maximum": settings.ARENA_UPLOAD_LIMIT}
)
METADATA = header(
    "Upload-Metadata",
    "Pairs of a name and a value in base64, separated by commas: `filename`, and as in POST /uploads `name`, "
    "`team`, `mode`, `private`, `lab`.",
    {"type": "string", "pattern": f"^({PAIR}(,{PAIR})*)?$"},
    is_required=False,
)
OFFSET = header("Upload-Offset", "Bytes that the portal has received, as HEAD says.", NUMBER)
BYTES = {"content": {PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}}, "required": True}


@router.api_operation(
    ["OPTIONS"],
    "/uploads/resumable",
    response=answers(None, status=204),
    summary="What resumable uploads support (tus)",
)
def describe_protocol(request: HttpRequest) -> HttpResponse:
    more = {"Tus-Version": VERSION, "Tus-Extension": "creation,termination"}
    return answer(204, more | {"Tus-Max-Size": str(settings.ARENA_UPLOAD_LIMIT)})


@router.post(
    "/uploads/resumable",
    auth=upload_token,
    response=answers(None, 400, 401, 409, 412, 413, 429, 507, status=201),
    openapi_extra={"parameters": [TUS, LENGTH, METADATA]},
    summary="Begin a resumable upload (tus)",
)
def begin_upload(request: HttpRequest) -> HttpResponse:
    """Send the bytes to the `Location` of the response. Its last path segment becomes the id of the upload."""
    check_version(request)
    length = read_number(request, "Upload-Length")
    said = read_metadata(request.headers.get("Upload-Metadata", ""))
    wishes = check_wishes(said.get("name", ""), said.get("team", ""), said.get("mode", "") or "stochastic")
    wishes["lab"] = labs.find_own_lab(request.user, said["lab"]) if said.get("lab") else None
    wishes["is_private"] = said.get("private", "").lower() in ("1", "true", "yes")
    if not length:
        raise Refusal(400, "empty_file", "This file is empty (0 bytes). Send the checkpoint itself.", "Upload-Length")
    if length > settings.ARENA_UPLOAD_LIMIT:
        message = f"The file is larger than this portal accepts ({receiving.describe_limit()})."
        raise Refusal(413, "too_large", message, "Upload-Length")
    if refusal := disk.refuse_upload(length):
        raise Refusal(507, "disk_full", refusal, "Upload-Length")
    incoming.discard_old()
    refuse_too_many(request.user)
    row = incoming.create(request.user, filename=said.get("filename", "")[:255] or "unnamed", length=length, **wishes)
    return answer(201, {"Location": reverse("api:resumable_upload", args=[row.pk]), "Upload-Offset": "0"})


@router.api_operation(
    ["HEAD"],
    "/uploads/resumable/{resumable_id}",
    auth=upload_token,
    response=answers(None, 401, 404, 412),
    url_name="resumable_upload",
    openapi_extra={"parameters": [TUS]},
    summary="How many bytes of a resumable upload have come (tus)",
)
def get_offset(request: HttpRequest, resumable_id: UUID) -> HttpResponse:
    row = find(request, resumable_id)
    return answer(200, {"Upload-Offset": str(row.offset), "Upload-Length": str(row.length)})


@router.patch(
    "/uploads/resumable/{resumable_id}",
    auth=upload_token,
    response=answers(None, 400, 401, 404, 409, 412, 413, 415, 429, status=204),
    openapi_extra={"parameters": [TUS, OFFSET], "requestBody": BYTES},
    summary="Send more bytes of a resumable upload (tus)",
)
def append_bytes(request: HttpRequest, resumable_id: UUID) -> HttpResponse:
    """After the last bytes, the file becomes an upload with the same id. GET /uploads/ID shows its check.

    The bytes of an interrupted request are lost, so send a large file in chunks of a few MiB.
    """
    find(request, resumable_id)
    if request.content_type != PIECE_TYPE:
        raise Refusal(415, "wrong_type", f"Send the bytes with Content-Type: {PIECE_TYPE}.", "Content-Type")
    offset = read_number(request, "Upload-Offset")
    with transaction.atomic():
        rows = IncomingFile.objects.select_for_update()
        row = get_object_or_404(rows, pk=resumable_id, owner=request.user.pk)
        if offset != row.offset:
            message = f"The portal has {row.offset} bytes of this file. Continue there."
            raise Refusal(409, "wrong_offset", message, "Upload-Offset")
        if row.missing:
            take(row, request)
    return answer(204, {"Upload-Offset": str(row.offset)})


def take(row: IncomingFile, request: HttpRequest) -> None:
    """Store the bytes of a request; after the last bytes, start the check of the file."""
    received = incoming.append(row, request)  # type: ignore[arg-type]
    if received > row.missing:
        raise Refusal(
            413, "too_large", f"These are more bytes than the {row.length} of Upload-Length.", "Upload-Offset"
        )
    row.offset += received
    row.save(update_fields=["offset"])
    if not row.missing:
        try:
            incoming.finish(row)
        except receiving.TooManyUploads as refusal:
            raise Refusal(429, "too_many_uploads", str(refusal), "file") from None
        transaction.on_commit(lambda: incoming.path_of(row).unlink(missing_ok=True))


@router.delete(
    "/uploads/resumable/{resumable_id}",
    auth=upload_token,
    response=answers(None, 401, 404, 412, status=204),
    openapi_extra={"parameters": [TUS]},
    summary="Give up a resumable upload (tus)",
)
def give_up(request: HttpRequest, resumable_id: UUID) -> HttpResponse:
    incoming.discard(find(request, resumable_id))
    return answer(204)


def answer(status: int, headers: dict[str, str] | None = None) -> HttpResponse:
    always = {"Tus-Resumable": VERSION, "Cache-Control": "no-store"}
    return HttpResponse(status=status, headers=always | (headers or {}))


def find(request: HttpRequest, key: UUID) -> IncomingFile:
    """Return a file that belongs to the caller."""
    row = get_object_or_404(IncomingFile, pk=key, owner=request.user.pk)
    check_version(request)
    return row


def check_version(request: HttpRequest) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Refusal(412, "wrong_version", f"Send the header Tus-Resumable: {VERSION}.", "Tus-Resumable")


def read_number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Refusal(400, "invalid", f"Send the header {name} with a number of bytes.", name)
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Return the names and values in an Upload-Metadata header."""
    found = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode().replace("\0", "")
        except binascii.Error:
            raise Refusal(400, "invalid", f"The value of {name!r} is not in base64.", "Upload-Metadata") from None
        except UnicodeDecodeError:
            raise Refusal(409, "refused", f"The value of {name!r} is no text in UTF-8.", "Upload-Metadata") from None
        if name not in NAMES:
            message = f"There is no {name!r} here. Names: {', '.join(NAMES)}."
            raise Refusal(400, "invalid", message, "Upload-Metadata")
    return found


def refuse_too_many(owner: Any) -> None:
    try:
        receiving.check_open_uploads(owner, incoming.unfinished_of(owner).count())
    except receiving.TooManyUploads as refusal:
        raise Refusal(429, "too_many_uploads", str(refusal), "Upload-Length") from None
