"""What stops a match without anybody's fault."""


class Interrupted(Exception):
    """A match that stops, and is played again by whoever claims it next."""
