"""Errors about checkpoints that a user can mend."""

from mate.errors import UserError


class CheckpointError(UserError):
    """A checkpoint or a recipe is not valid; the message says what was wrong, where, and what to do."""
