"""Errors that a user can mend."""


class UserError(Exception):
    """Something a user gave us cannot be used; the message says what was wrong, where, and what to do."""
