"""The files of a run's folder, each of which is replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mate.errors import UserError

PROGRESS, OUTCOME, MILESTONES, STATE = "progress.jsonl", "outcome.json", "milestones", "state"


def replace(path: Path, content: bytes) -> None:
    """Write a file so that after a loss of power there is either the old or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_json(path: Path, content: Any) -> None:
    """``replace`` with a JSON document."""
    replace(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def read_progress(folder: Path) -> list[dict[str, Any]]:
    """The lines of the run's progress; one that was cut off by a kill is left out."""
    lines = []
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / PROGRESS).read_text().splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
    return lines


def cut_progress(folder: Path, iteration: int) -> None:
    """Forget the progress after an iteration, from which the run goes on."""
    kept = [line for line in read_progress(folder) if line["iteration"] <= iteration]
    replace(folder / PROGRESS, "".join(json.dumps(line) + "\n" for line in kept).encode())


def append_progress(folder: Path, line: dict[str, Any]) -> None:
    """Add a line to the run's progress."""
    with open(folder / PROGRESS, "a") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the only process that runs in a folder. Raises UserError if there is another."""
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"Another process is training in {folder}. End that one first.") from None
        yield


@contextlib.contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the system says of a full or unwritable disk into a UserError that names it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"The disk that holds {folder} is full. Nothing was lost: free some space, then run the training again to go on."
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise UserError(
                f"{error.filename or folder} cannot be written ({error.strerror}). Give this user the right to."
            ) from error
        raise
