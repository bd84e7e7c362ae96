"""Sending a file in pieces by the protocol tus, which resumes after a broken connection at the last received byte."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from mate_arena.client.connection import Connection
from mate_arena.client.errors import ArenaError, Problem, Unreachable

ADDRESS = "/uploads/resumable"
PIECE = 2 * 1024 * 1024
"""Bytes of one request. A request whose connection breaks is sent again."""
TUS = {"Tus-Resumable": "1.0.0"}
OnProgress = Callable[[int, int], None]


def send_file(
    connection: Connection, place: Path, said: Mapping[str, str], on_progress: OnProgress | None = None
) -> str:
    """Send a file; return the id of its upload. `on_progress` gets the bytes that the portal has, and the total."""
    if not place.is_file():
        raise ArenaError(f"{place} is no file.")
    length = place.stat().st_size
    headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": _encode({"filename": place.name, **said})}
    address = str(connection.send("POST", ADDRESS, headers=headers).headers["Location"])
    with place.open("rb") as file:
        offset, failures = 0, 0
        while offset < length:
            if on_progress:
                on_progress(offset, length)
            before = offset
            offset = _send_piece(connection, address, file, offset)
            failures = 0 if offset > before else failures + 1
            if failures > connection.retries:
                raise Unreachable(f"{connection.url} does not take the file.")
            if failures:
                time.sleep(min(0.25 * 2**failures, 8.0))
    if on_progress:
        on_progress(length, length)
    return address.rsplit("/", 1)[1]


def _send_piece(connection: Connection, address: str, file: IO[bytes], offset: int) -> int:
    """Send the bytes from an offset; return the portal's new offset."""
    file.seek(offset)
    headers = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    try:
        answer = connection.send("PATCH", address, headers=headers, content=file.read(PIECE))
    except Problem as problem:
        if problem.code != "wrong_offset":
            raise
    else:
        return int(answer.headers["Upload-Offset"])
    # An earlier attempt of this request was received, and its answer was lost.
    return int(connection.send("HEAD", address, headers=TUS).headers["Upload-Offset"])


def _encode(said: Mapping[str, str]) -> str:
    pairs = ((name, base64.b64encode(value.encode()).decode()) for name, value in said.items() if value)
    return ",".join(f"{name} {value}" for name, value in pairs)
