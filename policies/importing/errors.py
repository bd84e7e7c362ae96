"""The error of an import."""

from typing import Any

from policies.errors import CheckpointError


class ImportRefused(CheckpointError):
    """A file was not imported; the message says what is wrong, where, and what to do.

    ``steps`` are the known checking steps that were taken; the last one failed.
    """

    def __init__(self, message: str, steps: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.steps = steps


class CutOff(ImportRefused):
    """A file is truncated: its run was stopped while it was written, or it was copied incompletely."""
