"""The files of a run's folder. Each is replaced atomically."""

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
    """Replace a file atomically: after a loss of power it is either the old or the new one."""
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
    """Replace a JSON document atomically."""
    replace(path, json.dumps(content, indent=1, allow_nan=False).encode() + b"\n")


def read_progress(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the run's progress, without a last line that a kill has truncated."""
    lines = []
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / PROGRESS).read_text().splitlines():
            with contextlib.suppress(ValueError):
                lines.append(json.loads(line))
    return lines


def cut_progress(folder: Path, iteration: int) -> None:
    """Drop the progress after the iteration from which the run resumes."""
    kept = [line for line in read_progress(folder) if line["iteration"] <= iteration]
    replace(folder / PROGRESS, "".join(json.dumps(line) + "\n" for line in kept).encode())


def append_progress(folder: Path, line: dict[str, Any]) -> None:
    """Append a line to the run's progress."""
    with open(folder / PROGRESS, "a") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock while the block runs. Raises UserError if another process holds it."""
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"Another process is training in {folder}. End that one first.") from None
        yield


@contextlib.contextmanager
def explain_disk_errors(folder: Path) -> Iterator[None]:
    """Convert errors of a full or read-only disk into a UserError that names the disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(
                f"The disk that holds {folder} is full. Nothing was lost: free some space, then resume the training."
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise UserError(
                f"{error.filename or folder} cannot be written ({error.strerror}). Give this user write permission."
            ) from error
        raise
