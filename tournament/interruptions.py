"""The exception that stops a match through nobody's fault."""


class Interrupted(Exception):
    """A match that was stopped; the next worker that claims it plays it again."""
