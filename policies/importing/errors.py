"""The error of an import."""

from typing import Any

from policies.errors import CheckpointError


class ImportRefused(CheckpointError):
    """A file was not imported; the message says what was wrong, where, and what to do.

    ``steps`` are the checking steps that were taken, as far as they are known, the failed one last.
    """

    def __init__(self, message: str, steps: tuple[Any, ...] = ()) -> None:
        super().__init__(message)
        self.steps = steps


class CutOff(ImportRefused):
    """A file ends before what it announces: it was being written when its run was stopped, or copied in part."""
